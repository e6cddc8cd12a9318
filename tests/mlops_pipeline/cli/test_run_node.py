"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from cli_project import Mlops

pytestmark = pytest.mark.slow  # each step is a process of its own


def test_run_node_writes_a_result_that_a_scheduler_reads(mlops: Mlops, tmp_path: Path) -> None:
    mlops("compile", ".", "-o", "small.json")
    flags = ("--run-id", "r1", "--result", "result.json")
    assert mlops("run-node", "small.json", "Train", *flags).code == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["state"] == "COMPLETE"
    assert set(result["outputs"]) == {"model", "output"}
    assert mlops("run-node", "small.json", "Check", *flags).code == 0
    assert mlops("run-node", "small.json", "Square", "--iteration", "1", *flags).code == 0
    assert len(mlops("show", "r1", "--json").data["nodes"]) == 3


def test_run_node_forks_its_executor_where_that_is_safe(mlops: Mlops, tmp_path: Path) -> None:
    mlops("compile", ".", "-o", "small.json")
    store = ["--store", f"sqlite:///{tmp_path}/metadata.db", "--fork"]
    # A process of its own: this one may have threads.
    command = [sys.executable, "-m", "mlops_pipeline.cli", "run-node", "small.json", "Train"]
    for run, state in (("r1", "COMPLETE"), ("r2", "CACHED")):
        words = [*command, "--run-id", run, *store]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert json.loads(done.stdout)["state"] == state, done.stderr


def test_run_node_of_a_partial_run_leaves_nodes_out(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    mlops("compile", ".", "-o", "small.json")
    flags = ("--run-id", "r2", "--only", "Check", "--base-run", "r1")
    assert mlops("run-node", "small.json", "Train", *flags).data["state"] == "CACHED"
    assert mlops("run-node", "small.json", "Check", *flags).code == 0
    left_out = mlops("run-node", "small.json", "Square", "--iteration", "0", *flags)
    assert left_out.code == 99
    assert left_out.data["reason"] == "this partial run leaves it out"
    assert mlops("end-run", "r2").data["state"] == "COMPLETE"


def test_run_node_takes_a_pipeline_from_a_variable(
    mlops: Mlops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mlops("compile", ".", "-o", "small.json")
    flags = ("--run-id", "r1", "--base-dir", str(tmp_path))
    missing = mlops("run-node", "-", "Train", *flags)
    assert missing.code == 65
    assert "$MLOPS_IR holds no pipeline" in missing.err
    packed = zlib.compress((tmp_path / "small.json").read_bytes())
    monkeypatch.setenv("MLOPS_IR", base64.b64encode(packed).decode())
    assert mlops("run-node", "-", "Train", *flags).data["state"] == "COMPLETE"


@pytest.mark.parametrize(
    ("parameters", "node", "code"),
    [
        ({"steps": 13}, "Check", 75),
        ({"least": 9}, "Square", 99),
        ({"steps": "x"}, "Train", 65),
        ({}, "Trian", 65),
    ],
)
def test_run_node_tells_a_scheduler_what_to_do(
    mlops: Mlops,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, object],
    node: str,
    code: int,
) -> None:
    monkeypatch.setenv("MLOPS_PARAMETERS", json.dumps(parameters))
    mlops("compile", ".", "-o", "small.json")
    before = {"Check": ["Train"], "Square": ["Train", "Check"]}.get(node, [])
    for each in before:
        assert mlops("run-node", "small.json", each, "--run-id", "r1").code == 0
    iteration = ("--iteration", "0") if node == "Square" else ()
    result = mlops("run-node", "small.json", node, "--run-id", "r1", *iteration)
    assert result.code == code
    assert result.data["retryable"] == (code == 75)


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("run", ".", "--project", "gone"), 2, "--project gone is not a folder"),
        (("replay", "r1", "Train", "--keep", "taken"), 2, "--keep taken cannot be made"),
        (
            ("run-node", "small.json", "Train", "--run-id", "r2", "--result", "gone/x.json"),
            65,
            "--result gone/x.json cannot be written",
        ),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_runs(
    mlops: Mlops, tmp_path: Path, arguments: tuple[str, ...], code: int, error: str
) -> None:
    mlops("run", ".", "--run-id", "r1")
    mlops("compile", ".", "-o", "small.json")
    (tmp_path / "taken").touch()
    result = mlops(*arguments)
    assert result.code == code
    assert f"error: {error}" in result.err
    assert len(mlops("runs", "--json").data) == 1


def test_run_node_of_a_loop_needs_its_place(mlops: Mlops) -> None:
    mlops("compile", ".", "-o", "small.json")
    result = mlops("run-node", "small.json", "Square", "--run-id", "r1")
    assert result.code == 65
    assert "Square is in 1 loops" in result.err
    assert mlops("runs", "--json").data == []
