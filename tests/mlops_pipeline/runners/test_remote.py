"""Runs whose nodes are started one by one, as the tasks of a scheduler do it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from remote_steps import CHAIN, begin

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.run_state import FORCE, RESUMED, WHOLE, Outcome, Selection, selection_of
from mlops_pipeline.runners import remote
from mlops_pipeline.store import Execution, MemoryStore, Run, State

pytestmark = pytest.mark.slow  # each step is a process of its own

PICKY = (
    CHAIN.partition("    @pipeline")[0]
    + """
    @pipeline
    def picky(number: int = 1) -> None:
        Picky(left=number)
"""
)


NODES = ("first", "second", "third", "aside")


@pytest.fixture
def chain(project: Any) -> Any:
    project.write("pipeline.py", CHAIN)
    return project


def run(project: Any, run_id: str, nodes: tuple[str, ...] = NODES) -> dict[str, Outcome | None]:
    return {node: remote.run_iteration(project.workspace, run_id, node) for node in nodes}


def states(found: dict[str, Outcome | None]) -> dict[str, str]:
    return {node: str(each.state) if each else "left out" for node, each in found.items()}


def test_a_partial_run_takes_over_runs_and_leaves_out(chain: Any) -> None:
    begin(chain, "base", number=4)
    run(chain, "base")
    begun = begin(chain, "part", Selection(from_nodes=("second",), to_nodes=("second",)), number=7)
    assert begun.base_run == "base"
    found = run(chain, "part")
    assert states(found) == {
        "first": "CACHED",
        "second": "CACHED",
        "third": "left out",
        "aside": "left out",
    }
    assert found["first"] is not None
    assert found["first"].execution.reason.startswith("taken over from run base")
    recorded = {e.node_id for e in chain.store.executions_of_run("part")}
    assert recorded == {"first", "second"}
    assert remote.finish_run(chain.workspace, "part").state is State.COMPLETE


def test_every_step_may_be_the_first_and_none_changes_what_the_run_is_about(chain: Any) -> None:
    begin(chain, "base")
    run(chain, "base")
    only = Selection(only=("second",))
    first = begin(chain, "part", only)
    assert begin(chain, "part", only) == first
    assert begin(chain, "part", Selection(only=("aside",))) == first
    # Nor does it go on from itself.
    assert first.base_run == "base"
    again = [run(chain, "part", ("first",))["first"] for _ in range(2)]
    assert again[0] == again[1], "what is taken over is recorded once"


def test_a_node_without_a_result_in_the_base_run_fails(chain: Any) -> None:
    begin(chain, "base")
    run(chain, "base", ("first",))
    begin(chain, "part", Selection(only=("third",)))
    run(chain, "part", ("first",))
    with pytest.raises(NotFoundError, match="run base has no result of second"):
        run(chain, "part", ("second",))
    assert remote.finish_run(chain.workspace, "part").state is State.FAILED


def test_a_failure_is_final_until_the_run_is_gone_on_with(project: Any) -> None:
    project.write("pipeline.py", PICKY)
    heeding = remote.IterationOptions(stop_after_final_failure=True)
    begin(project, "r")
    failed = remote.run_iteration(project.workspace, "r", "Picky", options=heeding)
    again = remote.run_iteration(project.workspace, "r", "Picky", options=heeding)
    assert failed is not None
    assert again is not None
    assert again.execution.id == failed.execution.id, "the scheduler's retry makes no attempt"
    assert remote.finish_run(project.workspace, "r").state is State.FAILED
    fixed = remote.run_iteration(project.workspace, "r", "Picky", options=heeding)
    assert fixed is not None
    assert fixed.state is State.COMPLETE
    assert remote.finish_run(project.workspace, "r").state is State.COMPLETE


class LateStepStore(MemoryStore):
    """Lets a step write to the run while its end is worked out, once."""

    late: Run | None = None

    def executions_of_run(self, run_id: str) -> list[Execution]:
        found = super().executions_of_run(run_id)
        if self.late is not None:
            self.put_run(self.late)
            self.late = None
        return found


def test_the_end_of_a_run_keeps_what_a_late_step_wrote_in_it(chain: Any) -> None:
    chain.store = LateStepStore()
    begun = begin(chain, "r")
    run(chain, "r")
    properties = {**begun.properties, "idle": 3.0, RESUMED: 5.0}
    chain.store.late = replace(begun, properties=properties)
    ended = remote.finish_run(chain.workspace, "r")
    assert (ended.state, ended.properties) == (State.COMPLETE, properties)
    assert chain.store.get_run("r") == ended


def test_a_forced_run_reuses_nothing_at_any_of_its_steps(chain: Any) -> None:
    for run_id, choice in (("a", WHOLE), ("b", WHOLE), ("c", selection_of({FORCE: True}))):
        remote.begin(chain.workspace, chain.compile(), run_id, {}, choice)
    states = [remote.run_iteration(chain.workspace, run_id, "first").state for run_id in "abc"]
    assert states == [State.COMPLETE, State.CACHED, State.COMPLETE]
