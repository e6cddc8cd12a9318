"""Batch inference by the user's `predict_fn`, for models that are not SavedModels.

This module imports TensorFlow and Beam when it is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from mlops_components.models._inference import BATCH_ROWS
from mlops_components.models._predict import PREDICT, ModelFolder, load_predict_fn
from mlops_components.records import LIST_BYTES, PayloadFormat, frame_of_records

if TYPE_CHECKING:
    import pandas as pd

    from mlops_components.models._inference import Ask

OUTPUT = "predictions"
"""Name of the output of a function that gives one array."""


@dataclass(frozen=True)
class FunctionInference:
    """A model that `predict_fn` asks.

    Args:
        folder: of the model.
        module_file: defines `predict_fn`.
        payload: TFX's name for what a record is.
    """

    folder: Path
    module_file: Path
    payload: str = PayloadFormat.TF_EXAMPLE

    @property
    def signatures(self) -> Mapping[str, Any]:
        """The function, as if it were a signature; what it gives is known when it is asked."""
        method = tf.saved_model.PREDICT_METHOD_NAME
        name = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
        return {name: SimpleNamespace(method_name=method, outputs=None)}

    @contextmanager
    def opened(self) -> Iterator[Ask]:
        """Return a context in which the model is loaded."""
        yield self.load()

    def load(self) -> Ask:
        """Return a function from records to `PredictionLog`s.

        Raises:
            UnusableModelError: the model cannot be loaded.
        """
        predict = load_predict_fn(ModelFolder(self.folder), self.module_file)
        tables = _Tables(self.payload)

        def ask(records: list[bytes]) -> Iterator[Any]:
            answers = predict(tables.of(records), len(records))
            named = answers if isinstance(answers, Mapping) else {OUTPUT: answers}
            for row, record in enumerate(records):
                yield _log(record, {name: values[row] for name, values in named.items()})

        return ask

    def transform(self) -> Any:
        """Return the step of a Beam pipeline from records to `PredictionLog`s."""
        return _Infer(self)


class _Tables:
    """Makes tables of batches, with the columns of those before that have no value in one."""

    def __init__(self, payload: str) -> None:
        self._payload = payload
        self._columns: dict[str, None] = {}

    def of(self, records: list[bytes]) -> pd.DataFrame:
        """Return records as a table."""
        frame = frame_of_records(records, self._payload)
        self._columns |= dict.fromkeys(frame.columns)
        return frame.reindex(columns=sorted(self._columns))


class _Infer(beam.PTransform):  # type: ignore[misc]
    def __init__(self, inference: FunctionInference) -> None:
        super().__init__()
        self._inference = inference

    def expand(self, records: Any) -> Any:
        least = LIST_BYTES // BATCH_ROWS
        batches = beam.BatchElements(
            min_batch_size=LIST_BYTES,
            max_batch_size=LIST_BYTES,
            element_size_fn=lambda record: max(len(record), least),
        )
        return records | batches | beam.ParDo(_AskBatch(self._inference))


class _AskBatch(beam.DoFn):  # type: ignore[misc]
    def __init__(self, inference: FunctionInference) -> None:
        self._inference = inference

    def setup(self) -> None:
        self._ask = self._inference.load()

    def process(self, records: list[bytes]) -> Iterator[Any]:
        yield from self._ask(records)


def _log(record: bytes, answers: Mapping[str, Any]) -> Any:
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.signature_name = PREDICT
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto([record]))
    for name, value in answers.items():
        # With the dimension of the batch, as a signature gives it.
        given = tf.make_tensor_proto(np.asarray(value)[None])
        log.predict_log.response.outputs[name].CopyFrom(given)
    return log
