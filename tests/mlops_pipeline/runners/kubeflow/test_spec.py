"""A pipeline as Kubeflow gets it, and the steps that its containers do."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from kubeflow_launcher import Cluster, RefusedError
from kubeflow_pipelines import (
    each_node_a_process,
    spec_of,
    tasks_of,
)

from mlops_pipeline import ir as ir_file
from mlops_pipeline.errors import CompileError, SettingsError
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.kubeflow import KubeflowOptions, to_vertex, to_yaml
from mlops_pipeline.runners.kubeflow.__main__ import main
from mlops_pipeline.runners.kubeflow.parameter_values import received
from mlops_pipeline.store import State, open_store


def test_nodes_wait_for_what_they_need(squares: PipelineIR) -> None:
    spec, _ = spec_of(squares)
    nodes = tasks_of(spec, "comp-nodes")
    assert nodes["items-numbers"]["dependentTasks"] == ["count"]
    assert nodes["numbers"]["dependentTasks"] == ["items-numbers"]
    assert nodes["many"]["dependentTasks"] == ["count"]
    assert "dependentTasks" not in nodes["push"]
    assert list(tasks_of(spec, "comp-loop-numbers")) == ["square"]


def test_the_root_begins_runs_tells_and_ends(squares: PipelineIR) -> None:
    root = spec_of(squares)[0]["root"]["dag"]["tasks"]
    assert {name: task.get("dependentTasks") for name, task in root.items()} == {
        "begin": None,
        "nodes": ["begin"],
        # The exit handlers run in it: Kubeflow has one task for the end, and no chains of them.
        "end": ["nodes"],
    }
    assert root["end"]["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}


def test_kubeflows_own_cache_is_off_for_every_task(squares: PipelineIR) -> None:
    spec, _ = spec_of(squares)
    dags = [spec["root"], *(c for c in spec["components"].values() if "dag" in c)]
    options = [t["cachingOptions"] for dag in dags for t in dag["dag"]["tasks"].values()]
    assert options == [{}] * 9


def test_run_parameters_keep_type_and_default(squares: PipelineIR) -> None:
    found = spec_of(squares)[0]["root"]["inputDefinitions"]["parameters"]
    reserved = {"force_run", "run_from", "run_to", "run_only", "base_run"}
    assert set(found) - {"rows", "names", "note"} == reserved
    assert found["force_run"]["defaultValue"] is False
    assert {name: found[name] for name in ("rows", "names", "note")} == {
        "rows": {"parameterType": "NUMBER_INTEGER", "isOptional": True, "defaultValue": 2},
        "names": {"parameterType": "LIST", "isOptional": True, "defaultValue": ["a"]},
        "note": {"parameterType": "STRING", "isOptional": True},
    }


def test_a_password_in_the_store_url_is_refused(squares: PipelineIR) -> None:
    with pytest.raises(SettingsError, match="password"):
        spec_of(squares, store="mysql://user:sec/ret@db/mlmd")


def test_the_same_pipeline_gives_the_same_bytes(squares: PipelineIR) -> None:
    options = KubeflowOptions(image="img:1")
    assert to_yaml(squares, options) == to_yaml(squares, options)


"""For tests that start a process for every node: not in the light suite, which is to be quick."""


def states(folder: Path) -> dict[str, str]:
    store = open_store(f"memory://{folder}")
    return {
        ".".join([e.node_id, *map(str, e.iteration)]): str(e.state)
        for e in store.executions_of_run(f"kfp-{folder.name}")
    }


@each_node_a_process
def test_the_containers_of_a_run_do_what_the_local_runner_does(
    cluster: Cluster, tmp_path: Path
) -> None:
    assert not cluster.run({"rows": 4.0, "names": ["a"]})
    assert states(tmp_path) == {
        "Count": "COMPLETE",
        "Square.0": "COMPLETE",
        "Square.1": "COMPLETE",
        "Square.2": "COMPLETE",
        "Square.3": "FAILED",
        "many": "SKIPPED",
        "Push": "COMPLETE",
        "told": "COMPLETE",
    }
    # An error in a component may go away: Kubeflow makes all three attempts at the last one.
    assert cluster.codes["Square"] == [0, 0, 0, 1, 1, 1]
    assert (cluster.codes["many"], cluster.codes["end"]) == ([0], [0])
    store = open_store(f"memory://{tmp_path}")
    told = [e for e in store.executions_of_run(f"kfp-{tmp_path.name}") if e.node_id == "told"]
    assert told[0].parameters == {"text": "FAILED"}
    run = store.get_run(f"kfp-{tmp_path.name}")
    assert run is not None
    assert (run.state, run.parameters["rows"]) == (State.FAILED, 4)


@each_node_a_process
def test_an_iteration_that_never_ran_fails_the_run(cluster: Cluster, tmp_path: Path) -> None:
    inner = tasks_of(cluster.spec, "comp-nodes")["numbers"]
    inner["parameterIterator"]["items"] = {"raw": '["0"]'}
    cluster.run({"rows": 2})
    assert (states(tmp_path)["Square.0"], "Square.1" in states(tmp_path)) == ("COMPLETE", False)
    run = open_store(f"memory://{tmp_path}").get_run(f"kfp-{tmp_path.name}")
    assert run is not None
    assert run.state is State.FAILED


def test_a_node_of_a_run_that_never_began_is_a_mistake(
    cluster: Cluster, project: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["node", "--run-id", "nope", "--base-dir", str(project.folder), "--node", "Count"]
    assert main(argv) == 2
    assert "run nope has not begun in this store" in capsys.readouterr().err


def test_the_pipeline_is_in_its_file_once(squares: PipelineIR) -> None:
    spec, _ = spec_of(squares)
    arguments = spec["deploymentSpec"]["executors"]["exec-begin"]["container"]["args"]
    packed = "".join(arguments[arguments.index("--ir") + 1 :])
    assert ir_file.load(zlib.decompress(base64.b64decode(packed))) == squares


def test_vertex_gets_one_document_without_pods(project: Any, squares: PipelineIR) -> None:
    with pytest.raises(CompileError, match="Push needs secret TOKEN"):
        to_vertex(squares, KubeflowOptions(image="img:1"))
    with pytest.raises(SettingsError, match="no pods to set up"):
        to_vertex(squares, KubeflowOptions(image="img:1", customize={"*": print}))
    kept = tuple(node for node in squares.nodes if node.id != "Push")
    open_ = ir_file.msgspec.structs.replace(squares, nodes=kept)
    spec = json.loads(to_vertex(open_, KubeflowOptions(image="img:1")))
    assert (spec["schemaVersion"], list(spec["root"]["dag"]["tasks"])) == (
        "2.1.0",
        ["begin", "end", "nodes"],
    )


def test_a_chain_of_exit_tasks_would_be_lost(cluster: Cluster) -> None:
    root = cluster.spec["root"]["dag"]["tasks"]
    root["more"] = {**root["end"], "dependentTasks": ["end"]}
    with pytest.raises(RefusedError, match="would never run"):
        cluster.run({})


def test_a_kubeflow_that_does_not_tell_the_run_is_refused(
    project: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["end", "--run-id", "kfp-{{$.pipeline_job_uuid}}", "--base-dir", str(project.folder)]
    assert main(argv) == 2
    assert "does not say which run" in capsys.readouterr().err


def test_values_arrive_with_the_types_of_the_pipeline(squares: PipelineIR) -> None:
    assert received(squares, {"rows": 3.0, "note": "7", "unknown": 1}) == {"rows": 3, "note": "7"}
