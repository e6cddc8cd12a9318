"""A user module written for TFX, as it is, in our Transform and Trainer."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_components import EvalArgs, TrainArgs, Trainer, Transform
from mlops_pipeline.artifacts import Artifact, Model
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

pytestmark = [
    pytest.mark.ml,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        importlib.util.find_spec("tfx") is not None, reason="TFX itself is installed here"
    ),
]


MODULE = Path(__file__).with_name("tfx_style_module.py")


@pytest.fixture(scope="module")
def transformed(penguin: PipelineRun) -> Mapping[str, Artifact]:
    return run_component(
        Transform,
        examples=penguin["CsvExampleGen"].artifact("examples"),
        schema=penguin["SchemaGen"].artifact("schema"),
        module_file=MODULE,
        tfx_compat=True,
    ).outputs


def test_it_transforms_and_trains_unmodified(
    penguin: PipelineRun, transformed: Mapping[str, Artifact], load: Callable[[Any], Any]
) -> None:
    import tensorflow as tf

    examples = penguin["CsvExampleGen"].artifact("examples")
    schema = penguin["SchemaGen"].artifact("schema")
    trained = run_component(
        Trainer,
        examples=transformed["transformed_examples"],
        transform_graph=transformed["transform_graph"],
        schema=schema,
        module_file=MODULE,
        train_args=TrainArgs(num_steps=5),
        eval_args=EvalArgs(num_steps=1),
        tfx_compat=True,
    ).outputs
    model = trained["model"]
    assert isinstance(model, Model)
    dataset = tf.data.TFRecordDataset(
        [str(next((examples.path / "Split-eval").iterdir()))], compression_type="GZIP"
    )
    served = load(model).signatures["serving_default"]
    logits = served(examples=tf.stack(list(dataset.take(4))))["logits"]
    assert logits.shape == (4, 3)
    assert any(trained["model_run"].path.rglob("events.out.tfevents*"))
