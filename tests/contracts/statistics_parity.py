"""How far two statistics of the same rows may be apart, and where they are further apart.

Everything is equal, but for what is summed or sketched in another order: means and deviations by
rounding; the bounds of quantiles by TFDV's own error (`epsilon`, 1 % of the rows by default), which
shows only where a feature has more values than a sketch keeps.
"""

import math
from collections.abc import Iterator
from typing import Any

from mlops_components.stacks._protobuf import is_repeated

SUMS = {"mean", "std_dev", "avg_num_values", "weighted_sample_count", "sum", "sample_count"}
TOLERANCE = 1e-9


def differences(ours: Any, theirs: Any) -> list[str]:
    """What differs between two protos, by path; empty if nothing does."""
    return list(_compare("", ours, theirs))


def _compare(path: str, ours: Any, theirs: Any) -> Iterator[str]:
    for field in ours.DESCRIPTOR.fields:
        here = f"{path}.{field.name}"
        one, other = getattr(ours, field.name), getattr(theirs, field.name)
        if is_repeated(field):
            if len(one) != len(other):
                yield f"{here}: {len(one)} and {len(other)} values"
                continue
            pairs = [(f"{here}[{i}]", *both) for i, both in enumerate(zip(one, other, strict=True))]
        else:
            pairs = [(here, one, other)]
        for place, left, right in pairs:
            if field.message_type:
                if left.ByteSize() or right.ByteSize():
                    yield from _compare(place, left, right)
            elif left != right and not _is_near(field.name, left, right):
                yield f"{place}: {left!r} and {right!r}"


def _is_near(name: str, one: Any, other: Any) -> bool:
    if not isinstance(one, float):
        return False
    if math.isnan(one) and math.isnan(other):
        return True
    return name in SUMS and math.isclose(one, other, rel_tol=TOLERANCE)
