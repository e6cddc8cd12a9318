"""What the tests of mlops_components share."""

from collections.abc import Callable
from typing import Any

from mlops_components import Transform
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Artifact, Examples, Schema
from mlops_pipeline.testing import artifact, run_component

Load = Callable[[Artifact], Any]


SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 min_count: 1 }
  shape { dim { size: 1 } } }
feature { name: "word" type: BYTES presence { min_fraction: 1 min_count: 1 }
  shape { dim { size: 1 } } }
"""


MODULE = """
import tensorflow_transform as tft

def preprocessing_fn(inputs):
    return {
        "z": tft.scale_to_z_score(inputs["x"]),
        "bucket": tft.bucketize(inputs["x"], 3),
        "index": tft.compute_and_apply_vocabulary(inputs["word"], vocab_filename="words"),
    }
"""


def written(rows: dict[str, list[tuple[float, str]]], **properties: Any) -> Examples:
    import tensorflow as tf

    made = artifact(Examples, **properties)
    with SplitWriter(made, list(rows)) as writer:
        for split, values in rows.items():
            for x, word in values:
                feature = {
                    "x": tf.train.Feature(float_list=tf.train.FloatList(value=[x])),
                    "word": tf.train.Feature(bytes_list=tf.train.BytesList(value=[word.encode()])),
                }
                features = tf.train.Features(feature=feature)
                example = tf.train.Example(features=features)
                writer.write(split, example.SerializeToString(deterministic=True))
    return made


def span(number: int) -> Examples:
    rows = [(float(100 * number + i), f"w{(number + i) % 5}") for i in range(30)]
    return written({"train": rows, "eval": rows[:3]}, span=number)


def transformed(examples: Any, **more: Any) -> Any:
    schema = artifact(Schema, {"schema.pbtxt": SCHEMA})
    examples = examples if isinstance(examples, list) else [examples]
    return run_component(Transform, examples=examples, schema=schema, **more).outputs


ANALYSIS = {"materialize": False, "disable_statistics": True}
