"""One process of the wide rows benchmark: makes the examples, or reads them by one component.

prepare FOLDER MEGABYTES      examples with images of 200 KB, of one split
run STAGE ENGINE FOLDER       one line of JSON: seconds, and peak MB before and in the stage
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taxi_side import BEAM_ARGS, peak_mb, reset_peak

from mlops_components import BulkInferrer, EvalArgs, Evaluator, StatisticsGen, Trainer, Transform
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Model, Schema
from mlops_pipeline.testing import run_component

IMAGE = 200 * 1024

MODEL = """
import tensorflow as tf

def run_fn(args):
    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "score": tf.io.FixedLenFeature([], tf.float32),
    }
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def serve(examples):
        parsed = tf.io.parse_example(examples, features)
        return {"bytes": tf.strings.length(parsed["image"]), "score": parsed["score"]}

    tf.saved_model.save(module, args.serving_model_dir, signatures=serve)
"""

PREPROCESSING = """
import tensorflow_transform as tft

def preprocessing_fn(inputs):
    return {"image": inputs["image"], "score": tft.scale_to_0_1(inputs["score"])}
"""

SCHEMA = """
feature { name: "image" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } } }
feature { name: "label" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } } }
feature { name: "score" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } } }
"""


def prepare(folder: Path, megabytes: int) -> None:
    """Write the examples, a model that reads them, their schema and a preprocessing module."""
    import tensorflow as tf

    chance = random.Random(0)
    examples = Examples(str(folder / "examples"))

    def floats(value: float) -> Any:
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))

    with SplitWriter(examples, ["train"]) as writer:
        for number in range((megabytes << 20) // IMAGE):
            image = tf.train.BytesList(value=[b"\xff\xd8" + chance.randbytes(IMAGE - 2)])
            feature = {
                "image": tf.train.Feature(bytes_list=image),
                "label": floats(number % 2),
                "score": floats(chance.random()),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write("train", example.SerializeToString())
    for name, text in (("model.py", MODEL), ("preprocessing.py", PREPROCESSING)):
        (folder / name).write_text(textwrap.dedent(text))
    (folder / "schema").mkdir()
    (folder / "schema" / "schema.pbtxt").write_text(SCHEMA)
    same = EvalArgs(splits=["train"])
    made = run_component(
        Trainer, examples=[examples], module_file=folder / "model.py", eval_args=same
    )
    shutil.copytree(made.outputs["model"].path, folder / "model")


def statistics(folder: Path, how: dict[str, Any]) -> None:
    """Describe every feature."""
    run_component(StatisticsGen, examples=examples_of(folder), **how)


EVALUATION = {
    "eval_config": {
        "model_specs": [{"label_key": "label", "prediction_key": "score"}],
        "metrics_specs": [{"metrics": [{"class_name": "AUC"}]}],
    },
    "example_splits": ["train"],
}


def evaluation(folder: Path, how: dict[str, Any]) -> None:
    """Evaluate a column of predictions."""
    run_component(Evaluator, examples=[examples_of(folder)], **EVALUATION, **how)


def model_evaluation(folder: Path, how: dict[str, Any]) -> None:
    """Evaluate a model, which is given the examples with their images."""
    model = Model(str(folder / "model"))
    run_component(Evaluator, examples=[examples_of(folder)], model=model, **EVALUATION, **how)


def transformation(folder: Path, how: dict[str, Any]) -> None:
    """Scale one feature and keep the images, with statistics before and after."""
    run_component(
        Transform,
        examples=examples_of(folder),
        schema=Schema(str(folder / "schema")),
        module_file=folder / "preprocessing.py",
        **how,
    )


def inference(folder: Path, how: dict[str, Any]) -> None:
    """Ask a model for the size of every image."""
    model = Model(str(folder / "model"))
    run_component(BulkInferrer, examples=[examples_of(folder)], model=model, **how)


STAGES: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "statistics": statistics,
    "evaluation": evaluation,
    "model_evaluation": model_evaluation,
    "transformation": transformation,
    "inference": inference,
}


def examples_of(folder: Path) -> Examples:
    """Return the examples that were prepared."""
    examples = Examples(str(folder / "examples"))
    examples.set_splits(["train"])
    return examples


def run(stage: str, engine: str, folder: Path) -> dict[str, float]:
    """Run a stage; its seconds, and most memory of the process before and in it."""
    import tensorflow_model_analysis  # noqa: F401
    import tensorflow_transform.beam  # noqa: F401

    from mlops_components.evaluation import _tfma  # noqa: F401
    from mlops_components.statistics import _compute  # noqa: F401

    start = peak_mb()
    reset_peak()
    begin = time.perf_counter()
    more = {"beam_pipeline_args": BEAM_ARGS} if engine == "beam" else {}
    STAGES[stage](folder, {"engine": engine, **more})
    taken = time.perf_counter() - begin
    return {"start MB": start, f"{stage} MB": peak_mb(), f"{stage} s": taken}


def main() -> None:
    command, *words = sys.argv[1:]
    answer: dict[str, float] = {}
    if command == "prepare":
        prepare(Path(words[0]), int(words[1]))
    else:
        answer = run(words[0], words[1], Path(words[2]))
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
