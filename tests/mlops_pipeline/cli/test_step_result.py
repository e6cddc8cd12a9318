from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_project import Mlops

from mlops_pipeline.cli import step_result
from mlops_pipeline.runners.airflow.termination_message import unpack

pytestmark = pytest.mark.slow  # each step is a process of its own


@pytest.fixture
def message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that Kubernetes would read the message of this container from."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    folder = tmp_path / "dev"
    folder.mkdir()
    file = folder / "termination-log"
    file.touch()
    monkeypatch.setattr(step_result, "TERMINATION_LOG", str(file))
    yield file
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_pod_ends_with_the_result_of_its_node(mlops: Mlops, message: Path) -> None:
    mlops("compile", ".", "-o", "small.json")
    node = ("run-node", "small.json", "Train", "--run-id", "r1", "--result", str(message))
    assert mlops(*node).code == 0
    assert unpack(message.read_text())["state"] == "COMPLETE"
    assert list(message.parent.iterdir()) == [message], "it is written in place"


def test_a_pod_ends_with_the_items_of_a_loop_and_with_the_end(mlops: Mlops, message: Path) -> None:
    mlops("run", ".", "--run-id", "r1")
    mlops("compile", ".", "-o", "small.json")
    (loop,) = json.loads(Path("small.json").read_text())["loops"]
    items = ("loop-items", "small.json", loop["id"], "--run-id", "r2", "--result", str(message))
    assert mlops(*items).code == 0
    assert unpack(message.read_text()) == ["0", "1"]
    assert mlops("end-run", "r1", "--result", str(message)).code == 0
    assert unpack(message.read_text()) == {"run_id": "r1", "state": "COMPLETE"}


def test_the_log_of_a_failed_node_has_its_traceback(mlops: Mlops) -> None:
    mlops("compile", ".", "-o", "small.json")
    for node in ("Train", "Check"):
        parameters = ("--parameters", json.dumps({"steps": 13}))
        done = mlops("run-node", "small.json", node, "--run-id", "r1", *parameters)
    assert done.code == 75
    assert "Traceback" in done.err
    assert 'raise ValueError("unlucky")' in done.err
    assert done.data["reason"] == "ValueError: unlucky", "standard output is the result alone"


@pytest.mark.parametrize("command", ["run-node", "loop-items", "end-run"])
def test_a_result_that_cannot_be_written_is_refused_first(mlops: Mlops, command: str) -> None:
    mlops("compile", ".", "-o", "small.json")
    (loop,) = json.loads(Path("small.json").read_text())["loops"]
    words = {
        "run-node": ["small.json", "Train", "--run-id", "r1"],
        "loop-items": ["small.json", loop["id"], "--run-id", "r1"],
        "end-run": ["r1"],
    }[command]
    done = mlops(command, *words, "--result", "gone/x.json")
    assert done.code != 0
    assert "--result gone/x.json cannot be written" in done.err
    assert mlops("runs", "--json").data == []
