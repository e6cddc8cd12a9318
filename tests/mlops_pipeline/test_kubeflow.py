"""A pipeline as Kubeflow gets it, and the steps that its containers do."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from kubeflow_launcher import Cluster, RefusedError

from mlops_pipeline import ir as ir_file
from mlops_pipeline.errors import CompileError, SettingsError
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.kubeflow import KubeflowOptions, to_vertex, to_yaml
from mlops_pipeline.runners.kubeflow.__main__ import main
from mlops_pipeline.runners.kubeflow.parameter_values import received
from mlops_pipeline.runners.kubeflow.spec import pipeline_spec
from mlops_pipeline.runners.kubeflow.ui_cards import local_path
from mlops_pipeline.store import State, open_store

PIPELINE = """
    from mlops_pipeline import (
        ExitHandler, ForEach, Resources, Secret, When, component, pipeline, run_info
    )

    @component
    def Count(rows: int, names: list[str]) -> list[int]:
        return list(range(rows)) if names else []

    @component
    def Square(number: int) -> int:
        if number == 3:
            raise ValueError("three is too many")
        return number * number

    @component
    def Total(numbers: list[int]) -> int:
        return sum(numbers)

    @component
    def Tell(text: str) -> None:
        print(text)

    @component
    def Push(token: Secret) -> None:
        assert token == "sesame"

    @pipeline
    def squares(rows: int = 2, names: list[str] = ["a"], note: str | None = None) -> None:
        count = Count(rows=rows, names=names)
        with ForEach(count.outputs.output.value, id="numbers") as number:
            Square.options(retries=2, retry_wait=3)(number=number)
        with When(rows > 100):
            Tell.options(id="many", after=[count])(text="many")
        Push.options(timeout=30, resources=Resources(cpu=2, memory="1Gi"))(token=Secret("TOKEN"))
        with ExitHandler():
            Tell.options(id="told")(text=run_info.state)
"""


@pytest.fixture
def squares(project: Any) -> PipelineIR:
    project.write("pipeline.py", PIPELINE)
    compiled: PipelineIR = project.compile()
    return compiled


def spec_of(ir: PipelineIR, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    documents = pipeline_spec(ir, KubeflowOptions(image="img:1", **options))
    return documents[0], documents[1]


def tasks_of(spec: dict[str, Any], component: str) -> dict[str, Any]:
    found: dict[str, Any] = spec["components"][component]["dag"]["tasks"]
    return found


def executor_of(spec: dict[str, Any], node: str) -> str:
    component = spec["components"][tasks_of(spec, "comp-nodes")[node]["componentRef"]["name"]]
    label: str = component["executorLabel"]
    return label


def pods_of(platform: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return found


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


def test_retries_resources_limits_and_secrets_are_passed_on(squares: PipelineIR) -> None:
    spec, platform = spec_of(squares, secrets={"TOKEN": ("vault", "token")})
    retry = tasks_of(spec, "comp-loop-numbers")["square"]["retryPolicy"]
    assert (retry["maxRetryCount"], retry["backoffDuration"]) == (2, "3s")
    label = executor_of(spec, "push")
    asked = spec["deploymentSpec"]["executors"][label]["container"]["resources"]
    assert asked == {
        **dict.fromkeys(("resourceCpuLimit", "resourceCpuRequest"), "2"),
        **dict.fromkeys(("cpuLimit", "cpuRequest"), 2.0),
        **dict.fromkeys(("resourceMemoryLimit", "resourceMemoryRequest"), str(2**30)),
        **dict.fromkeys(("memoryLimit", "memoryRequest"), 1.073741824),
    }
    pod = pods_of(platform)[label]
    assert pod["secretAsEnv"] == [
        {"secretName": "vault", "keyToEnv": [{"secretKey": "token", "envVar": "TOKEN"}]}
    ]
    assert int(pod["activeDeadlineSeconds"]) > 30


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


def test_a_user_sets_up_pods_by_node(squares: PipelineIR) -> None:
    def on_gpu_nodes(task: Any) -> None:
        task.platform_config.setdefault("kubernetes", {})["nodeSelector"] = {"labels": {"gpu": "1"}}

    spec, platform = spec_of(squares, customize={"Push": on_gpu_nodes})
    pods = pods_of(platform)
    assert pods[executor_of(spec, "push")]["nodeSelector"] == {"labels": {"gpu": "1"}}
    assert executor_of(spec, "count") not in pods
    with pytest.raises(SettingsError, match=r"no node 'Psh'.*") as caught:
        spec_of(squares, customize={"Psh": on_gpu_nodes})
    assert "Push" in caught.value.hint


def test_a_password_in_the_store_url_is_refused(squares: PipelineIR) -> None:
    with pytest.raises(SettingsError, match="password"):
        spec_of(squares, store="mysql://user:sec/ret@db/mlmd")


def test_the_same_pipeline_gives_the_same_bytes(squares: PipelineIR) -> None:
    options = KubeflowOptions(image="img:1")
    assert to_yaml(squares, options) == to_yaml(squares, options)


def test_a_loop_that_waits_for_its_own_result_is_refused(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from mlops_pipeline import ForEach, component, pipeline

        @component
        def One(number: int) -> int:
            return number

        @component
        def Last(after: int = 0) -> int:
            return after

        @pipeline
        def tangled() -> None:
            with ForEach([1, 2], id="loop") as number:
                first = One.options(id="first")(number=number)
                between = Last.options(id="between", after=[])(after=1)
            outside = Last.options(id="outside", after=["first"])()
            with ForEach([1, 2], id="other") as number:
                One.options(id="second", after=[outside])(number=number)
        """,
    )
    compiled = project.compile()
    nodes = [
        ir_file.msgspec.structs.replace(n, loops=("loop",)) if n.id == "second" else n
        for n in compiled.nodes
    ]
    tangled = ir_file.msgspec.structs.replace(compiled, nodes=tuple(nodes))
    with pytest.raises(CompileError, match=r"loop loop: outside") as caught:
        spec_of(tangled)
    assert "two loops" in caught.value.hint


