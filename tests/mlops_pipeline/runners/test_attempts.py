"""One container of a node: all its attempts, its loss, and the end of a run that goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from remote_steps import begin

from mlops_pipeline.run_state import LostError, Outcome, Selection, heed_loss
from mlops_pipeline.runners import remote
from mlops_pipeline.runners.attempts import ends_run, run_attempts, run_exit_handlers
from mlops_pipeline.runners.schedule import Place
from mlops_pipeline.store import Execution, State

pytestmark = pytest.mark.slow  # each step is a process of its own

PIPELINE = """
    import os
    import signal
    import time

    from mlops_pipeline import ExitHandler, component, pipeline
    from mlops_pipeline.errors import ExecutorError
    from mlops_pipeline.executors.context import current_task

    def tries() -> int:
        file = current_task().state_dir / "tries"
        count = len(file.read_text()) + 1 if file.exists() else 1
        file.write_text("x" * count)
        return count

    @component
    def Unsteady(good: int) -> int:
        count = tries()
        if count < good:
            raise OSError(f"try {count} failed")
        return count

    @component
    def Hopeless() -> int:
        raise ExecutorError("no use", retryable=False)

    @component
    def SignalOnce(name: str) -> int:
        count = tries()
        if count == 1:
            os.kill(os.getppid(), getattr(signal, name))
            time.sleep(60)
        return count

    @component
    def Next(value: int) -> int:
        return value

    @component
    def Report() -> None:
        pass

    @pipeline
    def attempts(good: int = 3, name: str = "SIGTERM") -> None:
        with ExitHandler():
            Report()
        unsteady = Unsteady.options(retries=2, retry_wait=0.01)(good=good)
        Next(value=unsteady.outputs.output.value)
        Hopeless.options(retries=2, retry_wait=0.01)()
        SignalOnce(name=name)
"""


@pytest.fixture
def started(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    return project


@pytest.fixture
def heeding_loss() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    heed_loss()
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def attempt(project: Any, node_id: str, waits: list[float] | None = None) -> Outcome | None:
    def wait(outcome: Outcome, pause: float) -> None:
        if waits is not None:
            waits.append(pause)

    return run_attempts(project.workspace, "r", (node_id, ()), remote.IterationOptions(), wait)


def executions(project: Any, node_id: str) -> list[Execution]:
    return [e for e in project.store.executions_of_run("r") if e.node_id == node_id]


def states(project: Any, node_id: str) -> list[str]:
    return [str(each.state) for each in executions(project, node_id)]


def test_one_container_makes_all_attempts_with_the_waits_of_the_node(started: Any) -> None:
    begin(started, "r", good=3)
    waits: list[float] = []
    outcome = attempt(started, "Unsteady", waits)
    assert outcome is not None
    assert outcome.state is State.COMPLETE
    assert states(started, "Unsteady") == ["FAILED", "FAILED", "COMPLETE"]
    assert waits == [0.01, 0.02]


def test_a_container_that_is_started_again_makes_no_more_attempts_than_there_are(
    started: Any,
) -> None:
    begin(started, "r", good=9)
    for _ in range(2):
        outcome = attempt(started, "Unsteady")
        assert outcome is not None
        assert outcome.state is State.FAILED
    assert states(started, "Unsteady") == ["FAILED"] * 3
    for _ in range(2):
        attempt(started, "Hopeless")
    assert states(started, "Hopeless") == ["FAILED"], "no attempt would help"


def test_a_resumed_run_has_all_attempts_again(started: Any) -> None:
    begin(started, "r", good=4)
    attempt(started, "Unsteady")
    assert remote.finish_run(started.workspace, "r").state is State.FAILED
    attempt(started, "Unsteady")
    assert states(started, "Unsteady") == ["FAILED", "FAILED", "FAILED", "COMPLETE"]


@pytest.mark.usefixtures("heeding_loss")
def test_a_lost_pod_is_recorded_with_what_was_seen_and_tried_again(started: Any) -> None:
    begin(started, "r")
    with pytest.raises(LostError):
        attempt(started, "SignalOnce")
    (lost,) = executions(started, "SignalOnce")
    assert lost.state is State.FAILED
    assert "r/SignalOnce was lost: SIGTERM came" in lost.error
    assert "s after its start" in lost.error
    again = attempt(started, "SignalOnce")
    assert again is not None
    assert again.state is State.COMPLETE


@pytest.mark.usefixtures("heeding_loss")
def test_a_persons_stop_is_no_loss(started: Any) -> None:
    begin(started, "r", name="SIGINT")
    with pytest.raises(KeyboardInterrupt) as stopped:
        attempt(started, "SignalOnce")
    assert not isinstance(stopped.value, LostError)
    (canceled,) = executions(started, "SignalOnce")
    assert canceled.state is State.CANCELED


def test_a_run_that_was_resumed_is_ended_by_its_last_container(started: Any) -> None:
    others = ("Hopeless", "SignalOnce")
    only = Selection(only=("Unsteady", "Next", "Report"))
    remote.begin(started.workspace, started.compile(), "r", {"good": 4}, only)
    assert not any(attempt(started, node) for node in others)
    first = attempt(started, "Unsteady")
    assert first is not None
    assert not ends_run(started.workspace, "r", first), "its end step comes"
    end(started)
    assert started.store.get_run("r").state is State.FAILED
    # The scheduler's retry: the failed node and what follows it, and no end step.
    fixed = attempt(started, "Unsteady")
    assert fixed is not None
    assert not ends_run(started.workspace, "r", fixed), "Next is still to come"
    following = attempt(started, "Next")
    assert following is not None
    assert ends_run(started.workspace, "r", following)
    end(started)
    assert started.store.get_run("r").state is State.COMPLETE
    assert states(started, "Report") == ["COMPLETE", "COMPLETE"], "it reports once more"
    end(started)
    assert states(started, "Report") == ["COMPLETE", "COMPLETE"], "and not again"


def test_a_run_that_fails_again_is_ended_too(started: Any) -> None:
    only = Selection(only=("Unsteady", "Next", "Report"))
    remote.begin(started.workspace, started.compile(), "r", {"good": 9}, only)
    attempt(started, "Unsteady")
    end(started)
    again = attempt(started, "Unsteady")
    assert again is not None
    assert ends_run(started.workspace, "r", again), "Next cannot run"
    end(started)
    assert started.store.get_run("r").state is State.FAILED


def end(project: Any) -> None:
    def tell(place: Place) -> Outcome | None:
        return attempt(project, place[0])

    run_exit_handlers(project.workspace, "r", tell)
    remote.finish_run(project.workspace, "r")
