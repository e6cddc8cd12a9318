"""Ctrl-C, and other ends in the middle: what the store says and what is on the disk agree."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from interrupted_runs import PIPELINE

from mlops_pipeline.errors import ParameterError, PipelineError, StoreError
from mlops_pipeline.roots import digest_path
from mlops_pipeline.run_state import pipeline_of, this_process
from mlops_pipeline.run_state.liveness import PROCESS
from mlops_pipeline.store import Execution, MemoryStore, Run, State

MAKE = """@component
def Make("""


@pytest.fixture
def written(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    return project


def states(project: Any, run_id: str) -> list[tuple[str, str]]:
    return [(e.node_id, str(e.state)) for e in project.store.executions_of_run(run_id)]


class InterruptedStore(MemoryStore):
    """Ctrl-C comes right after a claim is recorded."""

    def put_execution(self, execution: Execution, **links: Any) -> Any:
        stored = super().put_execution(execution, **links)
        if execution.state is State.RUNNING:
            raise KeyboardInterrupt
        return stored


def test_ctrl_c_right_after_publication_keeps_what_is_published(written: Any) -> None:
    written.edit("pipeline.py", MAKE, MAKE.replace("@component", "@component(publisher=interrupt)"))
    result = written.run("r", in_process=True)
    assert result.run.state is State.CANCELED
    assert states(written, "r") == [("Make", "COMPLETE")]
    (made,) = written.store.artifacts_by_type("Examples")
    assert digest_path(Path(made.uri)) == made.digest
    assert [o.node_id for o in written.run("r", in_process=True).outcomes] == ["Count"]


def test_ctrl_c_right_after_a_claim_leaves_nothing_that_seems_to_run(written: Any) -> None:
    written.store = InterruptedStore()
    assert written.run("r", in_process=True).run.state is State.CANCELED
    assert states(written, "r") == [("Make", "CANCELED")]


def test_ctrl_c_in_an_exit_handler_ends_the_run_as_canceled(written: Any) -> None:
    written.edit("pipeline.py", "    Count(", "    with ExitHandler():\n        Stop()\n    Count(")
    result = written.run("r", in_process=True)
    assert result.run.state is State.CANCELED
    assert states(written, "r")[-1] == ("Stop", "CANCELED")


@pytest.mark.parametrize(
    ("publisher", "said"),
    [("complain", "the mail server is down"), ("forget", "returned None")],
)
def test_a_publisher_that_fails_after_publishing_takes_nothing_back(
    written: Any, caplog: pytest.LogCaptureFixture, publisher: str, said: str
) -> None:
    decorated = MAKE.replace("@component", f"@component(publisher={publisher})")
    written.edit("pipeline.py", MAKE, decorated)
    result = written.run("r", in_process=True)
    assert {o.node_id: str(o.state) for o in result.outcomes} == {
        "Make": "COMPLETE",
        "Count": "COMPLETE",
    }
    assert said in caplog.text


@pytest.mark.parametrize(
    ("driver", "said"),
    [("say_nothing", "driver pipeline:say_nothing returned None"), ("stumble", "no such span")],
)
def test_a_driver_that_fails_is_named_by_the_plan_and_by_the_run(
    written: Any, driver: str, said: str
) -> None:
    written.edit("pipeline.py", MAKE, MAKE.replace("@component", f"@component(driver={driver})"))
    planned = written.plan()["Make"]
    assert planned.decision == "fail"
    assert said in planned.reason
    (failed,) = written.run("r", in_process=True).failed
    assert said in failed.execution.error


def test_a_run_that_another_process_sees_through_is_left_to_it(written: Any) -> None:
    run = written.run("r", in_process=True).run
    machine = this_process()[PROCESS].split("|")[0]
    started = Path("/proc/1/stat").read_text().rpartition(")")[2].split()[19]
    other = {PROCESS: f"{machine}|1|{started}"}
    written.store.put_run(replace(run, state=State.RUNNING, properties={**run.properties, **other}))
    with pytest.raises(PipelineError, match="is being run by another process"):
        written.run("r", in_process=True)


class SlowStore(MemoryStore):
    """Somebody else publishes the same result after the driver looked, and before the claim."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._meanwhile: list[Callable[[], None]] = [meanwhile]

    def put_execution(self, execution: Execution, **links: Any) -> Any:
        if execution.state is State.RUNNING and execution.run_id == "slow" and self._meanwhile:
            self._meanwhile.pop()()
        return super().put_execution(execution, **links)


def test_a_result_published_between_search_and_claim_is_taken_over(written: Any) -> None:
    written.store = SlowStore(lambda: written.run("quick", in_process=True))
    written.run("slow", in_process=True)
    assert states(written, "quick") == [("Make", "COMPLETE"), ("Count", "COMPLETE")]
    assert states(written, "slow") == [("Make", "CACHED"), ("Count", "CACHED")]


def test_a_run_goes_on_with_the_edited_pipeline_and_keeps_it(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.run("r", in_process=True)
    monkeypatch.delitem(sys.modules, "pipeline")
    written.edit("pipeline.py", "def p():", 'def p(text: str = "b"):')
    written.edit("pipeline.py", "    Count(", "    Say(text=text)\n    Count(")
    result = written.run("r", in_process=True)
    assert [(o.node_id, str(o.state)) for o in result.outcomes] == [("Say", "COMPLETE")]
    kept = pipeline_of(written.workspace, result.run)
    assert {node.id for node in kept.nodes} == {"Make", "Count", "Say"}
    assert result.run.parameters == {"text": "b"}


def test_the_base_run_must_be_one_of_the_same_pipeline(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.run("r", in_process=True)
    monkeypatch.delitem(sys.modules, "pipeline")
    written.edit("pipeline.py", "def p():", "def q():")
    with pytest.raises(ParameterError, match="run r is a run of pipeline p, not q"):
        written.run("s", in_process=True, only=("Count",), base_run="r")


def test_an_exit_handler_does_without_what_a_failed_node_should_have_written(
    written: Any,
) -> None:
    written.edit("pipeline.py", MAKE, MAKE.replace("@component", "@component(driver=stumble)"))
    handler = "with ExitHandler():\n        Tell(examples=made.outputs['examples'])"
    written.edit(
        "pipeline.py",
        'Count(examples=Make().outputs["examples"])',
        f"made = Make()\n    {handler}",
    )
    result = written.run("r", in_process=True)
    assert [(o.node_id, str(o.state)) for o in result.outcomes] == [
        ("Make", "FAILED"),
        ("Tell", "COMPLETE"),
    ]


class FullStore(MemoryStore):
    """Its disk is full after one record."""

    def put_execution(self, execution: Execution, **links: Any) -> Any:
        if self.all_executions:
            raise StoreError("the disk is full")
        return super().put_execution(execution, **links)

    def put_run(self, run: Run, *, new: bool = False) -> None:
        if self.all_executions:
            raise StoreError("the run cannot be written either")
        super().put_run(run, new=new)


@pytest.mark.parametrize("in_process", [True, False])
def test_the_first_error_of_a_store_is_the_one_that_is_told(written: Any, in_process: bool) -> None:
    written.store = FullStore()
    with pytest.raises(StoreError, match="the disk is full"):
        written.run("r", in_process=in_process)
