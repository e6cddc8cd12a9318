"""A model answers all examples: prediction logs as TFX writes them, or further columns."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import (
    BulkInferrer,
    ClassifyOutput,
    DataSpec,
    ModelSpec,
    OutputColumnsSpec,
    OutputExampleSpec,
    PredictOutput,
    PredictOutputCol,
    RegressOutput,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Artifact, Examples, Model, ModelBlessing
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.roots import digest_path
from mlops_pipeline.testing import artifact, run_component

Load = Callable[[Artifact], Any]

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


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


def inferred(examples: Any, model: Model | None, **more: Any) -> tuple[Artifact, Artifact]:
    outputs = run_component(BulkInferrer, examples=[examples], model=model, **more).outputs
    return outputs["inference_result"], outputs["output_examples"]


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


def columns(*specs: OutputColumnsSpec, names: list[str] | None = None) -> dict[str, Any]:
    return {
        "output_example_spec": OutputExampleSpec(list(specs)),
        "model_spec": ModelSpec(names or []),
    }


PREDICTED = PredictOutput([PredictOutputCol("y", "twice"), PredictOutputCol("labels", "names")])


def test_answers_become_columns(examples: Examples, model: Model, load: Load) -> None:
    spec = columns(OutputColumnsSpec(predict_output=PREDICTED))
    empty, found = inferred(examples, model, **spec)
    assert list(empty.path.iterdir()) == []
    assert found.properties["span"] == 3
    frame = load(found)
    assert list(frame.loc["eval"]["x"]) == [7, 8]
    assert list(frame.loc["eval"]["twice"]) == [14, 16]
    assert frame.loc["train"]["names"].iloc[5] == ["a", "b"]
    assert len(frame.loc["train"]) == 1500


def test_classes_and_values_become_columns(model: Model, load: Load) -> None:
    classify = OutputColumnsSpec("classes", classify_output=ClassifyOutput("label", "score"))
    regress = OutputColumnsSpec("value", regress_output=RegressOutput("value"))
    few = written({"train": [1, 2], "eval": [3]})
    for specs, names in [
        ([classify, regress], ["classes", "value"]),
        ([classify], ["classes"]),
        ([regress], ["value"]),
    ]:
        chosen = {**columns(*specs, names=names), "data_spec": DataSpec(["train"])}
        frame = load(inferred(few, model, **chosen)[1])
        assert len(frame) == 2
        if "classes" in names:
            assert list(frame["label"]) == [["a", "b"]] * 2
            assert list(frame["score"]) == [[2, -2], [4, -4]]
        if "value" in names:
            assert list(frame["value"]) == [2, 4]


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


def test_mistakes_are_named(examples: Examples, model: Model, tmp_path: Path) -> None:
    output = OutputColumnsSpec(predict_output=PREDICTED)
    wrong = PredictOutput([PredictOutputCol("z", "z")])
    taken = PredictOutput([PredictOutputCol("y", "x")])
    regress = OutputColumnsSpec(regress_output=RegressOutput("value"))
    few = written({"train": [1]})
    sequences = written({"train": [1]}, payload_format="FORMAT_TF_SEQUENCE_EXAMPLE")
    mistakes: list[tuple[type[Exception], str, Any, Model | None, dict[str, Any]]] = [
        (ParameterError, "has no model", few, None, {}),
        (NotFoundError, "there is no SavedModel at", few, artifact(Model), {}),
        (NotFoundError, "no signature 'clases'", few, model, {"model_spec": ModelSpec(["clases"])}),
        (NotFoundError, "no graph tagged gpu", few, model, {"model_spec": ModelSpec(tag=["gpu"])}),
        (NotFoundError, "no split 'trai'", few, model, {"data_spec": DataSpec(["trai"])}),
        (ExecutorError, "cannot be asked", few, model, {"model_spec": ModelSpec(["numbers"])}),
        (ExecutorError, "'one'|one to have", examples, model, {"model_spec": ModelSpec(["one"])}),
        (
            ParameterError,
            "asked is value, classes",
            few,
            model,
            columns(output, names=["value", "classes"]),
        ),
        (ParameterError, "has regress_output for signature", few, model, columns(regress)),
        (
            ParameterError,
            "has no output 'z'",
            few,
            model,
            columns(OutputColumnsSpec(predict_output=wrong)),
        ),
        (
            ExecutorError,
            "the column 'x', which the examples have",
            few,
            model,
            columns(OutputColumnsSpec(predict_output=taken)),
        ),
        (ParameterError, "FORMAT_TF_SEQUENCE_EXAMPLE", sequences, model, columns(output)),
    ]
    for kind, message, data, asked, more in mistakes:
        with pytest.raises(kind, match=message):
            inferred(data, asked, **more)


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