each_node_a_process = pytest.mark.mlmd
"""For tests that start a process for every node: not in the light suite, which is to be quick."""


@pytest.fixture
def cluster(
    squares: PipelineIR, project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cluster:
    monkeypatch.setenv("MLOPS_STORE", f"memory://{tmp_path}")
    monkeypatch.setenv("MLOPS_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("TOKEN", "sesame")
    spec, _ = spec_of(squares, base_dir=str(project.folder))
    return Cluster(spec, tmp_path, main)


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
def test_kubeflows_pages_show_each_node_also_from_the_cache(
    cluster: Cluster, tmp_path: Path
) -> None:
    assert cluster.run({"rows": 2})
    again = Cluster(cluster.spec, tmp_path, main)
    again.run_id = "second"
    assert again.run({"rows": 2})
    for run, state in ((cluster, "COMPLETE"), (again, "CACHED")):
        assert run.uploads["Count/card"].startswith(f"# Count\n\n**{state}**")
        shown = run.told["Count"]["artifacts"]
        assert shown["card"]["artifacts"][0]["metadata"]["mlops_state"] == state
        # The launcher fails a task that names a URI outside its own folder.
        assert all("uri" not in each for key in shown for each in shown[key]["artifacts"])
    assert cluster.uploads["many/card"].startswith("# many\n\n**SKIPPED**")


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


def test_nodes_that_ask_for_the_same_share_a_container(project: Any) -> None:
    project.write(
        "pipeline.py",
        """
        from mlops_pipeline import Resources, component, pipeline

        @component
        def One(number: int) -> int:
            return number

        @pipeline
        def many() -> None:
            for number in range(20):
                One.options(id=f"one_{number}")(number=number)
            One.options(id="big", resources=Resources(cpu=2))(number=1)
            One.options(id="gpu", resources=Resources(accelerator="gpu.com/x"))(number=1)
        """,
    )
    spec = pipeline_spec(project.compile(), KubeflowOptions(image="img:1"))[0]
    tasks = tasks_of(spec, "comp-nodes")
    assert len({tasks[f"one-{n}"]["componentRef"]["name"] for n in range(20)}) == 1
    assert len({each["componentRef"]["name"] for each in tasks.values()}) == 3
    given = tasks["one-7"]["inputs"]["parameters"]
    assert given["mlops--node"] == {"runtimeValue": {"constant": "one_7"}}
    # Kubeflow fills this in where it is all of an input, and nowhere else.
    assert given["mlops--run"] == {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}}
    containers = [each["container"] for each in spec["deploymentSpec"]["executors"].values()]
    assert not any("pipeline_job" in text for each in containers for text in each["args"])
    accelerator = [c["resources"]["accelerator"] for c in containers if "accelerator" in str(c)]
    assert accelerator == [
        {"type": "gpu.com/x", "count": "1", "resourceType": "gpu.com/x", "resourceCount": "1"}
    ]


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


def test_outputs_are_looked_for_where_the_launcher_looks() -> None:
    assert str(local_path("gs://b/v2/x")) == "/gcs/b/v2/x"
    assert str(local_path("minio://b/x")) == "/minio/b/x"
    assert str(local_path("s3://b/x")) == "/s3/b/x"
    assert str(local_path("oci://b/x")) == "/oci/b/x"
    assert str(local_path("/tmp/x")) == "/tmp/x"


def test_values_arrive_with_the_types_of_the_pipeline(squares: PipelineIR) -> None:
    assert received(squares, {"rows": 3.0, "note": "7", "unknown": 1}) == {"rows": 3, "note": "7"}
