"""Trainings by Keras: recorded epoch by epoch, carried over, and gone on with after a crash."""

import math
import textwrap
from pathlib import Path

import pytest
from keras_trainings import LINE, ROWS

from mlops_components import Trainer, loaders
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, ModelRun
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("line")
    (folder / "user.py").write_text(textwrap.dedent(LINE))
    return folder


@pytest.fixture(scope="module")
def examples(folder: Path) -> Examples:
    """Points of the line y = 2 x."""
    import tensorflow as tf

    made = Examples(str(folder / "examples"))
    with SplitWriter(made, ["train", "eval", "broken"]) as writer:
        for row in range(ROWS):
            for split, y in (("train", 2.0), ("eval", 2.0), ("broken", math.nan)):
                x = row / ROWS
                feature = {
                    name: tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
                    for name, value in (("x", x), ("y", x * y))
                }
                features = tf.train.Features(feature=feature)
                writer.write(split, tf.train.Example(features=features).SerializeToString())
    return made


def test_each_epoch_is_recorded_without_the_users_doing(folder: Path, examples: Examples) -> None:
    outputs = run_component(
        Trainer,
        examples=examples,
        module_file=folder / "user.py",
        custom_config={"epochs": 3, "board": True},
    ).outputs
    model_run = outputs["model_run"]
    assert isinstance(model_run, ModelRun)
    frame = loaders.load_model_run(model_run)
    assert frame.index.tolist() == [0, 1, 2]
    assert list(frame.columns) == ["loss", "val_loss"]
    assert frame["loss"].is_monotonic_decreasing
    assert model_run.properties["metrics"] == dict(frame.iloc[-1])
    logs = {path.parent.name for path in model_run.path.rglob("events.out.tfevents*")}
    assert logs == {"train", "validation"}


def test_labels_that_are_no_numbers_fail_the_training(folder: Path, examples: Examples) -> None:
    from mlops_components import TrainArgs

    with pytest.raises(ExecutorError, match=r"the training has failed: loss is nan at step 1"):
        run_component(
            Trainer,
            examples=examples,
            module_file=folder / "user.py",
            train_args=TrainArgs(splits=["broken"]),
        )


def test_keras_is_as_it_was_afterwards(folder: Path, examples: Examples) -> None:
    import keras

    before = keras.Model.fit
    run_component(Trainer, examples=examples, module_file=folder / "user.py")
    assert keras.Model.fit is before
    assert "fit" not in vars(keras.Model)
