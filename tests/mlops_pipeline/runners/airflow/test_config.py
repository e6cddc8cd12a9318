"""What `mlops airflow deploy` leaves in a folder of DAGs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.airflow import (
    ExecutionConfig,
    NodeConfig,
)


def test_a_node_does_not_see_what_is_airflows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "hidden")
    monkeypatch.setenv("PYTHONPATH", "/airflow/plugins")
    monkeypatch.setenv("TOKEN", "sesame")
    given = ExecutionConfig(environment={"MODE": "test"}).variables({"MLOPS_STORE": "x"})
    assert not any(name.startswith(("AIRFLOW", "PYTHON")) for name in given)
    assert (given["TOKEN"], given["MODE"], given["MLOPS_STORE"]) == ("sesame", "test", "x")


def test_a_node_in_the_tasks_process_has_its_imports_but_not_airflows_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "hidden")
    monkeypatch.setenv("PYTHONPATH", "/packages")
    config = ExecutionConfig(mode="in_process", python=sys.executable)
    given = config.variables({})
    assert not any(name.startswith("AIRFLOW") for name in given)
    assert given["PYTHONPATH"] == "/packages"
    assert config.command(["run-node"], [], set())[0] == sys.executable


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
        ({"mode": "docker"}, "choose process, in_process, container or pod"),
        ({"mode": "container"}, "runs an image"),
        ({"mode": "pod", "image": "img:1"}, "needs base_dir"),
        ({"mode": "in_process", "image": "img:1"}, "Airflow's own environment, not with image"),
        (
            {"mode": "in_process", "python": "/elsewhere/python"},
            "not with python /elsewhere/python",
        ),
        (
            {"mode": "pod", "image": "i", "base_dir": "/app", "store": "mysql://me:secret@db/m"},
            "holds a password",
        ),
        ({"lineage_url": "http://host/{execution}"}, "cannot be filled in"),
    ):
        with pytest.raises(SettingsError, match=told):
            ExecutionConfig(**wrong)  # type: ignore[arg-type]
