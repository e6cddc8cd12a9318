"""Trainings by Keras: recorded epoch by epoch, carried over, and gone on with after a crash."""

import math
import textwrap
from pathlib import Path

import pytest
from keras_trainings import LINE, ROWS

from mlops_components import read_frame
from mlops_components.records import SplitWriter, files_of_split, read_record_batches
from mlops_components.training import RecordBatchesOptions, payload_of
from mlops_components.training.fn_args import example_accessor
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.testing import artifact

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
