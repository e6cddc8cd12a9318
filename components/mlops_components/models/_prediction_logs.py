"""Prediction logs read back as a table.

This module imports TensorFlow when it is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from mlops_components.records import cells_of, frame_of_records, read_lists

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 1024


def read_logs(files: Sequence[Path], payload: str) -> pd.DataFrame:
    """Return a row for each prediction: the columns of its example, and the answers.

    An answer is the column `<signature>.<output>`, where outputs of a classification are `classes`
    and `scores`, and that of a regression is `value`.

    Args:
        payload: TFX's name for what the examples are; of others than tf.Example and
            SequenceExample there are answers only.
    """
    import pandas as pd

    frames = [_frame(records, payload) for records in read_lists(files, _ROWS)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _frame(records: Sequence[bytes], payload: str) -> pd.DataFrame:
    import pandas as pd

    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    answers = [dict(_answers(log)) for log in logs]
    names = dict.fromkeys(name for row in answers for name in row)
    columns = {name: cells_of([row.get(name) for row in answers]) for name in names}
    frame = pd.DataFrame(columns)
    if payload not in _TABLES:
        return frame
    return pd.concat([frame_of_records([_record(log) for log in logs], payload), frame], axis=1)


_TABLES = ("FORMAT_TF_EXAMPLE", "FORMAT_TF_SEQUENCE_EXAMPLE")


def _record(log: Any) -> bytes:
    """Return the serialised example of a log."""
    kind = log.WhichOneof("log_type")
    request = getattr(log, kind).request
    if kind == "predict_log":
        (given,) = request.inputs.values()
        return bytes(given.string_val[0])
    return bytes(request.input.example_list.examples[0].SerializeToString())


def _answers(log: Any) -> Iterator[tuple[str, Any]]:
    kind = log.WhichOneof("log_type")
    found = getattr(log, kind)
    if kind == "predict_log":
        name = found.request.model_spec.signature_name
        for output, value in found.response.outputs.items():
            yield f"{name}.{output}", _plain(np.squeeze(tf.make_ndarray(value)).tolist())
    elif kind == "multi_inference_log":
        for result in found.response.results:
            answer = getattr(result, result.WhichOneof("result"))
            yield from _classified(result.model_spec.signature_name, answer)
    else:
        yield from _classified(found.request.model_spec.signature_name, found.response.result)


def _classified(name: str, answer: Any) -> Iterator[tuple[str, Any]]:
    """Yield the answers of a classification or a regression."""
    if hasattr(answer, "regressions"):
        yield f"{name}.value", answer.regressions[0].value
        return
    classes = answer.classifications[0].classes
    yield f"{name}.classes", [each.label for each in classes]
    yield f"{name}.scores", [each.score for each in classes]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value
