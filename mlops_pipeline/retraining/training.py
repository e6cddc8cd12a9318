"""Trains a model again if its policy says so, and says how that ended."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_pipeline import api
from mlops_pipeline.business import BusinessPlaces, find_metric, lift_of
from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.models import CHAMPION, find_model
from mlops_pipeline.monitoring import drift_of
from mlops_pipeline.request_log import answered_columns
from mlops_pipeline.retraining.deciding import Need, PolicyFacts, decide_need
from mlops_pipeline.retraining.decisions import (
    RetrainDecision,
    claim_decision,
    end_decision,
    read_decisions,
)
from mlops_pipeline.retraining.policies import RetrainPolicy
from mlops_pipeline.store import MetadataStore, State


class RetrainOutcome(str, enum.Enum):
    """End of a look at a policy."""

    ROLLED_OUT = "rolled out"
    NOT_BETTER = "not better"
    NOT_NEEDED = "not needed"
    FAILED = "failed"

    def __str__(self) -> str:
        return self.value

    @property
    def exit_code(self) -> int:
        """The exit code of `mlops retrain`."""
        return {"rolled out": 0, "not better": 10, "not needed": 11, "failed": 1}[self.value]


@dataclass(frozen=True)
class RetrainResult:
    """Result of a look at a policy.

    Args:
        version: the version of the model that came of it; 0 for none.
        resumed: True if a process that had died had begun it.
    """

    policy: str
    outcome: RetrainOutcome
    why: str
    run: str = ""
    version: int = 0
    trigger: str = ""
    seconds: float = 0.0
    resumed: bool = False


@dataclass(frozen=True)
class RetrainPlaces:
    """The store, the root, and the folder of the request log.

    Args:
        log: for policies with a business metric.
        at_point: is told how far a training is; for tests.
    """

    store: MetadataStore
    root: str | Path | None
    log: Path
    at_point: Callable[[str], None] = lambda point: None

    @property
    def where(self) -> api.Where:
        """The store and the root, as runs take them."""
        return api.Where(self.store, self.root)


def retrain(policy: RetrainPolicy, places: RetrainPlaces) -> RetrainResult:
    """Decide by a policy, and train.

    Raises:
        PipelineError: the pipeline cannot be loaded or planned.
    """
    begun = time.monotonic()
    store = places.store
    history = read_decisions(store, policy)
    decision = next((each for each in reversed(history) if not each.outcome), None)
    resumed = decision is not None
    if decision is None:
        need = decide_need(policy, _facts(policy, places, history), time.time())
        if not need.needed:
            return RetrainResult(policy.name, RetrainOutcome.NOT_NEEDED, need.why)
        decision = _claimed(policy, store, history, need)
        if decision is None:
            return RetrainResult(
                policy.name, RetrainOutcome.NOT_NEEDED, "another process has begun it"
            )
    places.at_point("claimed")
    done = _run(policy, places, decision)
    places.at_point("run")
    outcome, why, version = _judged(policy, store, done)
    end_decision(store, policy, decision.number, str(outcome), why)
    return RetrainResult(
        policy.name,
        outcome,
        why,
        decision.run,
        version,
        decision.trigger,
        time.monotonic() - begun,
        resumed,
    )


def _facts(
    policy: RetrainPolicy, places: RetrainPlaces, history: list[RetrainDecision]
) -> PolicyFacts:
    changed: list[str] = []
    if policy.on_inputs or policy.drift_window:
        for node in api.plan(policy.pipeline, policy.parameters, where=places.where):
            if node.decision == "fail":
                raise PipelineError(
                    f"policy {policy.name}: {node.node_id} cannot run: {node.reason}",
                    hint=f"see `mlops plan {policy.pipeline}`",
                )
            if node.decision == "run":
                cause = node.changes[0] if node.changes else node.reason
                changed.append(f"{node.node_id}: {cause}")
    drifted = _drifted(policy, places)
    return PolicyFacts(tuple(changed), _champion_high(policy, places), drifted, history)


def _drifted(policy: RetrainPolicy, places: RetrainPlaces) -> tuple[str, ...]:
    """Return what has drifted since the champion was promoted; none where nobody can tell."""
    model = find_model(places.store, policy.model)
    moves = [move for move in model.moves if move.alias == CHAMPION] if model else []
    if not policy.drift_window or not moves or not places.log.is_dir():
        return ()
    begin, now = moves[-1].at, time.time()
    if now < begin + 2 * policy.drift_window:
        # The two times would overlap.
        return ()
    try:
        before, after = (
            answered_columns(places.log, policy.model, start, start + policy.drift_window)
            for start in (begin, now - policy.drift_window)
        )
    except (NotFoundError, ParameterError):
        # No requests in one of the times.
        return ()
    return tuple(each.name for each in drift_of(before, after).features if each.drifted)


def _champion_high(policy: RetrainPolicy, places: RetrainPlaces) -> float | None:
    store = places.store
    model = find_model(store, policy.model)
    champion = model.alias(CHAMPION) if model else 0
    # Before anything was served, nobody knows what it is worth.
    if not policy.business_metric or not champion or not places.log.is_dir():
        return None
    metric = find_metric(store, policy.model, policy.business_metric)
    found = lift_of(BusinessPlaces(store, places.log), metric, champion)
    if found.difference is None or not found.difference.standard_error:
        return None
    return found.difference.high


def _claimed(
    policy: RetrainPolicy, store: MetadataStore, history: list[RetrainDecision], need: Need
) -> RetrainDecision | None:
    number = max((each.number for each in history), default=0) + 1
    run = f"{policy.name}-{number}"
    while store.get_run(run) is not None:
        run += "x"
    made = RetrainDecision(
        policy.name, number, need.trigger, need.why, run, time.time(), need.force
    )
    return made if claim_decision(store, policy, made) else None


def _run(policy: RetrainPolicy, places: RetrainPlaces, decision: RetrainDecision) -> PipelineRun:
    if places.store.get_run(decision.run) is not None:
        return api.resume(decision.run, where=places.where, check=False)
    return api.run(
        policy.pipeline,
        policy.parameters,
        run_id=decision.run,
        where=places.where,
        check=False,
        force=decision.force,
    )


def _judged(
    policy: RetrainPolicy, store: MetadataStore, done: PipelineRun
) -> tuple[RetrainOutcome, str, int]:
    """Return how a run ended: with a version of the model, or not."""
    if done.state != State.COMPLETE:
        failed = [node.name for node in done if str(node.state).endswith("FAILED")]
        return (
            RetrainOutcome.FAILED,
            f"run {done.id} has failed: {', '.join(failed) or done.state}",
            0,
        )
    model = find_model(store, policy.model)
    made = [each for each in model.versions if each.run == done.id] if model else []
    if made:
        return (
            RetrainOutcome.ROLLED_OUT,
            f"{policy.model} v{made[-1].number} was pushed",
            made[-1].number,
        )
    if all(str(node.state).endswith(("CACHED", "SKIPPED")) for node in done):
        return RetrainOutcome.NOT_NEEDED, "everything was in the cache", 0
    return RetrainOutcome.NOT_BETTER, f"run {done.id} has pushed no version of {policy.model}", 0
