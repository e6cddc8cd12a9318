"""Decisions to train again, as records of the store: each is made once, its end is another one.

The n-th decision of a policy is an execution named `<model>/<policy>/<n>`; its end has the same
name with `/end`. One without an end was begun by a process that has died, or is at work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_pipeline.retraining.policies import RetrainPolicy
from mlops_pipeline.store import (
    RETRAIN_DECISION,
    AlreadyExistsError,
    Execution,
    MetadataStore,
    State,
)

_MOST = 10_000


@dataclass(frozen=True)
class RetrainDecision:
    """A decision to train.

    Args:
        run: id of the run that it has begun.
        outcome: how that ended; empty while it goes on.
    """

    policy: str
    number: int
    trigger: str
    why: str
    run: str
    at: float
    force: bool = False
    outcome: str = ""
    outcome_why: str = ""


def read_decisions(store: MetadataStore, policy: RetrainPolicy) -> list[RetrainDecision]:
    """Return the decisions of a policy, oldest first."""
    found: dict[int, RetrainDecision] = {}
    ends: dict[str, tuple[str, str]] = {}
    for record in store.recent_executions(RETRAIN_DECISION, node=policy.model, limit=_MOST):
        told = record.parameters
        if record.node_id != policy.name:
            continue
        if record.name.endswith("/end"):
            ends[record.name.removesuffix("/end")] = (
                str(told.get("outcome", "")),
                str(told.get("why", "")),
            )
            continue
        number = told.get("number")
        if isinstance(number, int) and record.name == _name(policy, number):
            found[number] = RetrainDecision(
                policy.name,
                number,
                str(told.get("trigger", "")),
                str(told.get("why", "")),
                str(told.get("run", "")),
                record.started,
                told.get("force") in (True, 1),
                *ends.get(record.name, ("", "")),
            )
    return [found[number] for number in sorted(found)]


def claim_decision(store: MetadataStore, policy: RetrainPolicy, made: RetrainDecision) -> bool:
    """Record a decision; returns False if another process was first."""
    return _write(
        store,
        policy,
        _name(policy, made.number),
        {
            "number": made.number,
            "trigger": made.trigger,
            "why": made.why,
            "run": made.run,
            "force": made.force,
        },
    )


def end_decision(
    store: MetadataStore, policy: RetrainPolicy, number: int, outcome: str, why: str
) -> None:
    """Record how a decision ended; one that has an end keeps it."""
    _write(store, policy, f"{_name(policy, number)}/end", {"outcome": outcome, "why": why})


def _name(policy: RetrainPolicy, number: int) -> str:
    return f"{policy.model}/{policy.name}/{number}"


def _write(
    store: MetadataStore,
    policy: RetrainPolicy,
    name: str,
    parameters: Mapping[str, str | int | bool],
) -> bool:
    now = time.time()
    record = Execution(
        RETRAIN_DECISION,
        policy.model,
        "",
        policy.name,
        State.COMPLETE,
        name=name,
        started=now,
        finished=now,
        parameters=parameters,
    )
    try:
        store.put_execution(record)
    except AlreadyExistsError:
        return False
    return True
