"""Lifts as they were known at a time: records of the store, so that old beliefs stay readable."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_pipeline.models import open_model
from mlops_pipeline.store import (
    LIFT_ESTIMATE,
    AlreadyExistsError,
    Execution,
    MetadataStore,
    State,
)

if TYPE_CHECKING:
    from mlops_pipeline.business.lift import Lift

_MOST = 10_000


@dataclass(frozen=True)
class LiftEstimate:
    """A lift that was recorded.

    Args:
        text: in one line, as in `conversion +2.1 % (0.8 to 3.4)`.
        keys: number of keys in both arms.
    """

    metric: str
    version: int
    against: int
    grade: str
    text: str
    keys: int
    at: float


def record_estimate(store: MetadataStore, lift: Lift) -> None:
    """Keep a lift, with the sums that it was made of."""
    model, now = lift.metric.model, time.time()
    number = 1 + sum(e.metric == lift.metric.name for e in read_estimates(store, model, all_=True))
    artifact = open_model(store, model).version(lift.version).artifact
    parameters: dict[str, str | int | float] = {
        "metric": lift.metric.name,
        "revision": lift.metric.revision,
        "version": lift.version,
        "against": lift.against,
        "grade": lift.grade,
        "text": lift.text,
        "warnings": "; ".join(lift.warnings),
    }
    for role, sample in (("baseline", lift.baseline), ("candidate", lift.candidate)):
        parameters |= {
            f"{role}_n": sample.n,
            f"{role}_total": sample.total,
            f"{role}_squares": sample.squares,
        }
    while True:
        record = Execution(
            LIFT_ESTIMATE,
            model,
            "",
            lift.metric.name,
            State.COMPLETE,
            name=f"{model}/{lift.metric.name}/{number}",
            started=now,
            finished=now,
            parameters=parameters,
        )
        try:
            store.put_execution(record, inputs={"model": [artifact]})
        except AlreadyExistsError:
            number += 1
            continue
        return


def read_estimates(
    store: MetadataStore, model: str, *, all_: bool = False
) -> Sequence[LiftEstimate]:
    """Return the newest estimate of each version and metric, or all, newest first."""
    found: dict[object, LiftEstimate] = {}
    for record in store.recent_executions(LIFT_ESTIMATE, node=model, limit=_MOST):
        told = record.parameters
        numbers = [told.get(n) for n in ("version", "against", "baseline_n", "candidate_n")]
        if not all(isinstance(n, int) for n in numbers):
            continue
        version, against, *keys = (int(n) for n in numbers)  # type: ignore[arg-type]
        estimate = LiftEstimate(
            record.node_id,
            version,
            against,
            str(told.get("grade", "")),
            str(told.get("text", "")),
            sum(keys),
            record.started,
        )
        found.setdefault(record.name if all_ else (estimate.metric, version), estimate)
    return list(found.values())
