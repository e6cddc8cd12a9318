"""The components as TFX users know them, and at what price they are imported."""

import subprocess
import sys
from pathlib import Path

import pytest

import mlops_components
from mlops_components import ExampleValidator
from mlops_pipeline import compile_pipeline, latest, pipeline
from mlops_pipeline.artifacts import ExampleStatistics, Schema
from mlops_pipeline.authoring import Component
from mlops_pipeline.errors import ParameterError, WiringError
from mlops_pipeline.resolvers import Query, latest_blessed_model
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, State
from mlops_pipeline.testing import artifact, run_component

CATALOGUE = Path(mlops_components.__file__).parent.parent / "README.md"

TFX = {
    "BulkInferrer": ("examples model model_blessing", "inference_result output_examples"),
    "CsvExampleGen": ("", "examples"),
    "ImportExampleGen": ("", "examples"),
    "JsonExampleGen": ("", "examples"),
    "ParquetExampleGen": ("", "examples"),
    "AvroExampleGen": ("", "examples"),
    "SqlExampleGen": ("", "examples"),
    "ExampleDiff": ("examples_test examples_base", "example_diff_result"),
    "StatisticsGen": ("examples schema", "statistics"),
    "SchemaGen": ("statistics", "schema"),
    "ImportSchemaGen": ("", "schema"),
    "ExampleValidator": (
        # The last three are ours.
        "statistics schema previous_statistics serving_statistics previous_version_statistics",
        "anomalies",
    ),
    "DistributionValidator": ("statistics baseline_statistics", "anomalies"),
    "Transform": (
        "examples schema analyzer_cache",
        "transform_graph transformed_examples updated_analyzer_cache "
        "pre_transform_schema pre_transform_stats "
        "post_transform_schema post_transform_stats post_transform_anomalies",
    ),
    "Trainer": (
        "examples transform_graph schema base_model hyperparameters",
        "model model_run",
    ),
    "Tuner": (
        "examples schema transform_graph base_model",
        "best_hyperparameters tuner_results",
    ),
    "Evaluator": ("examples model baseline_model schema", "evaluation blessing"),
    "InfraValidator": ("model examples", "blessing"),
    "Pusher": ("model model_blessing infra_blessing", "pushed_model"),
}


@pytest.mark.parametrize("name", TFX)
def test_inputs_and_outputs_have_tfx_names(name: str) -> None:
    interface = getattr(mlops_components, name).interface
    assert (" ".join(interface.inputs), " ".join(interface.outputs)) == TFX[name]


def test_every_component_has_a_page_that_names_all_it_takes() -> None:
    text = CATALOGUE.read_text()
    for name in mlops_components.__all__:
        component = getattr(mlops_components, name)
        if not isinstance(component, Component):
            continue
        page = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        interface = component.interface
        for key in [*interface.inputs, *interface.outputs, *interface.parameters]:
            assert f"`{key}`" in page, (name, key)
        assert "```python" in page


def test_importing_the_components_imports_nothing_heavy() -> None:
    heavy = "tensorflow keras apache_beam pyarrow numpy pandas tfx_bsl"
    code = (
        "import sys, mlops_components; "
        f"print(*[name for name in {heavy.split()} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == ""


@pipeline
def misspelt():
    ExampleValidator(
        statistics=latest(ExampleStatistics),
        schema=latest(Schema),
        severity={"SCHEMA_MISSING_COLUM": "fail"},
    )


def test_a_kind_of_anomaly_that_is_misspelt_is_told_when_the_pipeline_is_written() -> None:
    with pytest.raises(WiringError, match="SCHEMA_MISSING_COLUM") as wrong:
        compile_pipeline(misspelt)
    assert wrong.value.hint == "did you mean 'SCHEMA_MISSING_COLUMN'?"
    assert len(wrong.value.message) < 400


def test_one_that_is_given_when_the_pipeline_runs_is_told_then() -> None:
    given = {name: artifact(kind) for name, kind in INPUTS.items()}
    with pytest.raises(ParameterError, match="Invalid enum value 'fial'") as wrong:
        run_component(ExampleValidator, **given, severity={"*": "fial"})
    assert wrong.value.hint == "did you mean 'fail'?"


INPUTS = {"statistics": ExampleStatistics, "schema": Schema}


def recorded(store: MemoryStore, uri: str, digest: str, blessed: int) -> None:
    """A model in the store, and what an evaluator said of it."""
    done = Execution("c", "penguin", "r", "n", State.COMPLETE)
    model = ArtifactRecord("Model", uri, digest=digest)
    _, written = store.put_execution(done, outputs={"model": [model]})
    said = {"blessed": blessed, "current_model_id": written["model"][0].id}
    blessing = ArtifactRecord("ModelBlessing", f"{uri}-blessing", properties=said)
    store.put_execution(done, outputs={"blessing": [blessing]})


def baseline(store: MemoryStore, candidate: str) -> list[str]:
    query = Query(store, "penguin", "r", "Model", {"other_than": candidate})
    return [model.uri for model in latest_blessed_model(query)]


def test_baseline_is_the_newest_blessed_model_with_other_content() -> None:
    store = MemoryStore()
    recorded(store, "first", "d1", 1)
    assert baseline(store, "first") == []
    recorded(store, "second", "d2", 1)
    recorded(store, "bad", "d3", 0)
    recorded(store, "candidate", "d4", 1)
    assert baseline(store, "candidate") == ["second"]
    assert baseline(store, "second") == ["candidate"]
    recorded(store, "again", "d4", 0)
    assert baseline(store, "again") == ["second"]
