"""Evidence of a step: what each arm was asked and how it answered, as sums.

Units are keys: the requests of one key are no independent ones. An arm is the one that a key was
assigned to, whoever answered it in the end: a candidate that is stood in for has failed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from mlops_pipeline.deployment.assignment import Arm
from mlops_pipeline.deployment.rollout_plan import RolloutPlan
from mlops_pipeline.request_log import OK, read_requests
from mlops_pipeline.value import RatioSample, Sample, quantile_interval

MOST_SLICES = 50
"""Slices that are compared: those with the most keys."""

NOBODYS_FAULT = frozenset({"input", "overload"})
"""Failures that say nothing about a version."""

ABSENT = "not_loaded"
"""Failure of a version that a server has not loaded (yet)."""

_COLUMNS = (
    "request_id",
    "row",
    "key",
    "rollout",
    "arm",
    "version",
    "fallback",
    "status",
    "seconds",
    "shadow",
)


class ErrorSums(msgspec.Struct, frozen=True):
    """Requests and failed ones, summed over keys.

    Args:
        requests, errors: sums; `requests_squares`, `errors_squares` of their squares.
        products: sum of errors times requests.
    """

    keys: int = 0
    requests: float = 0.0
    errors: float = 0.0
    requests_squares: float = 0.0
    errors_squares: float = 0.0
    products: float = 0.0

    def sample(self) -> RatioSample:
        """Return the failed share of the requests, with keys as units."""
        return RatioSample(
            Sample(self.keys, self.errors, self.errors_squares),
            Sample(self.keys, self.requests, self.requests_squares),
            self.products,
        )


class ArmEvidence(msgspec.Struct, frozen=True):
    """Sums of one arm.

    Args:
        latency: bounds of the quantile of the seconds, which hold at every look; None for none.
        slices: failures by `feature=value`.
    """

    errors: ErrorSums = ErrorSums()
    latency: tuple[float | None, float | None] = (None, None)
    slices: dict[str, ErrorSums] = {}


class Evidence(msgspec.Struct, frozen=True):
    """Sums of all that was seen since a step began.

    Args:
        at: until when; `first`: the first request of the candidate, 0 for none.
        absent: requests for the candidate where it was not loaded; what is counted begins after
            the last of them.
        shadow_requests, shadow_errors: of the candidate as a shadow.
    """

    at: float
    first: float = 0.0
    candidate: ArmEvidence = ArmEvidence()
    baseline: ArmEvidence = ArmEvidence()
    shadow_requests: int = 0
    shadow_errors: int = 0
    absent: int = 0


def read_evidence(
    folder: Path, plan: RolloutPlan, rollout: str, begin: float, end: float
) -> Evidence:
    """Return what the request log says of a rollout.

    Raises:
        PipelineError: the log cannot be read.
    """
    if not (Path(folder) / plan.model).is_dir():
        # Nobody has been answered yet.
        return Evidence(end)
    names = [f"in.{name}" for name in plan.slices]
    table = read_requests(folder, plan.model, begin, end, [*_COLUMNS, *names])
    import pyarrow.compute as pc

    table = table.filter(pc.and_(pc.equal(table["rollout"], rollout), pc.equal(table["row"], 0)))
    absent = table.filter(_absent(table, plan))["time"]
    if len(absent):
        # Until then the arms differ in more than in the version.
        table = table.filter(pc.greater(table["time"], pc.max(absent)))
    is_shadow = pc.and_(table["shadow"], pc.equal(table["version"], plan.serves[0]))
    shadows = table.filter(is_shadow)
    counts = pc.and_(pc.invert(table["shadow"]), pc.not_equal(table["key"], ""))
    asked = table.filter(pc.and_(counts, pc.invert(_is_in(table["status"], NOBODYS_FAULT))))
    candidate, baseline = (
        asked.filter(pc.equal(asked["arm"], str(arm))) for arm in (Arm.CANDIDATE, Arm.BASELINE)
    )
    seen = [each["time"] for each in (candidate, shadows) if each.num_rows]
    fine = _is_in(shadows["status"], {OK, *NOBODYS_FAULT})
    return Evidence(
        at=end,
        first=min((pc.min(times).as_py().timestamp() for times in seen), default=0.0),
        candidate=_arm(candidate, plan),
        baseline=_arm(baseline, plan),
        shadow_requests=shadows.num_rows,
        shadow_errors=shadows.num_rows - (pc.sum(fine).as_py() or 0),
        absent=len(absent),
    )


def _is_in(column: Any, values: Iterable[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(column, value_set=pa.array(sorted(values), pa.string()))


def _absent(table: Any, plan: RolloutPlan) -> Any:
    """Return a mask of the requests for the candidate where it was not loaded."""
    import pyarrow.compute as pc

    is_shadow = pc.and_(table["shadow"], pc.equal(table["version"], plan.serves[0]))
    is_candidate = pc.or_(pc.equal(table["arm"], str(Arm.CANDIDATE)), is_shadow)
    missed = pc.or_(pc.equal(table["fallback"], ABSENT), pc.equal(table["status"], ABSENT))
    return pc.and_(is_candidate, missed)


def _arm(table: Any, plan: RolloutPlan) -> ArmEvidence:
    slices: dict[str, ErrorSums] = {}
    for name in plan.slices:
        column = f"in.{name}"
        if column in table.column_names:
            slices |= {f"{name}={value}"[:200]: sums for value, sums in _by_value(table, column)}
    largest = sorted(slices, key=lambda name: (-slices[name].keys, name))[:MOST_SLICES]
    return ArmEvidence(_sums(table), _latency(table, plan), {n: slices[n] for n in largest})


def _by_value(table: Any, column: str) -> Iterator[tuple[Any, ErrorSums]]:
    """Yield the most frequent values of a column, each with its sums."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(table[column].type):
        return
    counts = sorted(
        (each for each in pc.value_counts(table[column]).to_pylist() if each["values"] is not None),
        key=lambda each: (-each["counts"], str(each["values"])),
    )
    for each in counts[:MOST_SLICES]:
        value = pa.scalar(each["values"], table[column].type)
        yield each["values"], _sums(table.filter(pc.equal(table[column], value)))


def _sums(table: Any) -> ErrorSums:
    """Return the sums over keys; a log of millions of rows never becomes objects."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not table.num_rows:
        return ErrorSums()
    failed = pc.or_(pc.not_equal(table["status"], OK), pc.not_equal(table["fallback"], ""))
    both = pa.table({"key": table["key"], "failed": failed.cast(pa.int64())})
    by_key = both.group_by("key").aggregate([("failed", "sum"), ("failed", "count")])
    errors, asked = (by_key[f"failed_{what}"].to_numpy() for what in ("sum", "count"))
    return ErrorSums(
        by_key.num_rows,
        float(asked.sum()),
        float(errors.sum()),
        float((asked * asked).sum()),
        float((errors * errors).sum()),
        float((errors * asked).sum()),
    )


def _latency(table: Any, plan: RolloutPlan) -> tuple[float | None, float | None]:
    if not plan.latency_quantile or not table.num_rows:
        return None, None
    import numpy as np

    seconds = np.sort(table["seconds"].to_numpy())
    found = quantile_interval(seconds, plan.latency_quantile, alpha=plan.step_alpha / 4)
    low, high = (None if math.isinf(bound) else float(bound) for bound in found)
    return low, high
