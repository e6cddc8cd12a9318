"""Components that run again on the same inputs write the same bytes: what follows is not run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import (
    CsvExampleGen,
    ExampleValidator,
    SchemaGen,
    StatisticsGen,
    Transform,
)
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.roots import digest_path
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).resolve().parent.parent.parent / "pipelines" / "penguin"

# What each takes beside its inputs, in the pipeline as here.
AGAIN: dict[Any, tuple[dict[str, tuple[str, str]], dict[str, Any]]] = {
    CsvExampleGen: ({}, {"input_base": ROOT / "data", "missing_values": ["NA"]}),
    StatisticsGen: ({"examples": ("CsvExampleGen", "examples")}, {}),
    SchemaGen: ({"statistics": ("StatisticsGen", "statistics")}, {}),
    ExampleValidator: (
        {"statistics": ("StatisticsGen", "statistics"), "schema": ("SchemaGen", "schema")},
        {},
    ),
    Transform: (
        {"examples": ("CsvExampleGen", "examples"), "schema": ("SchemaGen", "schema")},
        {"module_file": ROOT / "penguin_model.py"},
    ),
}


@pytest.mark.parametrize("component", AGAIN, ids=lambda component: component.name)
def test_running_again_writes_the_same_bytes(penguin: PipelineRun, component: Any) -> None:
    inputs, parameters = AGAIN[component]
    given = {key: penguin[node].artifact(output) for key, (node, output) in inputs.items()}
    outputs = run_component(component, **given, **parameters).outputs
    for name, found in outputs.items():
        before = penguin[component.name].artifact(name)
        assert digest_path(found.path) == digest_path(before.path)
        assert found.properties == before.properties


def test_tables_of_other_content_have_other_names(
    penguin: PipelineRun, tmp_path: Path, load: Callable[[Any], Any]
) -> None:
    import tensorflow as tf

    (tmp_path / "user.py").write_text(
        "import tensorflow_transform as tft\n"
        "def preprocessing_fn(inputs):\n"
        "    species = inputs['species']\n"
        "    index = tft.compute_and_apply_vocabulary(species, top_k=1, vocab_filename='species')\n"
        "    return {'species_xf': index}\n"
    )
    outputs = run_component(
        Transform,
        examples=penguin["CsvExampleGen"].artifact(),
        schema=penguin["SchemaGen"].artifact(),
        module_file=tmp_path / "user.py",
    ).outputs
    row = {"species": tf.constant([["Gentoo"]])}
    graphs = [load(penguin["Transform"].artifact("transform_graph"))]
    graphs.append(load(outputs["transform_graph"]))
    # Both at once, as an evaluator has a candidate and its baseline.
    layers = [graph.transform_features_layer() for graph in graphs]
    assert [layer(row)["species_xf"].numpy().item() for layer in layers] == [1, -1]
