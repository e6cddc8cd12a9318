"""What `mlops airflow deploy` leaves in a folder of DAGs."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.ir_check import load_file
from mlops_pipeline.runners.airflow import (
    Deployment,
    deploy_dag,
)
from mlops_pipeline.runners.airflow.deploy import KEPT

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
