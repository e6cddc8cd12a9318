from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # Runs pipelines again in interpreters of their own.

STEPS = """
import json
import time
from pathlib import Path

from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import Examples, Model, ModelEvaluation


@component
def Read(table: Path, *, examples: Output[Examples]) -> None:
    (examples.path / "rows").write_text(table.read_text())


@component
def Train(examples: Input[Examples], *, rate: float, model: Output[Model]) -> None:
    rows = len((examples.path / "rows").read_text().split())
    (model.path / "weights.json").write_text(json.dumps({"w": rows * rate}))
    (model.path / "made").write_text(STAMP)


@component
def Rate(model: Input[Model], *, evaluation: Output[ModelEvaluation]) -> None:
    weights = json.loads((model.path / "weights.json").read_text())
    (evaluation.path / "metrics.json").write_text(json.dumps({"auc": weights["w"] / 10}))
"""

PIPELINE = """
from mlops_pipeline import pipeline
from steps import Rate, Read, Train


@pipeline
def small(rate: float = 0.5) -> None:
    read = Read(table="table.csv")
    train = Train(examples=read.outputs["examples"], rate=rate)
    Rate(model=train.outputs["model"])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mlops.toml").write_text("")
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "steps.py").write_text(STEPS.replace("STAMP", '"always"'))
    (tmp_path / "table.csv").write_text("1 2 3\n")
    return tmp_path


def mlops(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Call the command in a process of its own, which has imported nothing."""
    command = [sys.executable, "-m", "mlops_pipeline.cli", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def repeat(folder: Path, *arguments: str) -> tuple[int, Any]:
    code, out, err = mlops(folder, "repeat", *arguments, "--in-process", "--json")
    return code, json.loads(out) if out else err


def run(folder: Path, run_id: str, *arguments: str) -> None:
    code, _, err = mlops(folder, "run", ".", "--in-process", "--run-id", run_id, *arguments)
    assert code == 0, err


def test_a_run_is_repeated_with_the_code_and_parameters_that_it_had(folder: Path) -> None:
    run(folder, "old", "-p", "rate=0.25")
    (folder / "steps.py").write_text(STEPS.replace("STAMP", '"new"').replace("/ 10", "/ 20"))
    code, done = repeat(folder, "old")
    assert (code, done["equal"], done["first_divergence"]) == (0, True, None)
    assert {each["verdict"] for each in done["artifacts"]} == {"same"}
    tree = Path(done["folder"])
    assert '"always"' in (tree / "steps.py").read_text()
    assert tree.is_relative_to(folder / ".mlops" / "repeats")
    assert '"new"' in (folder / "steps.py").read_text()


def test_data_that_has_changed_is_named_as_the_first_divergence(folder: Path) -> None:
    run(folder, "old")
    (folder / "table.csv").write_text("1 2 3 4\n")
    code, out, _ = mlops(folder, "repeat", "old", "--in-process")
    assert code == 1
    assert "not equal (3 differs)" in out
    assert "first divergence: Read.examples: rows: 6 bytes -> 8 bytes, from line 1" in out


def test_numbers_within_the_tolerance_do_where_other_bytes_differ(folder: Path) -> None:
    (folder / "steps.py").write_text(STEPS.replace("STAMP", "str(time.time())"))
    run(folder, "old")
    code, done = repeat(folder, "old")
    assert (code, done["first_divergence"]["place"]) == (1, "Train.model")
    code, done = repeat(folder, "old", "--tolerance", "0.001")
    assert (code, done["equal"]) == (0, True)
    (folder / "table.csv").write_text("1 2 3 4\n")
    code, done = repeat(folder, "old", "--tolerance", "0.001")
    assert (code, done["equal"]) == (1, False)
    code, done = repeat(folder, "old", "--tolerance", "0.9")
    assert (code, done["first_divergence"]["place"]) == (0, "Read.examples")
    assert [e["detail"] for e in done["artifacts"] if e["verdict"] == "within"]


def test_a_folder_that_is_gone_does_not_keep_a_run_from_being_repeated(folder: Path) -> None:
    run(folder, "old")
    for name in ("steps.py", "pipeline.py"):
        (folder / name).unlink()
    assert repeat(folder, "old", "--into", "again")[0] == 0
    code, said = repeat(folder, "old", "--into", "again")
    assert (code, "is not empty" in said) == (2, True)


def test_code_that_somebody_else_has_recorded_is_not_run_unless_it_is_trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder, "old")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    code, said = repeat(folder, "old")
    assert (code, "is not known to be yours" in said) == (2, True)
    assert repeat(folder, "old", "--trust")[0] == 0


def test_a_run_without_a_snapshot_says_what_is_missing(folder: Path) -> None:
    run(folder, "old")
    script = """
from dataclasses import replace
from mlops_pipeline.store import open_store
store = open_store("sqlite:///.mlops/metadata.db")
run = store.get_run("old")
kept = {k: v for k, v in run.properties.items() if not k.startswith("snapshot")}
store.put_run(replace(run, properties=kept))
store.close()
"""
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    (folder / "steps.py").write_text("")
    code, out, err = mlops(folder, "repeat", "old", "--trust", "--in-process")
    assert (code, "no snapshot: the run was recorded before" in err) == (0, True), out + err


def test_a_repetition_that_fails_says_in_which_node(folder: Path) -> None:
    run(folder, "old")
    (folder / "table.csv").unlink()
    code, out, _ = mlops(folder, "repeat", "old", "--in-process")
    assert (code, "Read" in out, "failed" in out) == (1, True, True)


def test_the_code_can_be_restored_alone(folder: Path) -> None:
    run(folder, "old")
    code, out, _ = mlops(folder, "repeat", "old", "--only-restore", "--into", "code")
    assert (code, "the code is in" in out) == (0, True)
    assert (folder / "code" / "steps.py").read_text() == (folder / "steps.py").read_text()
    assert (folder / "code" / "table.csv").resolve() == folder / "table.csv"


@pytest.mark.skipif(shutil.which("uv") is not None, reason="uv is there")
def test_an_environment_needs_uv(folder: Path) -> None:
    run(folder, "old")
    code, said = repeat(folder, "old", "--make-environment")
    assert (code, "needs uv, which is not installed" in said) == (2, True)
