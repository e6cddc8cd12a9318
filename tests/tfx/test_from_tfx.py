"""Components of TFX 1.16 as nodes of our pipelines, with our launcher and records."""

import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb
from tfx import types
from tfx import v1 as tfx
from tfx.dsl.component.experimental.container_component import create_container_component
from tfx.types import standard_artifacts

from mlops_components import from_tfx
from mlops_components._tfx_spec import our_type
from mlops_metadata.by_file import open_sqlite
from mlops_pipeline import api, latest, pipeline
from mlops_pipeline.artifacts import Examples, Integer, ValueArtifact
from mlops_pipeline.authoring import compile_pipeline
from mlops_pipeline.errors import DefinitionError, PipelineError
from mlops_pipeline.inspection import LineageStart, PipelineRun, upstream
from mlops_pipeline.ir import Literal
from mlops_pipeline.store import ArtifactRecord, Execution, MetadataStore, State

pytestmark = [pytest.mark.tfx, pytest.mark.filterwarnings("ignore")]

PROJECT = Path(__file__).with_name("project")
ROWS = "a,b\n" + "".join(f"{i},x{i % 3}\n" for i in range(60))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("tfx") / "project"
    shutil.copytree(PROJECT, folder)
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text(ROWS)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def store(project: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{project}/metadata.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def where(project: Path, store: MetadataStore) -> api.Where:
    return api.Where(store, project / "artifacts")


@pytest.fixture(scope="module")
def run(project: Path, where: api.Where) -> PipelineRun:
    return api.run(project, where=where, in_process=True).check()


def value_of(artifact: Any) -> Any:
    assert isinstance(artifact, ValueArtifact)
    return artifact.read()


def test_a_function_of_tfx_reads_and_writes_artifacts_and_values(run: PipelineRun) -> None:
    node = run["CountSplits"]
    report = node.artifact("report")
    assert (report.path / "report.txt").read_text() == "train\neval"
    assert (report.TYPE_NAME, report.properties["lines"]) == ("Report", 2)
    assert report.properties["first"] == "train"
    assert report.properties["all"] == ["train", "eval"]
    assert value_of(node.artifact("count")) == 6
    assert value_of(node.artifact("named")) == "at first train"


def test_a_class_of_tfx_gets_what_tfx_would_give_it(run: PipelineRun) -> None:
    told = json.loads(value_of(run["Shouting"].artifact("shout")))
    assert told == {
        "word": "GO",
        "config": {"num_steps": 5},
        "steps": 7,
        "count": 6,
        "lines": 2,
        "all": ["train", "eval"],
        "tmp": True,
        "state": True,
    }


def test_a_beam_component_of_tfx_feeds_one_of_ours(run: PipelineRun) -> None:
    from mlops_components.loaders import load_schema

    statistics = run["StatisticsGen"].artifact("statistics")
    assert [path.name for path in statistics.path.iterdir()] == ["Split-train"]
    assert statistics.properties["split_names"] == '["train"]'
    schema = load_schema(run["SchemaGen"].artifact("schema"))
    assert [feature.name for feature in schema.feature] == ["a", "b"]


def test_results_of_tfx_components_come_from_the_cache(
    run: PipelineRun, project: Path, where: api.Where
) -> None:
    again = api.run(project, where=where, in_process=True).check()
    assert {node.state for node in again} == {State.CACHED}
    other = api.run(project, {"prefix": "then "}, where=where, in_process=True).check()
    ran = [node.name for node in other if node.state is State.COMPLETE]
    assert ran == ["CountSplits"]


def test_an_edited_executor_runs_again(run: PipelineRun, project: Path, where: api.Where) -> None:
    file = project / "tfx_parts.py"
    before = file.read_text()
    file.write_text(before.replace('"told to fail"', '"told otherwise"'))
    planned = {node.node_id: node.decision for node in api.plan(project, where=where)}
    file.write_text(before)
    assert planned["Shouting"] != "cached"
    assert planned["StatisticsGen"] == "cached"
    # It also loads the executor as it is again, for the tests that follow.
    planned = {node.node_id: node.decision for node in api.plan(project, where=where)}
    assert planned["Shouting"] == "cached"


def test_lineage_and_types_are_recorded_as_tfx_does(
    run: PipelineRun, project: Path, store: MetadataStore
) -> None:
    shout = run["Shouting"].artifact("shout")
    graph = upstream(store, LineageStart((shout.id,)))
    assert {a.type for a in graph.artifacts.values()} >= {"Examples", "Report", "Integer"}
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(project / "metadata.db")
    client = mlmd.MetadataStore(config)
    kinds = {kind.name for kind in client.get_execution_types()}
    assert "tfx.components.statistics_gen.component.StatisticsGen" in kinds
    assert dict(client.get_artifact_type("Report").properties) == {"lines": pb.INT}


@pytest.fixture
def parts(project: Path) -> Any:
    return importlib.import_module("tfx_parts")


def test_an_instance_takes_its_inputs_when_it_is_called(parts: Any, where: api.Where) -> None:
    made = parts.CountSplits(examples=types.Channel(type=standard_artifacts.Examples), times=5)

    @pipeline
    def counted() -> None:
        from_tfx(made)(examples=artifacts_query())

    with pytest.raises(DefinitionError, match="is made already, and is given times"):
        compile_with(lambda: from_tfx(made)(examples=artifacts_query(), times=2))
    (node,) = compile_pipeline(counted).nodes
    told = {parameter.name: parameter.value for parameter in node.parameters}
    assert told["times"] == Literal(5)
    assert node.component == "tfx_parts.CountSplits"


def artifacts_query() -> Any:
    return latest(Examples)


def compile_with(call: Callable[[], Any]) -> None:
    @pipeline
    def tried() -> None:
        call()

    compile_pipeline(tried)


container = create_container_component(name="Boxed", image="busybox", command=["true"])


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (lambda parts: from_tfx(int), "is no component of TFX", "tfx.components.StatisticsGen"),
        (
            lambda parts: from_tfx(tfx.components.CsvExampleGen),
            "CsvExampleGen of TFX does not go without its driver FileBasedDriver",
            "mlops_components",
        ),
        (lambda parts: from_tfx(container), "no executor in Python", "executor=Container"),
        (
            lambda parts: from_tfx(tfx.components.StatisticsGen)(examples=artifacts_query(), x=1),
            "TFX refuses the arguments of StatisticsGen",
            "TFX",
        ),
        (
            lambda parts: from_tfx(parts.Shout)(report=artifacts_query(), word="go"),
            "takes Report",
            "Report",
        ),
        (
            lambda parts: from_tfx(parts.Shout)(reports=artifacts_query(), word="go"),
            "Shout has no input 'reports'",
            "did you mean 'report'?",
        ),
        (lambda parts: from_tfx(parts.Shout)("go"), "is called with 'go' by position", "name"),
    ],
    ids=["other", "driver", "container", "argument", "type", "input", "position"],
)
def test_what_cannot_be_taken_is_refused_where_it_is_written(
    parts: Any, call: Callable[[Any], Any], message: str, hint: str
) -> None:
    with pytest.raises(PipelineError, match=message) as caught:
        compile_with(lambda: call(parts))
    assert hint in caught.value.hint
    assert Path(__file__).name in caught.value.where


