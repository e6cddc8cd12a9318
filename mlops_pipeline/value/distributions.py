"""Distributions of statistics. Student's and chi-square come from scipy, which is optional."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

from mlops_pipeline.errors import PipelineError

_NORMAL = NormalDist()


def missing_business(what: str, package: str) -> PipelineError:
    """Return the error for a statistic whose library is not installed."""
    return PipelineError(
        f"{what} needs {package}, which is not installed",
        hint="pip install 'mlops-pipeline[business]'",
    )


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return _NORMAL.inv_cdf(probability)


def normal_tail(z: float) -> float:
    """Return the probability that a standard normal value is above z; exact far out, too."""
    return math.erfc(z / math.sqrt(2)) / 2


def student_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's distribution."""
    return float(_stats("Student's t").t.ppf(probability, degrees))


def student_two_sided_p(t: float, degrees: float) -> float:
    """Return the probability of a value of Student's distribution at least as far from 0."""
    return float(2 * _stats("Student's t").t.sf(abs(t), degrees))


def chi_square_tail(value: float, degrees: float) -> float:
    """Return the probability of a chi-square value at least as large."""
    return float(_stats("the chi-square test").chi2.sf(value, degrees))


def chi_square_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of the chi-square distribution."""
    return float(_stats("the chi-square test").chi2.ppf(probability, degrees))


def _stats(what: str) -> Any:
    # Half a second and 90 MB: only for those who ask.
    try:
        from scipy import stats
    except ImportError:
        raise missing_business(what, "scipy") from None
    return stats
