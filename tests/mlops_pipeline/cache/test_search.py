"""What runs again after an edit, and what `why` and `plan` say about it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from cached_project import ALL_CACHED


def test_nothing_runs_when_nothing_changed(truth: Any) -> None:
    assert truth.states() == ALL_CACHED


def test_an_altered_input_file_of_same_size_and_time_counts(truth: Any) -> None:
    file = truth.folder / "data/a.txt"
    before = file.stat()
    file.write_text("one two\nTHREE\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert truth.states()["Read"] == "COMPLETE"
    change = truth.why("Read").changes[0]
    assert (change.part, change.name) == ("parameter", "data")


def test_a_new_file_in_an_input_folder_counts(truth: Any) -> None:
    truth.write("data/b.txt", "four")
    assert truth.states()["Read"] == "COMPLETE"


def test_a_deleted_output_is_made_again(truth: Any) -> None:
    first = truth.run()
    shutil.rmtree(truth.output(first, "Train", "model"))
    assert truth.plan()["Train"].decision == "run"
    assert truth.states() == {**ALL_CACHED, "Train": "COMPLETE"}
    assert truth.states() == ALL_CACHED


def test_an_altered_output_is_never_served(truth: Any) -> None:
    first = truth.run()
    altered = truth.output(first, "Train", "model")
    (altered / "model.txt").write_text("0 rows, 3 steps")
    second = truth.run()
    made = truth.output(second, "Train", "model")
    assert made != altered
    assert (made / "model.txt").read_text() == "3 rows, 3 steps"
    assert truth.why("Train").reason == "a stored output was altered or is gone"


def test_plan_says_what_the_run_then_does(truth: Any) -> None:
    truth.edit("pipeline.py", "sorted(data.iterdir())", "sorted([*data.iterdir()])")
    planned = {node: each.decision for node, each in truth.plan().items()}
    assert planned == {"Read": "run", "Train": "maybe", "Score": "maybe"}
    assert truth.plan()["Train"].reason == "depends on the outputs of Read"
    executions = len(truth.store.all_executions)
    truth.plan()
    assert len(truth.store.all_executions) == executions


def test_force_runs_everything_and_its_results_are_reused_later(truth: Any) -> None:
    assert set(truth.states(force=True).values()) == {"COMPLETE"}
    assert truth.states() == ALL_CACHED


def test_another_pipeline_reuses_the_result(truth: Any) -> None:
    truth.edit("pipeline.py", "def truth(", "def other(")
    assert truth.states() == ALL_CACHED


def test_files_that_the_store_does_not_know_are_left_alone(truth: Any) -> None:
    stray = Path(truth.workspace.root) / "truth" / "Train" / "model" / "mine.txt"
    stray.write_text("keep me")
    truth.states(force=True)
    assert stray.read_text() == "keep me"
