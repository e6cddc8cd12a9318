"""What the tests of mlops_components share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlops_components import (
    ConfusionConfig,
    ExampleDiff,
    ExampleDiffConfig,
    PairedExampleSkew,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import run_component

ROWS = 60


def record(number: int, **values: Any) -> bytes:
    import tensorflow as tf

    row = {"id": f"r{number}", "size": float(number), "kind": "ab"[number % 2], "none": None}
    features = tf.train.Features()
    for name, value in {**row, **values}.items():
        feature = features.feature[name]
        if isinstance(value, str):
            feature.bytes_list.value.append(value.encode())
        elif value is not None:
            feature.float_list.value.append(value)
    return tf.train.Example(features=features).SerializeToString()


def written(folder: Path, change: Callable[[int], dict[str, Any]], rows: range) -> Examples:
    made = Examples(str(folder))
    with SplitWriter(made, ["train", "eval"]) as writer:
        for number in rows:
            writer.write("train", record(number, **change(number)))
        writer.write("eval", record(0))
    return made


def diff(test: Examples, base: Examples, skew: PairedExampleSkew, **parameters: Any) -> Any:
    parameters.setdefault("include_split_pairs", [("train", "train")])
    made = run_component(
        ExampleDiff,
        examples_test=test,
        examples_base=base,
        config=ExampleDiffConfig(skew),
        **parameters,
    )
    return made.outputs["example_diff_result"]


SKEW = PairedExampleSkew(
    ["id"],
    skew_sample_size=100,
    float_round_ndigits=None,
    confusion_config=[ConfusionConfig("kind")],
)
