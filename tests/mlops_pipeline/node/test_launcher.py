"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_runs import value, write

from mlops_pipeline.snapshot import read_snapshot
from mlops_pipeline.store import State


def test_a_failed_node_is_tried_again_and_leaves_one_result(project: Any) -> None:
    marks = project.folder / "marks"
    marks.mkdir()
    write(
        project,
        f"""
    @pipeline
    def p():
        Flaky.options(retries=2, retry_wait=0.01)(marks={str(marks)!r}, succeed_at=3)
    """,
    )
    result = project.run()
    assert [str(e.state) for e in project.store.all_executions] == ["FAILED", "FAILED", "COMPLETE"]
    assert [e.attempt for e in project.store.all_executions] == [1, 2, 3]
    assert value(result, "Flaky") == "3"
    assert len(project.store.artifacts_by_type("Integer")) == 1


def test_a_failure_is_kept_with_its_traceback_and_log(project: Any) -> None:
    write(
        project,
        """
    @component
    def Bad() -> int:
        print("about to fail")
        raise ValueError("no such luck")

    @pipeline
    def p():
        bad = Bad()
        Make.options(after=[bad])()
    """,
    )
    result = project.run()
    (failed,) = project.store.all_executions
    assert (failed.state, result.run.state) == (State.FAILED, State.FAILED)
    assert "ValueError: no such luck" in failed.error
    assert "pipeline.py" in failed.details
    assert "about to fail" in Path(failed.log).read_text()
    staging = Path(project.workspace.root) / "p" / ".staging"
    assert list(staging.iterdir()) == []


def test_a_value_artifact_may_be_written_instead_of_returned(project: Any) -> None:
    write(
        project,
        """
    @component
    def Count(size: Output[Integer]) -> None:
        size.write(7)

    @component
    def Twice(size: Input[Integer]) -> int:
        return 2 * size.read()

    @pipeline
    def p():
        Twice(size=Count().outputs["size"])
    """,
    )
    assert value(project.run(in_process=True), "Twice") == "14"


def test_a_run_records_the_code_that_it_begins_with(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p():
        Make()
    """,
    )
    first, second = project.run().run, project.run().run
    assert first.properties["snapshot"] == second.properties["snapshot"]
    snapshot = read_snapshot(project.store, first)
    assert snapshot is not None
    assert "0/pipeline.py" in snapshot.files
