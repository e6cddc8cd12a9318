"""Trainings by Keras: recorded epoch by epoch, carried over, and gone on with after a crash."""

import math
import textwrap
from pathlib import Path

import pytest
from keras_trainings import LINE, ROWS

from mlops_components import Trainer, loaders
from mlops_components.records import SplitWriter
from mlops_components.training import read_metrics
from mlops_pipeline import Importer, latest, pipeline
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.store import MemoryStore

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


def slope(model: Model) -> float:
    return float(loaders.load_model(model).layers[0].kernel[0, 0])


def test_second_training_starts_from_the_weights_of_the_first(
    folder: Path, examples: Examples, tmp_path: Path
) -> None:
    uri, splits = examples.uri, examples.properties["split_names"]

    @pipeline
    def carried() -> None:
        data = Importer(uri, Examples, properties={"split_names": splits}).outputs["result"]
        Trainer(examples=data, module_file=folder / "user.py", base_model=latest(Model))

    where = Where(MemoryStore(), tmp_path)
    first, second = (run(carried, where=where, in_process=True).check() for _ in range(2))
    models = [each["Trainer"].artifact("model") for each in (first, second)]
    losses = [
        [metrics["loss"] for _, metrics in read_metrics(path / "metrics.jsonl")]
        for path in (each["Trainer"].artifact("model_run").path for each in (first, second))
    ]
    assert 0 < slope(models[0]) < slope(models[1]) < 2
    assert losses[0][0] > losses[0][1] > losses[1][0] > losses[1][1]
    assert [model.id for model in second["Trainer"].inputs["base_model"]] == [models[0].id]


def test_killed_training_goes_on_from_its_checkpoint(
    folder: Path, examples: Examples, tmp_path: Path
) -> None:
    uri, splits = examples.uri, examples.properties["split_names"]

    @pipeline
    def killed() -> None:
        data = Importer(uri, Examples, properties={"split_names": splits}).outputs["result"]
        Trainer.options(retries=1, retry_wait=0)(
            examples=data,
            module_file=folder / "user.py",
            custom_config={"epochs": 4, "kill": True},
        )

    done = run(killed, where=Where(MemoryStore(), tmp_path)).check()
    trainer = done["Trainer"]
    # Had it started from the beginning, the second attempt would have replaced these steps.
    recorded = list(read_metrics(trainer.artifact("model_run").path / "metrics.jsonl"))
    log = Path(trainer.execution.log).read_text()
    assert trainer.attempts == 2
    assert [step for step, _ in recorded] == [0, 1, 2, 3]
    assert [line.split(":")[0] for line in log.splitlines() if line.startswith("epoch")] == [
        "epoch 2",
        "epoch 3",
    ]
    losses = [metrics["loss"] for _, metrics in recorded]
    assert losses == sorted(losses, reverse=True)
