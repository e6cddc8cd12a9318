"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_deploying_to_airflow_says_what_was_done(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    assert mlops("airflow", "deploy", ".", "--dags", "dags").out.endswith("small.py: written\n")
    assert mlops("airflow", "deploy", ".", "--dags", "dags").out.endswith("small.py: unchanged\n")
    wrong = mlops("airflow", "deploy", ".", "--dags", "dags", "--span", "day")
    assert wrong.code == 2
    assert "has no parameter 'day'" in wrong.err


def test_deploying_for_the_processes_of_tasks_names_no_interpreter(
    mlops: Mlops, tmp_path: Path
) -> None:
    (tmp_path / "dags").mkdir()
    words = ("airflow", "deploy", ".", "--dags", "dags", "--in-process")
    assert mlops(*words).code == 0
    text = (tmp_path / "dags" / "small" / "small.py").read_text()
    assert "mode='in_process'" in text
    assert "python=" not in text
    wrong = mlops(*words, "--python", "/srv/python")
    assert wrong.code == 2
    assert "--python names another" in wrong.err
