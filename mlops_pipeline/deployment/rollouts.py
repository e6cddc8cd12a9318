"""Rollouts as records: each state of one is an execution that is never edited.

The n-th state of a rollout is named `<rollout>/<n>`, which the store takes once: of two controllers
one writes it, and the other one looks again. What a rollout is, follows from its records alone.
"""

from __future__ import annotations

import enum
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mlops_pipeline.deployment.checks import CheckResult
from mlops_pipeline.deployment.evidence import Evidence
from mlops_pipeline.deployment.rollout_plan import RolloutPlan
from mlops_pipeline.deployment.routing_table import ModelRoutes
from mlops_pipeline.errors import NotFoundError, did_you_mean
from mlops_pipeline.store import (
    ROLLOUT_STEP,
    AlreadyExistsError,
    Execution,
    MetadataStore,
    State,
)

_PAGES = (200, 2_000, 10_000_000)


class RolloutState(str, enum.Enum):
    """State of a rollout."""

    LOADING = "loading"
    SHADOW = "shadow"
    CANARY = "canary"
    HELD = "held"
    PAUSED = "paused"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    SUPERSEDED = "superseded"

    def __str__(self) -> str:
        return self.value

    @property
    def has_ended(self) -> bool:
        """True if nothing comes after it."""
        return self in _ENDS


_ENDS = frozenset(
    {
        RolloutState.PROMOTED,
        RolloutState.ROLLED_BACK,
        RolloutState.ABORTED,
        RolloutState.SUPERSEDED,
    }
)


@dataclass(frozen=True)
class RolloutStep:
    """A state of a rollout.

    Args:
        number: 1 for the first.
        stage: index of the share of the keys in the plan; -1 before the first.
        at: seconds since 1970.
        evidence: what it was decided by; None for what a person decided, or the time.
        checks: what was made of it.
        decided_from: the state before; empty for what a person decided.
    """

    number: int
    state: RolloutState
    stage: int = -1
    at: float = 0.0
    by: str = ""
    why: str = ""
    evidence: Evidence | None = None
    checks: tuple[CheckResult, ...] = ()
    decided_from: str = ""


@dataclass(frozen=True)
class Rollout:
    """A rollout, as its records made it.

    Args:
        damage: what of its records cannot be read.
    """

    name: str
    plan: RolloutPlan
    steps: tuple[RolloutStep, ...]
    damage: tuple[str, ...] = field(default=())

    @property
    def last(self) -> RolloutStep:
        """The state that it is in."""
        return self.steps[-1]

    @property
    def state(self) -> RolloutState:
        """The name of that state."""
        return self.last.state

    @property
    def weight(self) -> float:
        """Share of the keys that the candidate has."""
        shows = self.state in (RolloutState.CANARY, RolloutState.HELD, RolloutState.PAUSED)
        return self.plan.steps[self.last.stage] if shows and self.last.stage >= 0 else 0.0

    @property
    def routes(self) -> ModelRoutes:
        """The routes that it wants; a table that has others is brought to these."""
        candidate, champion = self.plan.serves
        if self.state == RolloutState.PROMOTED:
            good = (champion,) if champion else ()
            return ModelRoutes(candidate, last_good=good, labels={"stable": candidate})
        labels = {"stable": champion} if champion else {}
        if self.state.has_ended:
            return ModelRoutes(champion, labels=labels)
        labels["canary"] = candidate
        is_shadow = self.state == RolloutState.SHADOW or (
            self.state == RolloutState.PAUSED and self.last.stage < 0
        )
        return ModelRoutes(
            champion,
            candidate,
            self.weight,
            self.name,
            shadow=(candidate,) if is_shadow else (),
            labels=labels,
        )


def list_rollouts(store: MetadataStore, model: str) -> list[Rollout]:
    """Return the rollouts of a model, oldest first."""
    found: list[Execution] = []
    for limit in _PAGES:
        found = store.recent_executions(ROLLOUT_STEP, node=model, limit=limit)
        if len(found) < limit:
            break
    by_name: dict[str, list[Execution]] = defaultdict(list)
    for each in reversed(found):
        by_name[each.name.rpartition("/")[0]].append(each)
    made = (_rollout(name, records) for name, records in by_name.items())
    return sorted((each for each in made if each is not None), key=lambda each: _number(each.name))


