"""Shares of small numbers: intervals by the score, which hold near 0 and 1.

Newcombe: Interval estimation for the difference between independent proportions. Statistics in
Medicine 1998, method 10 (hybrid score, after Wilson 1927).
"""

from __future__ import annotations

import math

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value.distributions import normal_quantile
from mlops_pipeline.value.sequential import refuse_alpha


def wilson(successes: int, n: int, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    refuse_alpha(alpha)
    if not 0 <= successes <= n:
        raise ParameterError(f"{successes} of {n} is no share", hint="count each unit once")
    if n == 0:
        return 0.0, 1.0
    z, p = normal_quantile(1 - alpha / 2), successes / n
    middle = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (x / (1 + z * z / n) for x in (middle - spread, middle + spread))
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)


def newcombe(
    first: tuple[int, int], second: tuple[int, int], *, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the interval of the first share less the second, each as (successes, n)."""
    (low1, high1), (low2, high2) = wilson(*first, alpha=alpha), wilson(*second, alpha=alpha)
    if not first[1] or not second[1]:
        return -1.0, 1.0
    p1, p2 = first[0] / first[1], second[0] / second[1]
    return (
        p1 - p2 - math.hypot(p1 - low1, high2 - p2),
        p1 - p2 + math.hypot(high1 - p1, p2 - low2),
    )
