"""What runs again after an edit, and what `why` and `plan` say about it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from cached_project import ALL_CACHED

pytestmark = pytest.mark.slow  # each runs a pipeline in workers, twice and more


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


def test_comments_docstrings_and_formatting_run_nothing(truth: Any) -> None:
    truth.edit("pipeline.py", '"""Read the rows."""', '"""Read all the rows there are."""  # yes')
    truth.edit("cleaning.py", '"""Rows worth keeping."""', "# Rows worth keeping.")
    truth.edit(
        "rules.py",
        "    return len(row) >= SHORTEST",
        "    return (\n        len(row) >= SHORTEST\n    )",
    )
    assert truth.states() == ALL_CACHED


def test_labels_resources_retries_and_workers_run_nothing(truth: Any) -> None:
    truth.edit("pipeline.py", "= Read(", '= Read.options(labels={"team": "a"}, retries=2)(')
    truth.edit("pipeline.py", "Score(model=t", "Score.options(timeout=600)(model=t")
    assert truth.states(workers=1) == ALL_CACHED


def test_a_changed_body_runs_that_node_and_stops_where_the_bytes_are_equal(truth: Any) -> None:
    truth.edit(
        "pipeline.py", "for file in sorted(data.iterdir())", "for file in sorted([*data.iterdir()])"
    )
    assert truth.states() == {**ALL_CACHED, "Read": "COMPLETE"}
    change = truth.why("Read").changes[0]
    assert (change.part, change.name) == ("code", "pipeline.py::Read")
    assert "+" in change.diff
    assert "[*data.iterdir()]" in change.diff


def test_a_changed_body_runs_what_is_below_where_the_bytes_change(truth: Any) -> None:
    truth.edit("pipeline.py", "rows, {steps} steps", "ROWS, {steps} STEPS!")
    assert truth.states() == {"Read": "CACHED", "Train": "COMPLETE", "Score": "COMPLETE"}
    assert str(truth.why("Score").changes[0]) == "input model has different content"


def test_a_helper_module_two_imports_away_counts(truth: Any) -> None:
    truth.edit("rules.py", "SHORTEST = 1", "SHORTEST = 4")
    assert truth.plan()["Train"].decision == "run"
    assert "rules.py" in str(truth.plan()["Train"].changes[0])
    assert truth.states() == {"Read": "CACHED", "Train": "COMPLETE", "Score": "COMPLETE"}
    change = truth.why("Train").changes[0]
    assert change.name == "rules.py::SHORTEST"
    assert "-SHORTEST = 1" in change.diff
    assert "+SHORTEST = 4" in change.diff


def test_a_parameter_runs_the_node_that_takes_it(truth: Any) -> None:
    assert truth.states(parameters={"steps": 5})["Read"] == "CACHED"
    change = truth.why("Train").changes[0]
    assert str(change) == "parameter steps: 3 -> 5"


def test_the_lock_of_the_environment_counts(truth: Any) -> None:
    truth.lock = truth.write("uv.lock", "numpy==1.26.4\n")
    assert truth.states()["Read"] == "COMPLETE"
    truth.write("uv.lock", "numpy==2.0.0\n")
    assert truth.states()["Train"] == "COMPLETE"
    assert truth.why("Train").changes[0].part == "lock"


def test_the_version_of_an_imported_package_counts(truth: Any, monkeypatch: Any) -> None:
    site = truth.folder / "lib" / "site-packages"
    (site / "tinylib-1.0.dist-info").mkdir(parents=True)
    (site / "tinylib.py").write_text("SIZE = 1\n")
    metadata = site / "tinylib-1.0.dist-info" / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    truth.edit("rules.py", "SHORTEST = 1", "import tinylib\n\nSHORTEST = 1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(site)]))
    assert truth.states()["Train"] == "COMPLETE"
    assert truth.states() == ALL_CACHED
    shutil.move(site / "tinylib-1.0.dist-info", site / "tinylib-2.0.dist-info")
    metadata = site / "tinylib-2.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "2.0"))
    assert truth.states()["Train"] == "COMPLETE"
    assert str(truth.why("Train").changes[0]) == 'package tinylib: "1.0" -> "2.0"'


def test_another_component_in_the_same_file_does_not_count(truth: Any) -> None:
    truth.edit("pipeline.py", "str(len((model", "'score ' + str(len((model")
    assert truth.states() == {**ALL_CACHED, "Score": "COMPLETE"}


def test_a_folder_that_cannot_be_read_as_a_whole_is_refused(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from pathlib import Path
        from mlops_pipeline import component, pipeline


        @component
        def Count(folder: Path) -> int:
            return len(list(folder.iterdir()))


        @pipeline
        def p(folder: Path = Path("data")):
            Count(folder=folder)
        """,
    )
    project.write("data/rows.csv", "1")
    (project.folder / "data" / "lost.csv").symlink_to(project.folder / "nowhere")
    (failed,) = project.run(in_process=True).failed
    assert "lost.csv is a link to" in failed.execution.error
    (project.folder / "data" / "lost.csv").unlink()
    assert project.states(in_process=True) == {"Count": "COMPLETE"}


