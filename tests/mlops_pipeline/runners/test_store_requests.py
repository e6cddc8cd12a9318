from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from mlops_pipeline.store import MemoryStore

PIPELINE = """
    from mlops_pipeline import Input, component, pipeline
    from mlops_pipeline.artifacts import Integer

    @component
    def First() -> int:
        return 1

    @component
    def Second(number: Input[Integer]) -> int:
        return int(number.read()) + 1

    @pipeline
    def p():
        Second(number=First().outputs.output)
"""


class CountingStore(MemoryStore):
    """Counts the requests, by name and run."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if callable(found) and not name.startswith("_"):
            self.asked[name] += 1
        return found


@pytest.fixture
def counted(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    project.store = CountingStore()
    return project


RUN = ("get_run", "put_run", "list_runs", "executions_of_run", "events_by_execution")


@pytest.mark.parametrize("before", [0, 1])
def test_a_new_run_is_read_and_written_twice_and_others_are_listed_once(
    counted: Any, before: int
) -> None:
    for number in range(before):
        counted.run(f"before{number}", in_process=True)
    counted.store.asked.clear()
    assert not counted.run("new", in_process=True, force=True).failed
    asked = counted.store.asked
    assert {name: asked[name] for name in RUN} == {
        "get_run": 2,
        "put_run": 2,
        # For what killed runs have left.
        "list_runs": 1,
        "executions_of_run": 0,
        "events_by_execution": 0,
    }
    # Two executions, each claimed and ended.
    assert asked["put_execution"] == 4
    assert asked["executions"] == 0


def test_a_partial_run_reads_the_run_that_it_goes_on_from(counted: Any) -> None:
    counted.run("whole", in_process=True)
    counted.store.asked.clear()
    part = counted.run("part", in_process=True, only=("Second",))
    assert part.run.base_run == "whole"
    assert {name: counted.store.asked[name] for name in ("get_run", "put_run", "list_runs")} == {
        "get_run": 2,
        "put_run": 2,
        "list_runs": 2,
    }
