"""A gate that a person opens: it waits by attempts, and closes when its time is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_components import ApprovalGate
from mlops_pipeline import Input, MemoryStore, Output, component, pipeline, resume, run
from mlops_pipeline.api import Where
from mlops_pipeline.artifacts import Model
from mlops_pipeline.models import approve
from mlops_pipeline.store import State


@component
def Train(content: str, model: Output[Model]) -> None:
    model.path.mkdir(parents=True, exist_ok=True)
    (model.path / "weights").write_text(content)


@component
def Deploy(model: Input[Model]) -> str:
    return "deployed"


@pipeline
def guarded(content: str = "a", limit: float = 3600.0) -> None:
    model = Train(content=content).outputs["model"]
    # One attempt: what waits here is the test.
    gate = ApprovalGate.options(retries=0)(model=model, model_name="fraud", time_limit=limit)
    Deploy.options(after=[gate])(model=model)


class Runs:
    """Runs of the pipeline in one store."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.where = Where(self.store, folder)

    def start(self, **parameters: Any) -> Any:
        return run(guarded, parameters, where=self.where, in_process=True, check=False)

    def go_on(self, run_id: str) -> Any:
        return resume(run_id, where=self.where, in_process=True, check=False)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def model_of(done: Any) -> int:
    found: int = done["Train"].artifact("model").id
    return found


@pytest.mark.slow  # A run that waits.
def test_nothing_goes_on_until_a_person_approves(runs: Runs) -> None:
    waiting = runs.start()
    gate = waiting["ApprovalGate"]
    assert gate.state is State.FAILED
    artifact = model_of(waiting)
    assert f"for a person to approve of artifact {artifact} as fraud" in gate.execution.error
    assert f"mlops models approve fraud {artifact} --why" in gate.execution.error
    approve(runs.store, "fraud", artifact, by="ann", why="looks fair")
    done = runs.go_on(waiting.id)
    assert done["ApprovalGate"].artifact("output").load() == "approved by ann: looks fair"
    assert done["Deploy"].state is State.COMPLETE


def test_a_refusal_closes_the_gate(runs: Runs) -> None:
    waiting = runs.start()
    approve(runs.store, "fraud", model_of(waiting), reject=True, by="ann", why="no card")
    done = runs.go_on(waiting.id)
    assert done["ApprovalGate"].state is State.COMPLETE
    assert done["Deploy"].state is State.SKIPPED
    assert "rejected by ann: no card" in done["Deploy"].reason
    assert done.state is State.COMPLETE


def test_no_answer_in_time_closes_the_gate(runs: Runs) -> None:
    done = runs.start(limit=0.0)
    assert done["Deploy"].state is State.SKIPPED
    assert "nobody approved of fraud in time" in done["Deploy"].reason


def test_an_approval_holds_for_later_runs_of_the_same_model_and_no_other(runs: Runs) -> None:
    waiting = runs.start()
    approve(runs.store, "fraud", model_of(waiting), by="ann", why="fair")
    assert runs.start()["Deploy"].state is State.COMPLETE
    assert runs.start()["ApprovalGate"].state is State.CACHED
    assert runs.start(content="b")["ApprovalGate"].state is State.FAILED


def test_a_refusal_after_an_approval_counts(runs: Runs) -> None:
    waiting = runs.start()
    artifact = model_of(waiting)
    approve(runs.store, "fraud", artifact, by="ann", why="fair")
    approve(runs.store, "fraud", artifact, reject=True, by="bob", why="unfair")
    assert runs.start()["Deploy"].state is State.SKIPPED


def test_attempts_wait_for_the_answer_by_themselves(runs: Runs) -> None:
    @pipeline
    def patient() -> None:
        model = Train(content="p").outputs["model"]
        ApprovalGate.options(retries=500, retry_wait=0.02, retry_factor=1.0)(
            model=model, model_name="fraud", time_limit=60.0
        )

    def decide(event: Any) -> None:
        attempts = runs.store.recent_executions("mlops_components.approval_gate.ApprovalGate")
        if len(attempts) == 3:
            (model,) = runs.store.artifacts_by_type("Model")
            approve(runs.store, "fraud", model.id, by="ann", why="fair")

    done = run(patient, where=runs.where, in_process=True, on_event=decide)
    assert done["ApprovalGate"].state is State.COMPLETE
    assert done["ApprovalGate"].attempts >= 4
