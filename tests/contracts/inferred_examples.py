"""What the tests of mlops_components share."""

from typing import Any

from mlops_components import (
    BulkInferrer,
    ModelSpec,
    OutputColumnsSpec,
    OutputExampleSpec,
    PredictOutput,
    PredictOutputCol,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Artifact, Examples, Model
from mlops_pipeline.testing import artifact, run_component


def written(rows: dict[str, list[int]], **properties: Any) -> Examples:
    """Examples with a number `x`."""
    import tensorflow as tf

    made = artifact(Examples, **properties)
    with SplitWriter(made, list(rows)) as writer:
        for split, values in rows.items():
            for x in values:
                value = tf.train.Feature(float_list=tf.train.FloatList(value=[x]))
                example = tf.train.Example(features=tf.train.Features(feature={"x": value}))
                writer.write(split, example.SerializeToString())
    return made


def inferred(examples: Any, model: Model | None, **more: Any) -> tuple[Artifact, Artifact]:
    outputs = run_component(BulkInferrer, examples=[examples], model=model, **more).outputs
    return outputs["inference_result"], outputs["output_examples"]


def columns(*specs: OutputColumnsSpec, names: list[str] | None = None) -> dict[str, Any]:
    return {
        "output_example_spec": OutputExampleSpec(list(specs)),
        "model_spec": ModelSpec(names or []),
    }


PREDICTED = PredictOutput([PredictOutputCol("y", "twice"), PredictOutputCol("labels", "names")])
