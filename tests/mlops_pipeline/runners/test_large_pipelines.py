"""Large pipelines: the work a node stays the same, counted in steps of the interpreter."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from mlops_pipeline import ForEach, Input, component, pipeline
from mlops_pipeline.artifacts import Integer
from mlops_pipeline.authoring import Pipeline, compile_pipeline
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.node import Session
from mlops_pipeline.run_state import History, Iteration, Outcome, Workspace
from mlops_pipeline.runners import plan
from mlops_pipeline.runners.schedule import Schedule
from mlops_pipeline.store import Execution, MemoryStore, Run, State

HERE = Path(__file__).parent


@component
def First(*, seed: int) -> int:
    return seed


@component
def Next(before: Input[Integer]) -> int:
    return int(before.read()) + 1


@component
def Join(numbers: list[Input[Integer]]) -> int:
    return sum(number.read() for number in numbers)


def chain(size: int) -> Pipeline:
    @pipeline
    def graph() -> None:
        made = First(seed=1).outputs.output
        for i in range(size - 1):
            made = Next.options(id=f"n{i}")(before=made).outputs.output

    return graph


def fan(size: int) -> Pipeline:
    @pipeline
    def graph() -> None:
        nodes = [First.options(id=f"n{i}")(seed=i) for i in range(size - 1)]
        Join(numbers=[node.outputs.output for node in nodes])

    return graph


def many_loops(size: int) -> Pipeline:
    @pipeline
    def graph() -> None:
        for i in range(size // 2):
            with ForEach([1]) as seed:
                first = First.options(id=f"a{i}")(seed=seed)
                Next.options(id=f"b{i}")(before=first.outputs.output)

    return graph


def one_loop(size: int) -> Pipeline:
    @pipeline
    def graph() -> None:
        with ForEach(list(range(size // 2))) as seed:
            ended = Next(before=First(seed=seed).outputs.output)
        Join(numbers=ended.outputs.output)

    return graph


def _session(ir: PipelineIR, workspace: Workspace) -> Session:
    return Session(ir, Run(id="", pipeline="graph", parameters={}, started=0), workspace, History())


def _walk(ir: PipelineIR, workspace: Workspace) -> int:
    """Follow a run in which every node ends well; return how many there were."""
    schedule = Schedule(_session(ir, workspace), frozenset(node.id for node in ir.nodes))
    due = deque(schedule.ready())
    count = 0
    while due:
        schedule.ended(_done(*due.popleft()))
        due += schedule.ready()
        count += 1
    assert not schedule.left()
    return count


def _done(node_id: str, iteration: Iteration) -> Outcome:
    done = Execution("c", "graph", "r", node_id, State.COMPLETE, iteration=iteration)
    return Outcome(node_id, iteration, done)


def _plan(ir: PipelineIR, workspace: Workspace) -> int:
    return len(plan(ir, workspace))


def _steps(work: Callable[[], int]) -> tuple[int, int]:
    """Return what the work returns, and how many steps of the interpreter it took."""
    steps = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if "mlops_pipeline" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        found = work()
    finally:
        sys.settrace(before)
    return found, steps


@pytest.mark.slow  # Runs pipelines of hundreds of nodes.
@pytest.mark.parametrize("shape", [chain, fan, many_loops, one_loop])
@pytest.mark.parametrize("work", [_walk, _plan])
def test_twice_the_nodes_take_twice_the_work(
    tmp_path: Path,
    work: Callable[[PipelineIR, Workspace], int],
    shape: Callable[[int], Pipeline],
) -> None:
    workspace = Workspace(MemoryStore(), str(tmp_path / "root"), HERE, (str(HERE),))
    small, large = (compile_pipeline(shape(size), {}, HERE) for size in (100, 200))
    # Only the first time are modules loaded and the code of components read.
    work(small, workspace)
    few, once = _steps(lambda: work(small, workspace))
    many, twice = _steps(lambda: work(large, workspace))
    assert (few, many) in ((100, 200), (101, 201))
    assert twice < 2.2 * once
