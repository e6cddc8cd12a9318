"""A model answers all examples: prediction logs as TFX writes them, or further columns."""

from pathlib import Path
from typing import Any

import pytest
from inferred_examples import PREDICTED, inferred, written

from mlops_components import (
    BulkInferrer,
    DataSpec,
    OutputColumnsSpec,
    OutputExampleSpec,
    Pusher,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Artifact, Examples, Model, ModelBlessing
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.roots import digest_path
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def examples() -> Examples:
    return written({"train": list(range(1500)), "eval": [7, 8]}, span=3)


@pytest.fixture(scope="module")
def model() -> Model:
    """A model with the signatures `serving_default`, `classes` and `value`, and a bad one."""
    import tensorflow as tf

    made = artifact(Model)
    v1 = tf.compat.v1
    signature = v1.saved_model.signature_def_utils
    with tf.Graph().as_default(), v1.Session() as session:
        records = v1.placeholder(tf.string, [None])
        x = tf.io.parse_example(records, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]
        y = v1.get_variable("w", initializer=2.0) * x
        labels = tf.repeat([["a", "b"]], tf.shape(x)[0], axis=0)
        predict = signature.predict_signature_def({"examples": records}, {"y": y, "labels": labels})
        signatures = {
            "serving_default": predict,
            "classes": signature.classification_signature_def(
                records, labels, tf.concat([y, -y], axis=1)
            ),
            "value": signature.regression_signature_def(records, y),
            "one": signature.predict_signature_def(
                {"examples": records}, {"one": tf.reduce_sum(y, keepdims=True)}
            ),
            "numbers": signature.predict_signature_def({"x": x}, {"y": y}),
        }
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(made.path / "Format-Serving"))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
    return made


def logs(result: Artifact) -> list[Any]:
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    files = sorted(str(path) for path in result.path.glob("prediction_logs-*-of-*.gz"))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record) for record in records]


def test_every_example_gets_a_prediction_log_the_same_each_time_and_over_beam(
    examples: Examples, model: Model
) -> None:
    result, none = inferred(examples, model)
    found = logs(result)
    assert len(found) == 1502
    assert none.properties["split_names"] == "[]"
    # Splits come by name: the first two are `eval`.
    log = found[1].predict_log
    assert log.request.model_spec.signature_name == "serving_default"
    assert log.response.outputs["y"].float_val[:] == [16.0]
    assert log.response.outputs["labels"].string_val[:] == [b"a", b"b"]
    assert digest_path(inferred(examples, model)[0].path) == digest_path(result.path)

    def plain(answers: list[Any]) -> list[bytes]:
        return sorted(answer.SerializeToString(deterministic=True) for answer in answers)

    distributed, _ = inferred(examples, model, engine="beam")
    assert distributed.properties["engine"] == "beam"
    assert plain(logs(distributed)) == plain(found)


def test_several_artifacts_are_read_together(model: Model) -> None:
    many = [written({"train": [1]}), written({"train": [2], "eval": [3]})]
    outputs = run_component(
        BulkInferrer, examples=many, model=model, data_spec=DataSpec(["train"])
    ).outputs
    answers = [log.predict_log.response.outputs["y"] for log in logs(outputs["inference_result"])]
    assert [answer.float_val[0] for answer in answers] == [2, 4]


@pytest.mark.parametrize("said", [{"blessed": 0}, {}])
def test_model_without_a_blessing_is_not_asked(
    examples: Examples, model: Model, said: dict[str, int]
) -> None:
    blessing = artifact(ModelBlessing, **said)
    result, found = inferred(examples, model, model_blessing=blessing)
    assert list(result.path.iterdir()) == list(found.path.iterdir()) == []


def test_model_that_is_damaged_or_fails_is_named(model: Model) -> None:
    import tensorflow as tf

    files = {
        str(path.relative_to(model.path)): path.read_bytes()
        for path in model.path.rglob("*")
        if path.is_file()
    }
    damaged = artifact(Model, {n: b"" if ".data-" in n else data for n, data in files.items()})
    with pytest.raises(ExecutorError, match="cannot be loaded"):
        inferred(written({"train": [1]}), damaged)
    unreadable = artifact(Examples)
    with SplitWriter(unreadable, ["train"]) as writer:
        writer.write("train", tf.train.Example().SerializeToString())
    with pytest.raises(ExecutorError, match=r"fails on an example: .*x"):
        inferred(unreadable, model)


@pytest.mark.parametrize("engine", ["memory", "beam"])
def test_rows_that_were_not_read_are_missed(model: Model, engine: str) -> None:
    made = written({"train": [1, 2, 3]})
    made.properties["num_examples"] = {"train": 4}
    with pytest.raises(ExecutorError, match=r"split 'train' .*: 3 of 4 rows were read from"):
        inferred(made, model, engine=engine)


def test_pushed_model_is_asked_as_the_trained_one(model: Model, tmp_path: Path) -> None:
    pushed = run_component(Pusher, model=model, push_destination=str(tmp_path / "served"))
    result, _ = inferred(written({"train": [1, 2]}), pushed.outputs["pushed_model"])
    assert result.load()["serving_default.y"].tolist() == [2, 4]


def test_only_chosen_columns_of_the_examples_are_kept(model: Model) -> None:
    answers = [OutputColumnsSpec(predict_output=PREDICTED)]
    asked = written({"train": [1, 2]})

    def kept(*names: str) -> list[str]:
        spec = OutputExampleSpec(answers, example_columns=list(names))
        return list(inferred(asked, model, output_example_spec=spec)[1].load().columns)

    assert kept() == ["names", "twice"]
    assert kept("x") == ["names", "twice", "x"]
    with pytest.raises(ExecutorError, match="example_columns: an example has no 'z'"):
        kept("z")
