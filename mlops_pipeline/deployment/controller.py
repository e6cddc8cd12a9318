"""The controller: brings the routing table to what the records say, looks, and decides.

Level-triggered: nothing is kept in the process. Whoever starts it again after a crash, at any
moment, finds the last state in the store, and brings the table and the registry to it once more;
both take it as it is if they have it already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_pipeline.deployment.deciding import decide
from mlops_pipeline.deployment.evidence import Evidence, read_evidence
from mlops_pipeline.deployment.rollout_plan import RolloutPlan, check_plan, steps_of
from mlops_pipeline.deployment.rollouts import (
    Rollout,
    RolloutState,
    RolloutStep,
    list_rollouts,
    next_name,
    open_rollout,
    write_step,
)
from mlops_pipeline.deployment.routing_table import ModelRoutes, update_routes
from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError
from mlops_pipeline.models import (
    CHAMPION,
    LostRaceError,
    ModelVersion,
    open_model,
    set_alias,
    withdraw,
)
from mlops_pipeline.store import MetadataStore

_TRIES = 20

_REST = 5
"""Times as long as a look that the controller rests."""


def _nothing(point: str) -> None:
    """Do nothing at a point at which a test may kill the process."""


@dataclass(frozen=True)
class RolloutPlaces:
    """The store, the routing table and the request log of a controller.

    Args:
        table: file of the routing table.
        log: folder of the request log.
        at_point: is told how far an act is; for tests.
    """

    store: MetadataStore
    table: Path
    log: Path
    at_point: Callable[[str], None] = _nothing


def served_number(store: MetadataStore, version: ModelVersion) -> int:
    """Return the number by which a server knows a version: that of its folder.

    Raises:
        ParameterError: it was not pushed into a folder of numbers.
    """
    records = store.artifacts([version.artifact])
    told = records[0].properties.get("pushed_version", "") if records else ""
    for text in (str(told), version.uri.rstrip("/").rpartition("/")[2]):
        if text.isascii() and text.isdecimal() and 0 < int(text) < 2**63:
            return int(text)
    raise ParameterError(
        f"v{version.number} was not pushed to a folder of numbered versions",
        hint="push it with a Pusher, whose folder `mlops serve` serves",
    )


def served_folder(store: MetadataStore, model: str) -> Path:
    """Return the folder that the versions of a model were pushed to, by the newest usable one.

    Raises:
        NotFoundError: it has no version, or none that a Pusher has pushed to a folder here.
    """
    for version in reversed(open_model(store, model).versions):
        records = store.artifacts([version.artifact]) if version.state == "ready" else []
        for record in records:
            place = Path(str(record.properties.get("pushed_destination", "")))
            if place.name.isdecimal() and place.is_dir():
                return place.parent
    raise NotFoundError(
        f"no version of {model} was pushed to a folder that is here",
        hint="push one with a Pusher, or name the folder: mlops serve NAME=FOLDER",
    )


def plan_rollout(
    store: MetadataStore,
    model: str,
    version: int,
    strategy: str = "canary",
    *,
    steps: Sequence[float] = (),
    **settings: Any,
) -> RolloutPlan:
    """Return the plan by which a version comes beside, and in place of, the champion.

    Args:
        steps: shares of a canary.
        settings: further fields of the plan.

    Raises:
        ParameterError: the plan makes no sense.
    """
    registered = open_model(store, model)
    champion = registered.alias(CHAMPION)
    serves = (
        served_number(store, registered.version(version)),
        served_number(store, registered.version(champion)) if champion else 0,
    )
    shares = steps_of(strategy, steps)
    return check_plan(
        RolloutPlan(model, version, champion, serves, strategy, shares, **settings)  # type: ignore[arg-type]
    )


def start_rollout(
    store: MetadataStore, plan: RolloutPlan, *, by: str = "", why: str = ""
) -> Rollout:
    """Begin a rollout; one of the same model that goes on is superseded.

    Raises:
        ParameterError: the plan makes no sense.
        PipelineError: others began one at the same time again and again.
    """
    check_plan(plan)
    model = open_model(store, plan.model)
    version = model.version(plan.candidate)
    if version.state != "ready" or model.bad_copy([version.digest]):
        state = version.state if version.state != "ready" else "a copy of what was rolled back"
        raise ParameterError(
            f"{plan.model} v{plan.candidate} is {state}", hint="roll out another version"
        )
    for _ in range(_TRIES):
        name = next_name(store, plan.model)
        first = RolloutStep(1, RolloutState.LOADING, at=time.time(), by=by, why=why)
        if write_step(store, name, plan, first, _artifacts(store, plan)):
            for other in list_rollouts(store, plan.model):
                if other.name != name and not other.state.has_ended:
                    act(store, other.name, RolloutState.SUPERSEDED, by=by, why=f"{name} has begun")
            return open_rollout(store, name)
    raise PipelineError(f"others began a rollout of {plan.model} each time", hint="try again")


def act(
    store: MetadataStore, name: str, state: RolloutState, *, by: str = "", why: str = ""
) -> Rollout:
    """Do what a person asks for: pause, go on, or end a rollout.

    Args:
        state: `PAUSED`, `ABORTED` or `SUPERSEDED`; `CANARY` to go on.

    Raises:
        ParameterError: it cannot be done in the state that the rollout is in.
    """
    for _ in range(_TRIES):
        rollout = open_rollout(store, name)
        last = rollout.last
        if rollout.state.has_ended:
            raise ParameterError(
                f"the rollout {name} has ended: {last.state}", hint="begin one with `mlops deploy`"
            )
        if state == RolloutState.CANARY:
            if rollout.state != RolloutState.PAUSED:
                raise ParameterError(f"the rollout {name} is not paused", hint="it is going on")
            state = next(s.state for s in reversed(rollout.steps) if s.state != RolloutState.PAUSED)
        elif state == rollout.state:
            return rollout
        step = RolloutStep(last.number + 1, state, last.stage, max(time.time(), last.at), by, why)
        if write_step(store, name, rollout.plan, step, _artifacts(store, rollout.plan)):
            return open_rollout(store, name)
    raise PipelineError(f"the rollout {name} was changed by others each time", hint="try again")


def apply(places: RolloutPlaces, name: str) -> Rollout:
    """Bring the routing table and the registry to the state of a rollout, and return that.

    Raises:
        PipelineError: the table cannot be written, or the registry refuses.
    """
    store = places.store
    read: list[Rollout] = []

    def wanted() -> ModelRoutes | None:
        # Read here, while nobody else writes: another controller may have gone on meanwhile.
        read[:] = [open_rollout(store, name)]
        return None if _is_over(store, read[0]) else read[0].routes

    update_routes(places.table, open_rollout(store, name).plan.model, wanted)
    places.at_point("table")
    rollout = read[0]
    if not _is_over(store, rollout):
        _change_registry(store, rollout)
    places.at_point("applied")
    return rollout


def _change_registry(store: MetadataStore, rollout: Rollout) -> None:
    plan, why = rollout.plan, rollout.last.why
    if rollout.state == RolloutState.PROMOTED:
        try:
            set_alias(store, plan.model, plan.candidate, by=rollout.name, why=why)
        except LostRaceError:
            # Another controller of the same rollout was first.
            if not _is_over(store, rollout):
                raise
    elif rollout.state == RolloutState.ROLLED_BACK:
        withdraw(store, plan.model, plan.candidate, by=rollout.name, why=why)


def advance(places: RolloutPlaces, name: str, now: float | None = None) -> Rollout:
    """Bring all to the state of a rollout, look once, and decide; returns the rollout after that.

    Raises:
        PipelineError: the log, the table or the store fails.
    """
    rollout = apply(places, name)
    if rollout.state.has_ended:
        return rollout
    at = time.time() if now is None else now
    evidence = evidence_of(places, rollout, at)
    step = decide(rollout, evidence)
    if step is None:
        return rollout
    places.at_point("decided")
    artifacts = _artifacts(places.store, rollout.plan)
    # Where another controller was first, its state is what is to be done now.
    write_step(places.store, name, rollout.plan, step, artifacts)
    places.at_point("recorded")
    return apply(places, name)


def evidence_of(places: RolloutPlaces, rollout: Rollout, at: float) -> Evidence:
    """Return what was seen since the state of a rollout began."""
    since = rollout.last.at
    if rollout.state in (RolloutState.LOADING, RolloutState.PAUSED) or since >= at:
        return Evidence(at)
    return read_evidence(places.log, rollout.plan, rollout.name, since, at)


def run_controller(
    places: RolloutPlaces,
    name: str,
    *,
    every: float = 5.0,
    told: Callable[[Rollout], None] = lambda rollout: None,
) -> Rollout:
    """Advance a rollout until it has ended.

    Args:
        every: seconds between two looks, at least: a look that takes long is followed by a longer
            rest, so that a large log keeps no processor busy.
        told: is called with each new state.
    """
    seen = 0
    while True:
        begun = time.monotonic()
        rollout = advance(places, name)
        if rollout.last.number != seen:
            seen = rollout.last.number
            told(rollout)
        if rollout.state.has_ended:
            return rollout
        time.sleep(max(every, _REST * (time.monotonic() - begun)))


def verify_rollout(rollout: Rollout) -> list[str]:
    """Decide again what the controller has decided, by the evidence that was kept; what differs."""
    faults = list(rollout.damage)
    for index, step in enumerate(rollout.steps[1:], 1):
        if not step.decided_from:
            continue
        if step.evidence is None:
            faults.append(f"state {step.number} ({step.state}) has no evidence")
            continue
        again = decide(replace(rollout, steps=rollout.steps[:index]), step.evidence)
        if again is None or (again.state, again.stage) != (step.state, step.stage):
            wanted = "no change" if again is None else f"{again.state} {again.stage}"
            faults.append(f"state {step.number} is {step.state} {step.stage}, not {wanted}")
        elif again.checks != step.checks:
            faults.append(f"state {step.number} has other figures than its evidence gives")
    return faults


def _is_over(store: MetadataStore, rollout: Rollout) -> bool:
    """Return True if all that a rollout asks for was done, or is for others to do by now."""
    newest = list_rollouts(store, rollout.plan.model)[-1].name
    if rollout.state == RolloutState.ROLLED_BACK:
        version = open_model(store, rollout.plan.model).version(rollout.plan.candidate)
        return newest != rollout.name and bool(version.rolled_back)
    if rollout.state == RolloutState.PROMOTED:
        # Somebody may have promoted another version since, which must stay.
        moves = open_model(store, rollout.plan.model).moves
        return any(move.by == rollout.name for move in moves)
    return newest != rollout.name


def _artifacts(store: MetadataStore, plan: RolloutPlan) -> dict[str, int]:
    versions = {each.number: each.artifact for each in open_model(store, plan.model).versions}
    roles = {"candidate": plan.candidate, "champion": plan.champion}
    return {role: versions.get(number, 0) for role, number in roles.items()}
