"""What `mlops airflow deploy` leaves in a folder of DAGs."""

from __future__ import annotations

import ast
import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.ir import load_file
from mlops_pipeline.runners.airflow import (
    AirflowClient,
    Deployment,
    ExecutionConfig,
    NodeConfig,
    deploy_dag,
)
from mlops_pipeline.runners.airflow.client import AirflowError
from mlops_pipeline.runners.airflow.deploy import KEPT
from mlops_pipeline.runners.airflow.step_process import Step, StepProcess, level_of

PIPELINE = """
    from mlops_pipeline import component, pipeline

    @component
    def One(number: int) -> int:
        return number

    @pipeline
    def ones(number: int = 1) -> None:
        One(number=number)
"""


@pytest.fixture
def compiled(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    return project.compile()


def test_a_dag_file_names_ir_that_is_there(compiled: Any, tmp_path: Path) -> None:
    done = deploy_dag(compiled, tmp_path, Deployment(execution={"python": "/opt/it's/python"}))
    assert load_file(done.ir_file).name == "ones"
    calls = [n for n in ast.walk(ast.parse(done.dag_file.read_text())) if isinstance(n, ast.Call)]
    texts = [n.value for call in calls for n in ast.walk(call) if isinstance(n, ast.Constant)]
    assert {done.ir_file.name, "ones", "/opt/it's/python"} <= set(texts)


def test_deploying_the_same_again_changes_no_file(compiled: Any, tmp_path: Path) -> None:
    first = deploy_dag(compiled, tmp_path, Deployment())
    before = {file: file.stat().st_ino for file in (first.ir_file, first.dag_file)}
    again = deploy_dag(compiled, tmp_path, Deployment())
    assert (first.changed, again.changed) == (True, False)
    assert before == {file: file.stat().st_ino for file in before}


def test_runs_that_have_started_keep_their_pipeline(compiled: Any, tmp_path: Path) -> None:
    found = []
    for number in range(KEPT + 3):
        edited = msgspec.structs.replace(compiled, doc=f"version {number}")
        found.append(deploy_dag(edited, tmp_path, Deployment()).ir_file)
        os.utime(found[-1], (number, number))
    assert [file.exists() for file in found] == [False] * 2 + [True] * (KEPT + 1)


def test_a_folder_that_is_not_there_is_refused(compiled: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no folder"):
        deploy_dag(compiled, tmp_path / "none", Deployment())
    with pytest.raises(SettingsError, match="is no DAG id"):
        deploy_dag(compiled, tmp_path, Deployment(".."))


def test_an_airflow_that_is_not_there_is_named() -> None:
    with pytest.raises(AirflowError, match=r"cannot reach Airflow at http://127\.0\.0\.1:9"):
        AirflowClient("http://127.0.0.1:9").trigger("ones", "r1", {})
    with pytest.raises(SettingsError, match="is not where an Airflow is"):
        AirflowClient("file:///etc/passwd")


def test_a_node_does_not_see_what_is_airflows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "hidden")
    monkeypatch.setenv("PYTHONPATH", "/airflow/plugins")
    monkeypatch.setenv("TOKEN", "sesame")
    given = ExecutionConfig(environment={"MODE": "test"}).variables({"MLOPS_STORE": "x"})
    assert not any(name.startswith(("AIRFLOW", "PYTHON")) for name in given)
    assert (given["TOKEN"], given["MODE"], given["MLOPS_STORE"]) == ("sesame", "test", "x")


def test_a_container_gets_variables_by_name_and_not_by_value(tmp_path: Path) -> None:
    config = ExecutionConfig(mode="container", image="img:1", options=["--network=host"])
    command = config.command(["run-node", "x.json"], [tmp_path], {"TOKEN"})
    assert command[:4] == ["podman", "run", "--rm", "--interactive"]
    assert "--env=TOKEN" in command
    assert f"--cidfile={tmp_path}/container" in command, "it can be removed when it does not end"
    assert command[command.index("img:1") :] == [
        *("img:1", "python3", "-m", "mlops_pipeline.cli", "run-node", "x.json")
    ]


def test_node_arguments_fit_by_pattern() -> None:
    assert NodeConfig("Train*", {"pool": "gpu"}).fits("Trainer")
    assert not NodeConfig("Train*").fits("Pusher")


def test_a_configuration_that_cannot_work_is_refused_when_it_is_written() -> None:
    for wrong, told in (
        ({"mode": "docker"}, "choose process, container or pod"),
        ({"mode": "container"}, "runs an image"),
        ({"mode": "pod", "image": "img:1"}, "needs base_dir"),
        (
            {"mode": "pod", "image": "i", "base_dir": "/app", "store": "mysql://me:secret@db/m"},
            "holds a password",
        ),
        ({"lineage_url": "http://host/{execution}"}, "cannot be filled in"),
    ):
        with pytest.raises(SettingsError, match=told):
            ExecutionConfig(**wrong)  # type: ignore[arg-type]


def test_a_link_leads_to_an_execution() -> None:
    config = ExecutionConfig(lineage_url="http://host/{run_id}/{node}#{execution_id}")
    told = {"execution_id": 7, "run_id": "dag.r/1", "node": "Trainer"}
    assert config.link(told) == "http://host/dag.r%2F1/Trainer#7"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("step 3 of 10, loss 0.2", "INFO"),
        ("WARNING:tensorflow:no gradient", "WARNING"),
        ("2026-11-28 07:02:55,723 - trainer - ERROR - no data", "ERROR"),
        ("W1128 07:02:55.723607 140 cpu_utils.cc:94] slow", "WARNING"),
        ("2026-11-28 07:02:55.723607: E tensorflow/core/x.cc:9] bad", "ERROR"),
        ("E is the base of logarithms", "INFO"),
        ("CRITICAL:root:out of memory", "CRITICAL"),
        ("warning: the store is old", "WARNING"),
        ("DEBUG:root:detail", "DEBUG"),
    ],
)
def test_lines_keep_the_level_of_whoever_printed_them(line: str, level: str) -> None:
    assert logging.getLevelName(level_of(line)) == level


