"""The command `mlops` in processes of its own, which meet in a store on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.mlmd

SLOW = """
import time
from mlops_pipeline import component, pipeline

@component
def First() -> int:
    return 1

@component
def Slow(number: int) -> int:
    print("waiting", flush=True)
    time.sleep({seconds})
    return number

@pipeline
def slow() -> None:
    Slow(number=First().outputs["output"].value)
"""


def environment() -> dict[str, str]:
    plain = {name: text for name, text in os.environ.items() if not name.startswith("MLOPS_")}
    return {**plain, "PYTHONPATH": os.pathsep.join(sys.path)}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mlops_pipeline.cli", *arguments]


def mlops(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_a_new_project_runs_is_cached_and_can_be_looked_back_on(tmp_path: Path) -> None:
    mlops(tmp_path, "init", "flowers")
    project = tmp_path / "flowers"
    mlops(project, "plan", ".")
    first = json.loads(mlops(project, "run", ".", "--json"))
    again = json.loads(mlops(project, "run", ".", "--json"))
    assert {node["decision"] for node in first["nodes"]} == {"run"}
    assert {node["decision"] for node in again["nodes"]} == {"cached"}
    # From elsewhere, the pipeline's own project counts, and the next commands say so.
    assert "--project flowers" in mlops(tmp_path, "run", "flowers")
    assert len(json.loads(mlops(project, "runs", "--json"))) == 3
    assert "Split · run" in mlops(project, "lineage")
    assert mlops(project, "why", "last", "Train").startswith("Train: cached")
    assert (project / ".mlops" / ".gitignore").read_text() == "*\n"


def test_an_interrupted_run_is_left_clean_and_resumes(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").touch()
    (tmp_path / "pipeline.py").write_text(SLOW.format(seconds=600))
    process = subprocess.Popen(
        command("run", ".", "--run-id", "r1", "--logs"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "mlops resume r1" in err
    assert "Traceback" not in err
    run = json.loads(mlops(tmp_path, "show", "r1", "--json"))
    assert run["state"] == "CANCELED"
    assert {node["name"]: node["decision"] for node in run["nodes"]} == {
        "First": "run",
        "Slow": "canceled",
    }
    (tmp_path / "pipeline.py").write_text(SLOW.format(seconds=0))
    run = json.loads(mlops(tmp_path, "resume", "r1", "--json"))
    assert run["state"] == "COMPLETE"
    assert [node["attempts"] for node in run["nodes"]] == [1, 2]


def test_reading_what_was_never_written_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").touch()
    mlops(tmp_path, "show", "last", code=2)
    assert mlops(tmp_path, "runs").startswith("no runs yet")
    assert not (tmp_path / ".mlops").exists()


def test_a_killed_run_has_failed_and_the_time_until_it_is_resumed_does_not_count(
    tmp_path: Path,
) -> None:
    (tmp_path / "mlops.toml").touch()
    (tmp_path / "pipeline.py").write_text(SLOW.format(seconds=600))
    process = subprocess.Popen(
        command("run", ".", "--run-id", "r1", "--logs", "--in-process"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while json.loads(mlops(tmp_path, "runs", "--json"))[:1] == [] or not running(tmp_path):
        assert process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()
    shown = mlops(tmp_path, "show", "r1")
    assert "run r1 of slow: failed" in shown
    assert "Slow failed: its process was killed" in shown
    assert "mlops resume r1" in shown
    killed = json.loads(mlops(tmp_path, "show", "r1", "--json"))["duration"]
    assert json.loads(mlops(tmp_path, "show", "r1", "--json"))["duration"] == killed
    (tmp_path / "pipeline.py").write_text(SLOW.format(seconds=0))
    resumed = json.loads(mlops(tmp_path, "resume", "r1", "--json"))
    assert resumed["state"] == "COMPLETE"
    waited = resumed["finished"] - resumed["started"] - resumed["duration"]
    assert waited > 0


def running(folder: Path) -> bool:
    run = json.loads(mlops(folder, "show", "last", "--json"))
    return any(node["decision"] == "running" for node in run["nodes"] if node["name"] == "Slow")


def test_a_node_ends_with_who_started_it(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").touch()
    (tmp_path / "pipeline.py").write_text(SLOW.format(seconds=600))
    mlops(tmp_path, "compile", ".", "-o", "slow.json")
    mlops(tmp_path, "run-node", "slow.json", "First", "--run-id", "r1")
    process = subprocess.Popen(
        command("run-node", "slow.json", "Slow", "--run-id", "r1", "--watch-parent"),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting" in line:
            break
    process.communicate(timeout=60)
    assert process.returncode != 0
    shown = json.loads(mlops(tmp_path, "show", "r1", "--json"))
    assert {node["name"]: node["state"] for node in shown["nodes"]}["Slow"] == "CANCELED"
