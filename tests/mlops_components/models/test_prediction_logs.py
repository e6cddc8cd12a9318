"""Answers of models, read as a table."""

from typing import Any

import pytest
from record_rows import record

from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, InferenceResult
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def loaded(*logs: Any, **properties: Any) -> Any:
    """Write prediction logs as the BulkInferrer does, and load them."""
    written = artifact(Examples, {})
    with SplitWriter(written, ["all"], "prediction_logs") as writer:
        writer.write_all("all", [log.SerializeToString() for log in logs])
    return InferenceResult(str(written.split("all")), properties=properties).load()


def predicted(example: bytes, **outputs: Any) -> Any:
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = "serving_default"
    log.predict_log.request.inputs["examples"].CopyFrom(tf.make_tensor_proto([example]))
    for name, value in outputs.items():
        log.predict_log.response.outputs[name].CopyFrom(tf.make_tensor_proto([value]))
    return log


def test_predictions_stand_beside_the_columns_of_their_examples() -> None:
    rows = [record({"x": [number], "name": [b"n"]}) for number in (1, 2)]
    found = loaded(*(predicted(row, y=2.5, labels=[b"a", b"b"]) for row in rows))
    assert found.to_dict("list") == {
        "name": ["n", "n"],
        "x": [1, 2],
        "serving_default.labels": [["a", "b"]] * 2,
        "serving_default.y": [2.5, 2.5],
    }


def test_records_that_are_no_examples_have_answers_only() -> None:
    found = loaded(predicted(b"\xff", y=1.0), payload_format="FORMAT_PROTO")
    assert found.to_dict("list") == {"serving_default.y": [1.0]}


def test_classes_scores_and_values_are_columns() -> None:
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    multi = log.multi_inference_log
    multi.request.input.example_list.examples.add().ParseFromString(record({"x": [1]}))
    classes, value = multi.response.results.add(), multi.response.results.add()
    classes.model_spec.signature_name = "classes"
    for label, score in (("a", 0.25), ("b", 0.75)):
        found = classes.classification_result.classifications
        (found[0] if found else found.add()).classes.add(label=label, score=score)
    value.model_spec.signature_name = "value"
    value.regression_result.regressions.add(value=1.5)
    assert loaded(log).to_dict("list") == {
        "x": [1],
        "classes.classes": [["a", "b"]],
        "classes.scores": [[0.25, 0.75]],
        "value.value": [1.5],
    }


def test_no_results_are_an_empty_table() -> None:
    assert artifact(InferenceResult, {}).load().empty
