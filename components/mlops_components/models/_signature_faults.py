"""Reasons why a SavedModel does not answer examples, looked for after it has failed.

This module imports TensorFlow when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import tensorflow as tf

from mlops_components.models._ask import message_of
from mlops_components.models._predict import ModelFolder, UnusableModelError
from mlops_pipeline.errors import did_you_mean
from mlops_pipeline.tracebacks import summary


@dataclass(frozen=True)
class Request:
    """What was asked of a model.

    Args:
        signatures: by name; the first gives the predictions.
        prediction: the output that is the prediction; "" if none is named, None if outputs are
            chosen otherwise.
        batches: reads the examples.
        raw_record: column of a batch that has the serialised examples.
    """

    signatures: Sequence[str]
    prediction: str | None
    batches: Callable[[], Iterable[pa.RecordBatch]]
    raw_record: str


def fault_of(folder: ModelFolder, request: Request) -> UnusableModelError | None:
    """Return why a model cannot be loaded or asked; None if it answers all examples."""
    try:
        loaded = tf.saved_model.load(str(folder.path))
    except Exception as error:  # noqa: BLE001 - the model is anybody's
        problem = f"cannot be loaded: {summary(error)}"
        return folder.unusable(problem, hint="train it again, and look at what saved it")
    for name in request.signatures:
        signature = loaded.signatures.get(name)
        if signature is None and hasattr(loaded, name):
            # Some other function, which says nothing of what it takes.
            continue
        if signature is None:
            problem, hint = f"has no signature {name!r}", did_you_mean(name, loaded.signatures)
            return folder.unusable(problem, hint=hint)
        problem = _unanswered(signature, request.batches(), request.raw_record)
        if not problem and name == request.signatures[0]:
            problem = _output_fault(signature, request.prediction)
        if problem:
            return folder.unusable(f"cannot be asked: signature {name!r} {problem}", hint=_HINT)
    return None


_HINT = (
    "train it on the features that the examples have, or name another signature or output; an old "
    "baseline may be left out, as unusable_baseline='ignore' of the Evaluator does"
)


def _unanswered(signature: Any, batches: Iterable[pa.RecordBatch], raw_record: str) -> str:
    """Return why a signature does not answer the examples; empty if it does."""
    inputs: Mapping[str, Any] = getattr(signature, "structured_input_signature", ((), {}))[1]
    for batch in batches:
        problem = (
            _refusal(signature, batch.column(raw_record).flatten().to_pylist())
            if _takes_records(inputs, batch.schema.names)
            else _unfit(inputs, batch)
        )
        if problem:
            return problem
    return ""


def _takes_records(inputs: Mapping[str, Any], features: Sequence[str]) -> bool:
    """Return True if a signature is given serialised examples by TFMA, and takes them."""
    if len(inputs) != 1:
        return not inputs
    ((name, spec),) = inputs.items()
    return spec.dtype == tf.string and _feature(name, features) is None


def _feature(name: str, features: Sequence[str]) -> str | None:
    # As TFMA looks: some Keras models name their inputs so.
    return next((each for each in (name, name.removesuffix("_input")) if each in features), None)


def _refusal(signature: Any, records: Sequence[bytes]) -> str:
    try:
        signature(tf.constant(records, tf.string))
    except Exception as error:  # noqa: BLE001 - a graph fails in as many ways as it has operations
        return f"fails on an example: {message_of(error)}"
    return ""


def _unfit(inputs: Mapping[str, Any], batch: pa.RecordBatch) -> str:
    """Return which input of a signature the features of a batch do not fit."""
    for name, spec in inputs.items():
        feature = _feature(name, batch.schema.names)
        if feature is None:
            return f"takes {name!r}, which is neither a serialised example nor a feature of them"
        if not isinstance(spec, tf.TensorSpec):
            # Ragged and sparse inputs take what there is.
            continue
        cells = batch.column(feature)
        missing = sum(1 for cell in cells.to_pylist() if not cell)
        if missing:
            return f"takes {name!r}, which {missing} of {batch.num_rows} examples lack"
        is_text = pa.types.is_large_binary(cells.type.value_type)
        if is_text != (spec.dtype == tf.string):
            given = "texts" if is_text else "numbers"
            return f"takes {name!r} as {spec.dtype.name}, and the examples have {given}"
    return ""


def _output_fault(signature: Any, prediction: str | None) -> str:
    """Return what is wrong with the names of a signature's outputs."""
    outputs = getattr(signature, "structured_outputs", None)
    if prediction is None or not isinstance(outputs, Mapping) or len(outputs) < 2:
        return ""
    names = ", ".join(sorted(outputs))
    if not prediction:
        return f"gives {names}, and no prediction_key says which is the prediction"
    return "" if prediction in outputs else f"gives no {prediction!r}, but {names}"
