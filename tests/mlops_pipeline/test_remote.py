"""Runs whose nodes are started one by one, as the tasks of a scheduler do it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mlops_pipeline.errors import CompileError, NotFoundError, ParameterError
from mlops_pipeline.run_state import BASE, FORCE, WHOLE, Outcome, Selection, selection_of
from mlops_pipeline.run_state.selection import FROM, ONLY
from mlops_pipeline.runners import remote
from mlops_pipeline.runners.kubeflow import KubeflowOptions
from mlops_pipeline.runners.kubeflow.spec import pipeline_spec
from mlops_pipeline.store import State

CHAIN = """
    from mlops_pipeline import component, pipeline
    from mlops_pipeline.executors.context import current_task
    from mlops_pipeline.errors import ExecutorError

    @component
    def One(number: int) -> int:
        return number

    @component
    def Add(left: int, right: int = 1) -> int:
        return left + right

    @component
    def Picky(left: int) -> int:
        tried = current_task().state_dir / "tried"
        if not tried.exists():
            tried.touch()
            raise ExecutorError("fix me", retryable=False)
        return left

    @pipeline
    def chain(number: int = 1) -> None:
        first = One.options(id="first")(number=number)
        second = Add.options(id="second")(left=first.outputs.output.value)
        Add.options(id="third")(left=second.outputs.output.value)
        Add.options(id="aside")(left=first.outputs.output.value, right=5)

"""

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


def begin(project: Any, run_id: str, selection: Selection = WHOLE, **parameters: Any) -> Any:
    return remote.begin(project.workspace, project.compile(), run_id, parameters, selection)


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


def test_a_wrong_choice_begins_no_run(chain: Any) -> None:
    with pytest.raises(ParameterError, match="did you mean 'third'"):
        begin(chain, "part", Selection(only=("thrid",)))
    with pytest.raises(NotFoundError, match="no run yet"):
        begin(chain, "part", Selection(only=("third",)))
    assert chain.store.get_run("part") is None


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


def test_a_forced_run_reuses_nothing_at_any_of_its_steps(chain: Any) -> None:
    for run_id, choice in (("a", WHOLE), ("b", WHOLE), ("c", selection_of({FORCE: True}))):
        remote.begin(chain.workspace, chain.compile(), run_id, {}, choice)
    states = [remote.run_iteration(chain.workspace, run_id, "first").state for run_id in "abc"]
    assert states == [State.COMPLETE, State.CACHED, State.COMPLETE]


def test_reserved_parameters_say_what_a_run_is_about(chain: Any) -> None:
    given = {FROM: ["second"], ONLY: None, BASE: "r1", "number": 3}
    assert selection_of(given) == Selection(from_nodes=("second",), base_run="r1")
    taken = replace_parameter(chain.compile(), "base_run")
    with pytest.raises(CompileError, match="parameter 'base_run', which every run"):
        pipeline_spec(taken, KubeflowOptions(image="img:1"))


def replace_parameter(ir: Any, name: str) -> Any:
    (parameter,) = ir.parameters
    return msgspec.structs.replace(ir, parameters=(msgspec.structs.replace(parameter, name=name),))