def test_inputs_that_are_not_connected_are_not_there(
    run: PipelineRun, parts: Any, where: api.Where
) -> None:
    @pipeline(name="mixed")
    def bare() -> None:
        from_tfx(parts.Shout)(report=latest(our_type(parts.Report)), word="go")

    done = api.run(bare, where=where, in_process=True).check()
    told = json.loads(value_of(done["Shout"].artifact("shout")))
    assert (told["count"], told["config"], told["steps"]) == (None, None, 0)


def test_an_executor_that_fails_leaves_no_artifact(
    run: PipelineRun, parts: Any, where: api.Where, store: MetadataStore
) -> None:
    @pipeline(name="mixed")
    def failing() -> None:
        report = latest(our_type(parts.Report))
        from_tfx(parts.Shout)(report=report, count=latest(Integer), word="fail", config="{}")

    before = len(store.artifacts_by_type("String"))
    failed = api.run(failing, where=where, check=False, in_process=True)
    assert failed.state is State.FAILED
    assert len(store.artifacts_by_type("String")) == before


def test_tfx_reads_structured_properties_and_parameters_of_ours(tmp_path: Path) -> None:
    from tfx.orchestration import data_types_utils
    from tfx.orchestration.portable.mlmd import execution_lib
    from tfx.proto.orchestration import pipeline_pb2
    from tfx.types import artifact_utils
    from tfx.utils import proto_utils

    path = tmp_path / "metadata.db"
    blessed = {"train": 1, "eval": 0}
    parameters = {"b": True, "l": [1, 2], "d": {"z": 1, "a": [[True]]}, "t": "a\\b" * 300, "n": 3}
    ours = open_sqlite(f"sqlite:///{path}")
    ours.put_execution(
        Execution("c", "p", "r", "n", State.COMPLETE, parameters=parameters),
        outputs={"x": [ArtifactRecord("Anomalies", "/x", properties={"blessed": blessed})]},
    )
    ours.close()
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    theirs = mlmd.MetadataStore(config)
    (artifact,) = theirs.get_artifacts()
    read = artifact_utils.deserialize_artifact(theirs.get_artifact_type("Anomalies"), artifact)
    assert read.get_json_value_custom_property("blessed") == blessed
    (execution,) = theirs.get_executions()
    values = execution.custom_properties
    found = {}
    for name in parameters:
        key, schema = execution_lib.get_schema_key(name), None
        if key in values:
            text = values[key].string_value
            schema = proto_utils.json_to_proto(text, pipeline_pb2.Value.Schema())
        found[name] = data_types_utils.get_parsed_value(values[name], schema)
    assert found == parameters