class Log:
    """Keeps the lines that a step prints."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.started = threading.Event()

    def log(self, level: int, text: str, *values: str) -> None:
        self.lines.append(text % values)
        self.started.set()


def step_process(folder: Path, script: str, log: Log, grace: float) -> StepProcess:
    """A step that a shell script stands in for."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return StepProcess(ExecutionConfig(python=str(file), grace=grace), log)


def test_a_step_that_does_not_end_is_ended(tmp_path: Path) -> None:
    log = Log()
    stubborn = "trap '' TERM; echo started; while :; do sleep 0.1; done"
    process = step_process(tmp_path, stubborn, log, 0.2)
    codes: list[Any] = []
    step = Step(str(tmp_path / "x.json"), ["run-node"])
    thread = threading.Thread(target=lambda: codes.append(process.run(step)))
    thread.start()
    assert log.started.wait(30)
    process.stop()
    thread.join(30)
    assert codes == [(-9, None)]


def test_a_step_that_is_stopped_by_a_signal_handler_cleans_up(tmp_path: Path) -> None:
    log = Log()
    # More than a pipe holds: nobody else reads while the handler runs.
    clean_up = f"head -c 300000 /dev/zero; touch {tmp_path}/clean; exit 3"
    tidy = f"trap '{clean_up}' TERM; echo started; while :; do sleep 0.1; done"
    process = step_process(tmp_path, tidy, log, 30)

    def remind() -> None:
        assert log.started.wait(30)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: process.stop())
    threading.Thread(target=remind).start()
    try:
        code, _ = process.run(Step(str(tmp_path / "x.json"), ["run-node"]))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (code, (tmp_path / "clean").exists()) == (3, True)
