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
