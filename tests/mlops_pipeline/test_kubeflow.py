"""A pipeline as Kubeflow gets it, and the steps that its containers do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline import ir as ir_file
from mlops_pipeline.errors import CompileError, SettingsError
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.kubeflow.__main__ import main
from mlops_pipeline.runners.kubeflow.options import KubeflowOptions
from mlops_pipeline.runners.kubeflow.spec import pipeline_spec, to_yaml
from mlops_pipeline.runners.kubeflow.values import received
from mlops_pipeline.store import State
from mlops_pipeline.stores import open_store

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
        "told": ["nodes"],
        "end": ["told"],
    }
    always = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    assert root["told"]["triggerPolicy"] == root["end"]["triggerPolicy"] == always


def test_kubeflows_own_cache_is_off_for_every_task(squares: PipelineIR) -> None:
    spec, _ = spec_of(squares)
    dags = [spec["root"], *(c for c in spec["components"].values() if "dag" in c)]
    options = [t["cachingOptions"] for dag in dags for t in dag["dag"]["tasks"].values()]
    assert options == [{}] * 10


def test_retries_resources_limits_and_secrets_are_passed_on(squares: PipelineIR) -> None:
    spec, platform = spec_of(squares, secrets={"TOKEN": ("vault", "token")})
    retry = tasks_of(spec, "comp-loop-numbers")["square"]["retryPolicy"]
    assert (retry["maxRetryCount"], retry["backoffDuration"]) == (2, "3s")
    push = spec["deploymentSpec"]["executors"]["exec-push"]["container"]
    assert push["resources"]["resourceCpuLimit"] == "2"
    assert push["resources"]["resourceMemoryLimit"] == str(2**30)
    pod = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-push"]
    assert pod["secretAsEnv"] == [
        {"secretName": "vault", "keyToEnv": [{"secretKey": "token", "envVar": "TOKEN"}]}
    ]
    assert int(pod["activeDeadlineSeconds"]) > 30


def test_run_parameters_keep_type_and_default(squares: PipelineIR) -> None:
    found = spec_of(squares)[0]["root"]["inputDefinitions"]["parameters"]
    assert set(found) - {"rows", "names", "note"} == {"run_from", "run_to", "run_only", "base_run"}
    assert {name: found[name] for name in ("rows", "names", "note")} == {
        "rows": {"parameterType": "NUMBER_INTEGER", "isOptional": True, "defaultValue": 2},
        "names": {"parameterType": "LIST", "isOptional": True, "defaultValue": ["a"]},
        "note": {"parameterType": "STRING", "isOptional": True},
    }


def test_a_user_sets_up_pods_by_node(squares: PipelineIR) -> None:
    def on_gpu_nodes(task: Any) -> None:
        task.platform_config.setdefault("kubernetes", {})["nodeSelector"] = {"labels": {"gpu": "1"}}

    _, platform = spec_of(squares, customize={"Push": on_gpu_nodes})
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert pods["exec-push"]["nodeSelector"] == {"labels": {"gpu": "1"}}
    assert "exec-count" not in pods
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


class Cluster:
    """Runs the steps of a spec in this process, in the order that Kubeflow keeps to."""

    def __init__(self, spec: dict[str, Any], folder: Path) -> None:
        self.spec = spec
        self.folder = folder
        self.codes: dict[str, list[int]] = {}
        self.outputs: dict[str, Any] = {}

    def run(self, parameters: dict[str, Any]) -> None:
        self._dag(self.spec["root"]["dag"]["tasks"], parameters, {})

    def _dag(self, tasks: dict[str, Any], root: dict[str, Any], given: dict[str, Any]) -> bool:
        well: dict[str, bool] = {}
        for name, task in _ordered(tasks):
            always = task.get("triggerPolicy", {}).get("strategy")
            if not always and not all(well.get(n, False) for n in task.get("dependentTasks", [])):
                well[name] = False
                continue
            values = {"pipelinechannel--iteration": given.get("pipelinechannel--iteration")}
            component = self.spec["components"][task["componentRef"]["name"]]
            if "executorLabel" in component:
                well[name] = self._container(name, component, root, values)
            elif "parameterIterator" in task:
                inner = component["dag"]["tasks"]
                items = task["parameterIterator"]["items"]
                found = (
                    json.loads(items["raw"]) if "raw" in items else self.outputs[f"items-{name}"]
                )
                # All of them, whatever becomes of one: Kubeflow starts them at once.
                ended = [self._dag(inner, root, {"pipelinechannel--iteration": i}) for i in found]
                well[name] = all(ended)
            else:
                well[name] = self._dag(component["dag"]["tasks"], root, values)
        return all(well.values())

    def _container(
        self, name: str, component: Any, root: dict[str, Any], values: dict[str, Any]
    ) -> bool:
        container = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]
        output = self.folder / f"{name}-{uuid.uuid4().hex}.json"
        shadows = component.get("outputDefinitions", {}).get("artifacts", {})
        message = {
            "inputs": {"parameterValues": root},
            "outputs": {
                "outputFile": str(output),
                "artifacts": {
                    key: {"artifacts": [{"name": key, "uri": str(self.folder / f"{name}.{key}")}]}
                    for key in shadows
                },
            },
        }
        argv = [
            argument.replace("{{$.pipeline_job_uuid}}", self.folder.name)
            .replace("{{$}}", json.dumps(message))
            .replace(
                "{{$.inputs.parameters['pipelinechannel--iteration']}}",
                str(values["pipelinechannel--iteration"]),
            )
            for argument in container["container"]["args"]
        ]
        code = main(argv)
        self.codes.setdefault(name, []).append(code)
        if output.exists():
            told = json.loads(output.read_text())
            self.outputs[name] = told.get("parameterValues", {}).get("Output", told)
        return code == 0


def _ordered(tasks: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    left = dict(tasks)
    while left:
        name = next(
            n for n, t in left.items() if not left.keys() & set(t.get("dependentTasks", ()))
        )
        yield name, left.pop(name)


@pytest.fixture
def cluster(
    squares: PipelineIR, project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cluster:
    monkeypatch.setenv("MLOPS_STORE", f"memory://{tmp_path}")
    monkeypatch.setenv("MLOPS_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("TOKEN", "sesame")
    spec, _ = spec_of(squares, base_dir=str(project.folder))
    return Cluster(spec, tmp_path)


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
    cluster.run({"rows": 4.0, "names": ["a"]})
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
    assert (cluster.codes["square"], cluster.codes["many"]) == ([0, 0, 0, 1], [0])
    store = open_store(f"memory://{tmp_path}")
    told = [e for e in store.executions_of_run(f"kfp-{tmp_path.name}") if e.node_id == "told"]
    assert told[0].parameters == {"text": "FAILED"}
    run = store.get_run(f"kfp-{tmp_path.name}")
    assert run is not None
    assert (run.state, run.parameters["rows"]) == (State.FAILED, 4)
    card = (tmp_path / "count.card").read_text()
    assert card.startswith("# Count\n\n**COMPLETE**")
    shown = cluster.outputs["count"]["artifacts"]
    assert shown["card"]["artifacts"][0]["metadata"]["mlops_state"] == "COMPLETE"
    # Kubeflow's launcher fails a task that names a URI outside its own folder.
    assert all("uri" not in artifact for key in shown for artifact in shown[key]["artifacts"])


@each_node_a_process
def test_an_iteration_that_never_ran_fails_the_run(cluster: Cluster, tmp_path: Path) -> None:
    loop = cluster.spec["root"]["dag"]["tasks"]["nodes"]
    inner = cluster.spec["components"][loop["componentRef"]["name"]]["dag"]["tasks"]["numbers"]
    inner["parameterIterator"] = {"items": {"raw": '["0"]'}}
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


def test_values_arrive_with_the_types_of_the_pipeline(squares: PipelineIR) -> None:
    assert received(squares, {"rows": 3.0, "note": "7", "unknown": 1}) == {"rows": 3, "note": "7"}