def open_rollout(store: MetadataStore, name: str) -> Rollout:
    """Return a rollout by its name.

    Raises:
        NotFoundError: there is none.
    """
    model = name.rpartition("-")[0]
    known = {each.name: each for each in list_rollouts(store, model)} if model else {}
    if name not in known:
        raise NotFoundError(
            f"there is no rollout {name[:100]!r}",
            hint=did_you_mean(name, known) if known else "see `mlops rollout list`",
        )
    return known[name]


def next_name(store: MetadataStore, model: str) -> str:
    """Return the name of the next rollout of a model."""
    known = list_rollouts(store, model)
    number = max((_number(each.name) for each in known), default=0) + 1
    # A rollout whose records are damaged keeps its name.
    while store.execution_by_name(ROLLOUT_STEP, f"{model}-{number}/1") is not None:
        number += 1
    return f"{model}-{number}"


def write_step(
    store: MetadataStore,
    name: str,
    plan: RolloutPlan,
    step: RolloutStep,
    artifacts: Mapping[str, int],
) -> bool:
    """Record a state, with the evidence for it, in one transaction.

    Args:
        artifacts: ids of the pushed models, by `candidate` and `champion`.

    Returns:
        False if another controller was first.
    """
    parameters: dict[str, Any] = {
        "number": step.number,
        "stage": step.stage,
        "by": step.by,
        "why": step.why,
        "decided_from": step.decided_from,
        "checks": _json(step.checks),
    }
    if step.evidence is not None:
        parameters["evidence"] = _json(step.evidence)
    if step.number == 1:
        parameters["plan"] = _json(plan)
    now = step.at or time.time()
    record = Execution(
        ROLLOUT_STEP,
        plan.model,
        "",
        str(step.state),
        State.COMPLETE,
        name=f"{name}/{step.number}",
        started=now,
        finished=now,
        parameters=parameters,
    )
    inputs = {role: [artifact] for role, artifact in artifacts.items() if artifact}
    try:
        store.put_execution(record, inputs=inputs)
    except AlreadyExistsError:
        return False
    return True


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _number(name: str) -> int:
    text = name.rpartition("-")[2]
    return int(text) if text.isascii() and text.isdecimal() else 0


def _rollout(name: str, records: Sequence[Execution]) -> Rollout | None:
    """Return a rollout; None if not even its plan can be read."""
    plan: RolloutPlan | None = None
    steps: dict[int, RolloutStep] = {}
    damage = []
    for record in records:
        try:
            step = _step(record)
            if step.number == 1:
                plan = msgspec.json.decode(record.parameters["plan"], type=RolloutPlan)
            if record.name != f"{name}/{step.number}" or step.number in steps:
                raise ValueError("its name and its number differ")
            steps[step.number] = step
        except (KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
            damage.append(f"record {record.id} ({record.name[:100]!r}) cannot be read: {error}")
    missing = sorted(set(range(1, max(steps, default=0) + 1)) - steps.keys())
    damage += [f"state {number} is gone" for number in missing[:10]]
    if plan is None or not steps:
        return None
    return Rollout(name, plan, tuple(steps[number] for number in sorted(steps)), tuple(damage))


def _step(record: Execution) -> RolloutStep:
    told = record.parameters
    evidence = told.get("evidence")
    state = RolloutState(record.node_id)
    stage, number = int(told["stage"]), int(told["number"])
    return RolloutStep(
        number,
        state,
        stage,
        record.started,
        str(told["by"]),
        str(told["why"]),
        msgspec.json.decode(evidence, type=Evidence) if evidence else None,
        tuple(msgspec.json.decode(told["checks"], type=list[CheckResult])),
        str(told["decided_from"]),
    )
