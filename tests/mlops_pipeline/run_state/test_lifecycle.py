"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from local_runs import states, write
from remote_steps import CHAIN, begin

from mlops_pipeline.errors import ParameterError, PipelineError
from mlops_pipeline.run_state import Selection, end_run
from mlops_pipeline.store import MemoryStore, Run, State


def test_resume_executes_only_what_is_missing(project: Any) -> None:
    gate = project.folder / "gate"
    write(
        project,
        f"""
    @pipeline
    def p():
        make = Make()
        copy = Copy(examples=make.outputs["examples"])
        Gate(examples=copy.outputs["copy"], gate={str(gate)!r})
    """,
    )
    assert project.run("r").run.state is State.FAILED
    gate.touch()
    resumed = project.run("r")
    assert resumed.run.state is State.COMPLETE
    assert states(resumed) == {"Gate": "COMPLETE"}
    assert project.run("r").outcomes == ()


def test_a_run_parameter_of_the_wrong_type_is_refused_before_anything_runs(project: Any) -> None:
    write(project, "@pipeline\ndef p(steps: int = 1):\n    Make(text=f'{steps}')\n")
    with pytest.raises(ParameterError, match="'many' is not an integer"):
        project.run(parameters={"steps": "many"})
    with pytest.raises(ParameterError, match="did you mean 'steps'"):
        project.run(parameters={"step": 1})
    assert project.store.all_executions == []


class CrowdedStore(MemoryStore):
    """Lets others act after the next requests that read or write a run, one after each."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Callable[[], None]] = []

    def get_run(self, run_id: str) -> Run | None:
        found = super().get_run(run_id)
        self._let_others_act()
        return found

    def put_run(self, run: Run, *, new: bool = False) -> None:
        super().put_run(run, new=new)
        self._let_others_act()

    def _let_others_act(self) -> None:
        if self.others:
            self.others.pop(0)()


@pytest.fixture
def crowded(project: Any) -> Any:
    project.write("pipeline.py", CHAIN)
    project.store = CrowdedStore()
    return project


def test_of_two_processes_that_begin_a_run_one_is_refused(crowded: Any) -> None:
    others = Run("r", "chain", properties={"process": "another machine|1|2"})
    crowded.store.others = [lambda: crowded.store.put_run(others, new=True)]
    with pytest.raises(PipelineError, match="run r is being run by another process"):
        crowded.run("r", in_process=True)
    assert crowded.store.list_runs() == [others]
    assert crowded.store.all_executions == []


def test_steps_that_begin_a_run_at_once_go_on_from_the_same_base(crowded: Any) -> None:
    only = Selection(only=("second",))
    begin(crowded, "old")
    first: list[Run] = []

    def overtake() -> None:
        first.append(begin(crowded, "part", only))
        begin(crowded, "newer")

    crowded.store.others = [overtake]
    second = begin(crowded, "part", only)
    assert first == [second]
    assert second.base_run == "old"
    assert crowded.store.get_run("part") == second


@pytest.mark.parametrize("requests", [1, 2, 3])
def test_of_two_processes_that_resume_a_run_the_last_to_write_has_it(
    crowded: Any, requests: int
) -> None:
    known = begin(crowded, "r")
    crowded.store.put_run(replace(known, state=State.FAILED, finished=known.started + 1))
    others = replace(known, properties={**known.properties, "process": "another machine|1|2"})
    # It is read twice and then written, and read once more.
    nothing: list[Callable[[], None]] = [lambda: None] * (requests - 1)
    crowded.store.others = [*nothing, lambda: crowded.store.put_run(others)]
    if requests == 2:
        assert crowded.run("r", in_process=True).run.state is State.COMPLETE
        return
    with pytest.raises(PipelineError, match="run r is being run by another process"):
        crowded.run("r", in_process=True)
    assert crowded.store.list_runs() == [others]
    assert crowded.store.all_executions == []


def test_the_end_of_a_run_that_another_process_has_taken_over_is_left_to_it(project: Any) -> None:
    write(project, "@pipeline\ndef p():\n    Make()\n")
    ours = project.run("r", in_process=True).run
    theirs = replace(ours, properties={**ours.properties, "process": "another|1|2"})
    project.store.put_run(theirs)
    found = end_run(project.workspace, ours, State.FAILED)
    assert found == theirs
    assert project.store.get_run("r").state is State.COMPLETE
