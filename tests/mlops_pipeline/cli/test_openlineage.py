"""`mlops openlineage`: send what waits, and say what does."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from back_end import back_end
from cli_project import Mlops

needs_client = pytest.mark.skipif(
    importlib.util.find_spec("openlineage") is None, reason="needs openlineage-python"
)


@pytest.fixture
def spooled(mlops: Mlops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mlops:
    monkeypatch.setenv("MLOPS_OPENLINEAGE_SPOOL", str(tmp_path / "spool"))
    return mlops


def test_without_settings_nothing_is_recorded(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run")
    result = mlops("openlineage", "status")
    assert result.code == 2
    assert "openlineage.url" in result.err
    assert not list(tmp_path.rglob("*.jsonl"))


def test_the_events_of_a_run_wait(spooled: Mlops, tmp_path: Path) -> None:
    spooled("run")
    found = json.loads(spooled("openlineage", "status", "--json").out)
    assert found["waiting"] > 2
    assert found["spool"] == str(tmp_path / "spool")
    assert f"{found['waiting']} events wait" in spooled("openlineage", "status").out


def test_without_an_address_nothing_is_sent(spooled: Mlops) -> None:
    spooled("run")
    result = spooled("openlineage", "send")
    assert result.code == 2
    assert "MLOPS_OPENLINEAGE_URL" in result.err


@needs_client
def test_what_waits_is_sent(spooled: Mlops, monkeypatch: pytest.MonkeyPatch) -> None:
    spooled("run", "--run-id", "r1")
    waiting = json.loads(spooled("openlineage", "status", "--json").out)["waiting"]
    with back_end() as server:
        monkeypatch.setenv("MLOPS_OPENLINEAGE_URL", server.url)
        result = spooled("openlineage", "send", "--json")
        assert result.code == 0
        assert json.loads(result.out) == {"sent": waiting, "refused": 0, "left": ""}
        # The events of a run whose spool is gone, as in a pod, are made again from the store.
        assert spooled("openlineage", "send", "--run", "r1").code == 0
    ends = [e["run"]["runId"] for e in server.events if e["eventType"] == "COMPLETE"]
    assert sorted(ends[: len(ends) // 2]) == sorted(ends[len(ends) // 2 :])


@needs_client
def test_what_is_not_taken_waits(spooled: Mlops, monkeypatch: pytest.MonkeyPatch) -> None:
    spooled("run")
    with back_end(lambda event: 503) as server:
        monkeypatch.setenv("MLOPS_OPENLINEAGE_URL", server.url)
        result = spooled("openlineage", "send")
        assert result.code == 1
        assert "503" in result.err
        assert "last attempt" in spooled("openlineage", "status").out


@pytest.mark.slow  # Starts interpreters.
@needs_client
def test_steps_of_a_scheduler_record_into_one_spool(
    spooled: Mlops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spooled("compile", "-o", "ir.json")
    steps = [["Train"], ["Check"], ["Square", "--iteration=0"], ["Square", "--iteration=1"]]
    # As Airflow's tasks do: a process each, which know nothing of each other.
    monkeypatch.setenv("MLOPS_STORE", f"sqlite:///{tmp_path}/m.db")
    for step in steps:
        command = [sys.executable, "-m", "mlops_pipeline.cli", "run-node", "ir.json", *step]
        done = subprocess.run([*command, "--run-id", "r1"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert spooled("end-run", "r1").code == 0
    with back_end() as server:
        monkeypatch.setenv("MLOPS_OPENLINEAGE_URL", server.url)
        assert spooled("openlineage", "send").code == 0
    told = [(e["job"]["name"].rpartition(".")[2], e["eventType"]) for e in server.events]
    assert [(step[0], kind) for step in steps for kind in ("START", "COMPLETE")] == told[1:-1]
    parents = [e["run"]["facets"]["parent"]["run"]["runId"] for e in server.events[1:-1]]
    assert {*parents} == {e["run"]["runId"] for e in (server.events[0], server.events[-1])}
