"""Trainings by Keras: recorded epoch by epoch, carried over, and gone on with after a crash."""

import math
import textwrap
from pathlib import Path

import pytest

from mlops_components import Trainer, loaders, read_frame
from mlops_components.records import SplitWriter, files_of_split, read_record_batches
from mlops_components.training import RecordBatchesOptions, payload_of, read_metrics
from mlops_components.training.fn_args import example_accessor
from mlops_pipeline import Importer, latest, pipeline
from mlops_pipeline.api import Where, run
from mlops_pipeline.artifacts import Examples, Model, ModelRun
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.store import MemoryStore
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ROWS = 64

# A user's module as it is written for TFX: it knows nothing of our log.
LINE = """
import os, signal
from pathlib import Path
import keras
import tensorflow as tf

def data(fn_args, files):
    spec = {n: tf.io.FixedLenFeature([1], tf.float32) for n in ("x", "y")}
    found = tf.data.TFRecordDataset(tf.io.gfile.glob(files), compression_type="GZIP")
    rows = found.map(lambda row: tf.io.parse_single_example(row, spec))
    return rows.map(lambda row: (row["x"], row["y"])).batch(16)

def line(fn_args):
    if fn_args.base_model:
        return keras.models.load_model(fn_args.base_model + "/model.keras")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    return model

class KillOnce(keras.callbacks.Callback):
    def __init__(self, flag):
        super().__init__()
        self.flag = Path(flag)

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2 and not self.flag.exists():
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)

def run_fn(fn_args):
    config = fn_args.custom_config or {}
    model = line(fn_args)
    callbacks = [keras.callbacks.TensorBoard(fn_args.model_run_dir)] if config.get("board") else []
    if config.get("kill"):
        # Before KillOnce, so that it has saved the epoch that is over.
        callbacks += [
            keras.callbacks.BackupAndRestore(fn_args.working_dir + "/backup"),
            KillOnce(fn_args.working_dir + "/killed"),
        ]
    model.fit(
        data(fn_args, fn_args.train_files),
        validation_data=data(fn_args, fn_args.eval_files),
        epochs=config.get("epochs", 2),
        callbacks=callbacks,
        verbose=0,
    )
    Path(fn_args.serving_model_dir).mkdir(parents=True)
    model.save(fn_args.serving_model_dir + "/model.keras")
"""


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


def test_examples_are_read_without_tensorflow_as_tfx_reads_them(examples: Examples) -> None:
    from tfx_bsl.public import tfxio

    files = [str(examples.split("train") / "*")]
    theirs = tfxio.TFExampleRecord(files, telemetry_descriptors=["test"]).RecordBatches(
        tfxio.RecordBatchesOptions(batch_size=10, num_epochs=1, shuffle=False)
    )
    options = RecordBatchesOptions(batch_size=10, num_epochs=1, shuffle=False)
    assert [b.to_pydict() for b in read_record_batches(files, options)] == [
        b.to_pydict() for b in theirs
    ]
    shuffled = RecordBatchesOptions(10, drop_final_batch=True, num_epochs=2, shuffle_seed=3)
    rows = [x for b in read_record_batches(files, shuffled) for (x,) in b.column("x").to_pylist()]
    assert len(rows) == 120
    assert set(rows) == set(read_frame(files)["x"])
    assert rows[:64] != rows[64:]


@pytest.mark.parametrize("place", [5, 20, 40, -1], ids=["length", "data", "more data", "end"])
def test_a_damaged_file_is_named(examples: Examples, place: int) -> None:
    import gzip

    whole = bytearray(gzip.decompress(files_of_split(examples, "train")[0].read_bytes()))
    whole[place] ^= 1
    damaged = artifact(Examples, {"Split-train/data": bytes(whole)}, split_names='["train"]')
    with pytest.raises(ExecutorError, match="Split-train/data is not a readable TFRecord file"):
        read_frame([str(damaged.path / "Split-train/data")])
    cut = artifact(Examples, {"Split-train/data": bytes(whole[:30])}, split_names='["train"]')
    with pytest.raises(ExecutorError, match="is not a readable TFRecord file"):
        read_frame([str(cut.path / "Split-train/data")])


def test_patterns_that_match_nothing_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file matches"):
        read_frame([str(tmp_path / "*")])


def test_sequences_are_read_as_what_they_are(tmp_path: Path) -> None:
    import tensorflow as tf
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2
    from tfx_bsl.public import tfxio

    made = Examples(str(tmp_path), properties={"payload_format": "FORMAT_TF_SEQUENCE_EXAMPLE"})
    with SplitWriter(made, ["train"]) as writer:
        for size in (1, 3):
            steps = [
                tf.train.Feature(int64_list=tf.train.Int64List(value=[n])) for n in range(size)
            ]
            lists = {"clicks": tf.train.FeatureList(feature=steps)}
            example = tf.train.SequenceExample(
                context=tf.train.Features(feature={"size": steps[-1]}),
                feature_lists=tf.train.FeatureLists(feature_list=lists),
            )
            writer.write("train", example.SerializeToString())
    files = [str(made.split("train") / "*")]
    accessor = example_accessor(payload_of([made]))
    (batch,) = accessor.record_batch_factory(files, None)
    assert batch.column("size").to_pylist() == [[0], [2]]
    schema = text_format.Parse(
        """
        feature { name: "size" type: INT value_count { min: 1 max: 1 } }
        feature {
          name: "##SEQUENCE##" type: STRUCT
          struct_domain { feature { name: "clicks" type: INT value_count { min: 0 max: 1 } } }
        }
        tensor_representation_group {
          key: ""
          value {
            tensor_representation {
              key: "clicks"
              value {
                ragged_tensor { feature_path { step: "##SEQUENCE##" step: "clicks" } }
              }
            }
          }
        }
        """,
        schema_pb2.Schema(),
    )
    options = tfxio.TensorFlowDatasetOptions(batch_size=2, num_epochs=1, shuffle=False)
    (tensors,) = accessor.tf_dataset_factory(files, options, schema)
    clicks = next(value for name, value in tensors.items() if "clicks" in str(name))
    assert clicks.to_list() == [[[0]], [[0], [1], [2]]]


def test_examples_of_several_kinds_are_refused() -> None:
    kinds = ("FORMAT_TF_EXAMPLE", "FORMAT_PROTO")
    some = [artifact(Examples, payload_format=kind) for kind in kinds]
    with pytest.raises(ExecutorError, match="several kinds: FORMAT_PROTO, FORMAT_TF_EXAMPLE"):
        payload_of(some)
    with pytest.raises(ExecutorError, match="does not read examples that are FORMAT_PROTO"):
        example_accessor(payload_of(some[1:])).record_batch_factory([], None)
