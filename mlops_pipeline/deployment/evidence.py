"""Evidence of a step: what each arm was asked and how it answered, as sums.

Units are keys: the requests of one key are no independent ones. An arm is the one that a key was
assigned to, whoever answered it in the end: a candidate that is stood in for has failed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlops_pipeline.deployment.assignment import Arm
from mlops_pipeline.deployment.rollout_plan import RolloutPlan
from mlops_pipeline.request_log import OK, read_requests
from mlops_pipeline.value import RatioSample, Sample, quantile_interval, sample_of

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

    # Before they become objects: most requests are the champion's, or of no rollout.
    kept = pc.and_(pc.equal(table["rollout"], rollout), pc.equal(table["row"], 0))
    champions = pc.and_(pc.equal(table["arm"], str(Arm.CHAMPION)), pc.invert(table["shadow"]))
    rows = table.filter(pc.and_(kept, pc.invert(champions))).to_pylist()
    absent = [row["time"] for row in rows if _is_absent(row, plan)]
    if absent:
        # Until then the arms differ in more than in the version.
        rows = [row for row in rows if row["time"] > max(absent)]
    shadows = [row for row in rows if row["shadow"] and row["version"] == plan.serves[0]]
    arms: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if not row["shadow"] and row["key"] and row["status"] not in NOBODYS_FAULT:
            arms[row["arm"]].append(row)
    candidate, baseline = (arms[str(arm)] for arm in (Arm.CANDIDATE, Arm.BASELINE))
    seen = [row["time"].timestamp() for row in (*candidate, *shadows)]
    return Evidence(
        at=end,
        first=min(seen, default=0.0),
        absent=len(absent),
        candidate=_arm(candidate, plan),
        baseline=_arm(baseline, plan),
        shadow_requests=len(shadows),
        shadow_errors=sum(row["status"] not in (OK, *NOBODYS_FAULT) for row in shadows),
    )


def _is_absent(row: Mapping[str, Any], plan: RolloutPlan) -> bool:
    is_candidate = row["arm"] == str(Arm.CANDIDATE) or (
        row["shadow"] and row["version"] == plan.serves[0]
    )
    return is_candidate and ABSENT in (row["fallback"], row["status"])


def _arm(rows: Sequence[Mapping[str, Any]], plan: RolloutPlan) -> ArmEvidence:
    slices: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        for name in plan.slices:
            if row.get(f"in.{name}") is not None:
                slices[f"{name}={row[f'in.{name}']}"[:200]].append(row)
    largest = sorted(slices, key=lambda name: (-len(slices[name]), name))[:MOST_SLICES]
    return ArmEvidence(
        _sums(rows), _latency(rows, plan), {name: _sums(slices[name]) for name in largest}
    )


def _sums(rows: Iterable[Mapping[str, Any]]) -> ErrorSums:
    requests: dict[str, int] = defaultdict(int)
    errors: dict[str, int] = defaultdict(int)
    for row in rows:
        requests[row["key"]] += 1
        errors[row["key"]] += row["status"] != OK or bool(row["fallback"])
    asked = sample_of(map(float, requests.values()))
    failed = sample_of(float(errors[key]) for key in requests)
    products = float(sum(errors[key] * number for key, number in requests.items()))
    return ErrorSums(
        len(requests), asked.total, failed.total, asked.squares, failed.squares, products
    )


def _latency(
    rows: Iterable[Mapping[str, Any]], plan: RolloutPlan
) -> tuple[float | None, float | None]:
    seconds = sorted(row["seconds"] for row in rows)
    if not plan.latency_quantile or not seconds:
        return None, None
    found = quantile_interval(seconds, plan.latency_quantile, alpha=plan.step_alpha / 4)
    low, high = (None if abs(bound) == float("inf") else bound for bound in found)
    return low, high