def test_code_that_is_named_inside_a_parameter_counts(project: Any) -> None:
    project.write("steps.py", "def double(x: int) -> int:\n    return 2 * x\n")
    project.write(
        "pipeline.py",
        """
        import importlib
        from mlops_pipeline import component, pipeline


        @component
        def Apply(plan: dict[str, list[str]]) -> int:
            module, _, name = plan["steps"][0].partition(":")
            return getattr(importlib.import_module(module), name)(1)


        @pipeline
        def p():
            Apply(plan={"steps": ["steps:double"]})
        """,
    )
    assert project.states(in_process=True) == {"Apply": "COMPLETE"}
    project.edit("steps.py", "2 * x", "x + x")
    assert project.states(in_process=True) == {"Apply": "COMPLETE"}
    assert project.states(in_process=True) == {"Apply": "CACHED"}


def test_the_order_of_a_dict_arrives_and_counts(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from mlops_pipeline import component, pipeline


        @component
        def Types() -> dict[str, str]:
            return {"time": "date", "name": "str", "age": "int"}


        @component
        def Header(columns: dict[str, str], first: str = "") -> str:
            return ",".join(columns)


        @pipeline
        def p(more: dict[str, str] = {"z": "1", "y": "2"}):
            Header(columns={"b": "x", "a": "y"})
            Header.options(id="OfNode")(columns=Types().outputs["output"].value)
            uri = Types.options(id="Again")().outputs["output"].uri
            Header.options(id="OfItem")(columns={"z": "1", "k": uri})
            Header.options(id="OfRun")(columns=more)
        """,
    )
    run = project.run(in_process=True)
    assert [o.execution.error for o in run.outcomes if o.execution.error] == []
    nodes = ("Header", "OfNode", "OfItem", "OfRun")
    assert [project.output(run, name, "output").read_text() for name in nodes] == [
        "b,a",
        "time,name,age",
        "z,k",
        "z,y",
    ]
    assert set(project.states(in_process=True).values()) == {"CACHED"}
    again = project.run(in_process=True, parameters={"more": {"y": "2", "z": "1"}})
    assert project.output(again, "OfRun", "output").read_text() == "y,z"
    assert "columns has its keys in another order" in str(project.why("OfRun"))


def test_the_order_of_the_fields_of_a_dataclass_does_not_count(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from dataclasses import dataclass

        from mlops_pipeline import component, pipeline


        @dataclass
        class Args:
            splits: list[str]
            num_steps: int = 3


        @component
        def Train(args: Args) -> int:
            return args.num_steps


        @pipeline
        def p(args: Args = Args(["train"])):
            Train(args=args)
        """,
    )
    assert project.states(in_process=True) == {"Train": "COMPLETE"}
    given = {"args": {"splits": ["train"], "num_steps": 3}}
    assert project.states(in_process=True, parameters=given) == {"Train": "CACHED"}
    turned = {"args": {"num_steps": 3, "splits": ["train"]}}
    assert project.states(in_process=True, parameters=turned) == {"Train": "CACHED"}
