"""What Airflow reads: the DAG files of this repository, and what Kubernetes is asked for."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from airflow_cases import AIRFLOW
from suite import HERE, ROOT

from mlops_pipeline import ir as ir_file
from mlops_pipeline.authoring import load_pipeline

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not AIRFLOW, reason="MLOPS_TEST_AIRFLOW names no airflow command"),
]

EVERYTHING = ROOT / "tests" / "golden" / "everything.py"

DAG_FILE = """
from pathlib import Path
from mlops_pipeline.runners.airflow import ExecutionConfig, NodeConfig, PipelineDag

pods = ExecutionConfig(
    mode="pod",
    image="registry/everything:1",
    store="mysql://mlmd@db/mlmd",
    root="/mnt/artifacts",
    base_dir="/app",
    environment={"MODE": "test"},
    secrets={"PUSH_TOKEN": "vault/token"},
    pod={"namespace": "ml", "service_account_name": "trainer"},
    lineage_url="http://lineage/{execution_id}",
)
PipelineDag(Path(__file__).with_name("everything.json"), dag_id="pods", execution=pods)
"""

REFUSED = """
from mlops_pipeline.runners.airflow import ExecutionConfig, PipelineDag

PipelineDag("{name}.json", execution=ExecutionConfig(mode="in_process", base_dir={base_dir!r}))
"""
HEAVY = """
from mlops_pipeline import component, pipeline

@component
def Fit() -> None:
    import tensorflow

@pipeline
def heavy() -> None:
    Fit()
"""


def write_refused(folder: Path, everything: Any) -> None:
    """Write DAG files of nodes that need another environment than Airflow's."""
    steps = folder.with_name("steps")
    for each in (folder, steps):
        each.mkdir()
    file = steps / "heavy.py"
    file.write_text(HEAVY)
    heavy = load_pipeline(f"{file}:heavy", project=steps).compile()
    for name, ir in (("everything", everything), ("heavy", heavy)):
        (folder / f"{name}.json").write_bytes(ir_file.dump(ir))
        text = REFUSED.format(name=name, base_dir=str(steps))
        (folder / f"{name}.py").write_text(text)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What Airflow makes of `dags/`, and of a DAG whose nodes run in pods."""
    folder = tmp_path_factory.mktemp("dags")
    for file in (ROOT / "dags").glob("*.py"):
        shutil.copy(file, folder)
    for name in ("penguin", "taxi"):
        shutil.copy(ROOT / "tests" / "golden" / f"{name}.json", folder)
    everything = load_pipeline(f"{EVERYTHING}:everything", project=EVERYTHING.parent).compile()
    (folder / "everything.json").write_bytes(ir_file.dump(everything))
    (folder / "pods.py").write_text(DAG_FILE)
    refused = tmp_path_factory.mktemp("more") / "refused"
    write_refused(refused, everything)
    home = tmp_path_factory.mktemp("home")
    foreign = ("AIRFLOW", "PYTHON", "VIRTUAL_ENV")
    done = subprocess.run(
        [str(Path(AIRFLOW).with_name("python")), str(HERE / "airflow_check.py"), folder, refused],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(foreign)},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
    )
    sys.stderr.write(done.stderr)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_dag_files_of_this_repository_are_read(read: Any) -> None:
    assert read["errors"] == {}
    own = {file.stem for file in (ROOT / "dags").glob("*.py")}
    assert set(read["dags"]) == {*own, "pods"}
    assert {"CsvExampleGen", "Trainer", "Pusher", "end_run"} <= set(
        read["dags"]["penguin_daily"]["tasks"]
    )


def test_nodes_that_need_another_environment_are_refused_in_airflows_own(read: Any) -> None:
    assert set(read["refused"]) == {"everything", "heavy"}
    assert "Fit imports tensorflow, which is not installed" in read["refused"]["heavy"]
    assert "imports apache_beam" in read["refused"]["everything"]
    assert 'NodeConfig("Fit"' in read["refused"]["heavy"]


def test_parameters_are_written_once_a_dag(read: Any) -> None:
    daily = read["dags"]["penguin_daily"]
    assert set(daily["params"]) == {
        *("data", "train_steps", "learning_rate", "serving_dir"),
        *("force_run", "run_from", "run_to", "run_only", "base_run"),
    }
    assert daily["task params"] == 0


def test_only_nodes_with_a_lineage_url_have_a_link(read: Any) -> None:
    assert read["dags"]["penguin_daily"]["links"] == []
    pods = read["dags"]["pods"]
    plain = {task for task in pods["tasks"] if not task.startswith("items_")} - {"end_run"}
    assert set(pods["links"]) == plain


def test_a_node_in_a_pod_asks_kubernetes_for_what_it_needs(read: Any) -> None:
    push = read["dags"]["pods"]["pods"]["Push"]
    assert push["metadata"]["namespace"] == "ml"
    assert push["spec"]["serviceAccountName"] == "trainer"
    assert push["spec"]["terminationGracePeriodSeconds"] == 20
    (container,) = push["spec"]["containers"]
    assert container["image"] == "registry/everything:1"
    assert container["args"] == ["run-node", "-", "Push", "--result", "/dev/termination-log"]
    given = {each["name"]: each for each in container["env"]}
    assert given["PUSH_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": "vault", "key": "token"}
    assert given["MLOPS_STORE"]["value"] == "mysql://mlmd@db/mlmd"
    ir = zlib.decompress(base64.b64decode(given["MLOPS_IR"]["value"]))
    assert ir_file.load(ir, source="the pod").name == "everything"


def test_a_pod_has_the_resources_of_its_node(read: Any) -> None:
    (container,) = read["dags"]["pods"]["pods"]["Train"]["spec"]["containers"]
    asked = {"cpu": "2", "memory": str(4 * 2**30), "gpu": "1"}
    assert container["resources"] == {"requests": asked, "limits": asked}
