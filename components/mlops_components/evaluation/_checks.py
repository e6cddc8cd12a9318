"""Values that no metric can be computed from, refused before anything is.

A NaN drops out of some metrics and makes others NaN, a negative weight gives an AUC of 2: both
engines look at labels, weights and predictions as they are read, and again when the model has been
asked. This module imports TFMA and Beam when it is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.extractors import unbatch_extractor
from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.utils import util

from mlops_components.engines._memory_steps import without_beam_traceback
from mlops_components.evaluation import _takes
from mlops_components.evaluation._batches import Asked, Batch
from mlops_pipeline.errors import ExecutorError

_SHOWN = (3, 6, 40)
"""Rows, features of a row, and characters of a feature that a message shows."""

_DROP = {
    "label": "leave them out before they are evaluated",
    "weight": "give each example a weight of 0 or more, or leave it out",
    "prediction": "fix what made the predictions, or leave these examples out",
}


@dataclass(frozen=True)
class InputColumn:
    """A feature of the examples with the role that a model spec gives it.

    Args:
        field: of the model spec.
        role: `label`, `weight` or `prediction`.
        required: whether it is a feature of the examples, and not made by a signature of the model.
    """

    field: str
    name: str
    role: str
    required: bool


def columns_of(config: Any, *, has_model: bool, is_custom: bool) -> list[InputColumn]:
    """Return the features that an `EvalConfig` computes metrics from.

    Args:
        is_custom: whether the user's own extractors read the examples.
    """
    found = []
    for spec in config.model_specs:
        required = not spec.preprocessing_function_names and not is_custom
        roles = [("label", "label_key"), ("weight", "example_weight_key")]
        if not has_model and not is_custom:
            roles.append(("prediction", "prediction_key"))
        for role, field in roles:
            for name in [getattr(spec, field), *getattr(spec, f"{field}s").values()]:
                found.append(InputColumn(field, name, role, required))
    return list(dict.fromkeys(column for column in found if column.name))


def check_columns(batch: pa.RecordBatch, columns: Sequence[InputColumn]) -> pa.RecordBatch:
    """Return a batch of examples, if metrics can be computed from it.

    Raises:
        ExecutorError: a label, weight or prediction is missing, NaN or infinite, or a weight is
            negative; names the feature, the number of examples and the first of them.
    """
    for each in columns:
        if each.name in batch.schema.names:
            _check_column(batch, each, batch.column(each.name))
        elif each.required:
            everywhere = np.ones(batch.num_rows, bool)
            raise _refused(each, everywhere, _missing(each), _rows_of(batch, everywhere))
    return batch


def _missing(column: InputColumn) -> str:
    # A table's NaN is an empty cell here.
    return f"have no {column.role}" + ("" if column.role == "label" else " (empty or NaN)")


def _check_column(batch: pa.RecordBatch, column: InputColumn, cells: pa.Array) -> None:
    if pa.types.is_null(cells.type):
        lengths = np.zeros(len(cells), np.int64)
    else:
        lengths = cells.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    # Labels may be lists of any length, as those of objects in an image.
    if column.role != "label" or lengths.max(initial=0) <= 1:
        _raise_if(batch, column, lengths == 0, _missing(column))
    values = cells.flatten() if len(cells) and not pa.types.is_null(cells.type) else None
    if values is None:
        return
    if column.role == "weight" and not _is_number(values.type):
        texts = np.ones(len(cells), bool)
        _raise_if(batch, column, texts, "have a text as weight")
    if not _is_number(values.type):
        return
    numbers = values.to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(cells)), lengths)

    def of_rows(wrong: Any) -> Any:
        return np.bincount(rows[wrong], minlength=len(cells)) > 0

    _raise_if(batch, column, of_rows(np.isnan(numbers)), f"have the {column.role} NaN")
    if column.role == "weight":
        _raise_if(batch, column, of_rows(numbers < 0), "have a negative weight")
    several = column.role == "prediction" and np.repeat(lengths > 1, lengths)
    infinite = of_rows(_infinite(numbers, several))
    _raise_if(batch, column, infinite, f"have an infinite {column.role}")


def _infinite(numbers: Any, several: Any) -> Any:
    """Return a mask of infinite values; among several scores, -inf masks a class out."""
    return np.isposinf(numbers) | (np.isneginf(numbers) & ~np.asarray(several))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _raise_if(batch: pa.RecordBatch, column: InputColumn, wrong: Any, what: str) -> None:
    if wrong.any():
        raise _refused(column, wrong, what, _rows_of(batch, wrong))


def _rows_of(batch: pa.RecordBatch, wrong: Any) -> list[dict[str, Any]]:
    names = [name for name in batch.schema.names if name != tfma.constants.ARROW_INPUT_COLUMN]
    table = pa.Table.from_batches([batch]).select(names)
    return list(table.take(np.flatnonzero(wrong)[: _SHOWN[0]]).to_pylist())


def _refused(
    column: InputColumn, wrong: Any, what: str, rows: Iterable[Mapping[str, Any]]
) -> ExecutorError:
    of = " weights" if column.role == "weight" else ""
    return ExecutorError(
        f"{column.field} {column.name!r}: {int(wrong.sum())} of {len(wrong)} examples "
        f"{what}{_first(rows, column.name)}",
        hint=f"{_DROP[column.role]}{of and '; weights count how often an example stands for one'}",
        retryable=False,
    )


def _first(rows: Iterable[Mapping[str, Any]], name: str = "") -> str:
    """Return some examples in words: the feature in question first."""
    texts = []
    for row in rows:
        names = sorted(row, key=lambda each: (each != name, each))[: _SHOWN[1]]
        texts.append(", ".join(f"{each}={_cell(row[each])}" for each in names))
    return f"; the first: {'; '.join(texts)}" if texts else ""


def _cell(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    text = repr(value.decode(errors="replace") if isinstance(value, bytes) else value)
    return text if len(text) <= _SHOWN[2] else f"{text[: _SHOWN[2]]}..."


def with_checks(extractors: Sequence[Any], config: Any) -> list[Any]:
    """Return TFMA's stages, with one that looks at what models and signatures have made."""
    stage = tfma.extractors.Extractor("CheckValues", beam.ParDo(_Check(config)))
    names = [extractor.stage_name for extractor in extractors]
    last = unbatch_extractor.UNBATCH_EXTRACTOR_STAGE_NAME
    if last not in names:
        # The user's own extractors, of single examples.
        return list(extractors)
    at = names.index(last)
    return [*extractors[:at], stage, *extractors[at:]]


class _Check(beam.DoFn):  # type: ignore[misc]
    """Refuses labels, weights and predictions that the metrics of a config are not defined for."""

    def __init__(self, config: Any) -> None:
        self._config = config

    def process(self, extracts: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Look at a batch."""
        with without_beam_traceback():
            check_extracts(extracts, self._config)
        yield extracts


def check_extracts(extracts: Mapping[str, Any], config: Any) -> None:
    """Refuse a batch of labels, weights and predictions that metrics are not defined for.

    Raises:
        ExecutorError: names the metric or the model, the number of examples and the first of them.
    """
    size = util.batch_size(extracts) or 0
    batch = Batch(extracts, size)
    _check_weights(extracts)
    seen = set()
    for model, output, takes in _takes.wanted(config):
        asked = Asked(config, model, output, None, None, None, False)
        if (model, output) not in seen:
            seen.add((model, output))
            _check_numbers(batch, asked)
        found = _triples(batch, asked)
        if found is not None:
            takes.check(found)


def _triples(batch: Batch, asked: Asked) -> Any:
    try:
        return batch.triples(asked)
    except (ValueError, KeyError):
        # TFMA says of each metric which names its config lacks.
        return None


def _check_weights(extracts: Mapping[str, Any]) -> None:
    for weights in _leaves(extracts.get(constants.EXAMPLE_WEIGHTS_KEY)):
        wrong = ~(np.isfinite(weights) & (weights >= 0)).reshape(len(weights), -1).all(axis=1)
        if wrong.any():
            raise ExecutorError(
                f"{int(wrong.sum())} of {len(wrong)} examples have an example weight that is "
                f"negative, NaN or infinite: {float(np.ravel(weights[wrong])[0]):g}",
                hint=_DROP["weight"],
                retryable=False,
            )


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "iuf":
        yield value


def _check_numbers(batch: Batch, asked: Asked) -> None:
    """Refuse labels and predictions that are NaN or infinite."""
    found = _triples(batch, asked)
    if found is not None:
        values = {"prediction": found.predictions, "label": found.labels}
        wrong = {role: _not_finite(role, each) for role, each in values.items()}
    else:
        wrong = _wrong_by_row(batch, asked)
    for role, kinds in wrong.items():
        for kind, rows in kinds.items():
            if rows.any():
                raise _unusable(batch, asked, f"the {role} {kind}", rows)


def _not_finite(role: str, values: Any) -> dict[str, Any]:
    """Return masks of the rows that have such values, by their kind."""
    if values.dtype.kind != "f":
        return {}
    rows = values.reshape(len(values), -1)
    infinite = _infinite(rows, role == "prediction" and rows.shape[1] > 1)
    return {"NaN": np.isnan(rows).any(axis=1), "infinite": infinite.any(axis=1)}


def _wrong_by_row(batch: Batch, asked: Asked) -> dict[str, Any]:
    wrong: dict[str, dict[str, Any]] = {
        role: {kind: np.zeros(batch.size, bool) for kind in ("NaN", "infinite")}
        for role in ("prediction", "label")
    }
    for number, row in enumerate(batch.rows):
        try:
            found = list(
                metric_util.to_label_prediction_example_weight(
                    metric_types.StandardMetricInputs(dict(row)),
                    eval_config=asked.eval_config,
                    model_name=asked.model_name,
                    output_name=asked.output_name,
                    flatten=False,
                    squeeze=False,
                    allow_none=True,
                )
            )
        except (ValueError, KeyError, TypeError):
            # Inputs of other metrics, which know better what is wrong with them.
            continue
        for label, prediction, _ in found:
            for role, value in (("prediction", prediction), ("label", label)):
                for kind, rows in _not_finite(role, value.reshape(1, -1)).items():
                    wrong[role][kind][number] |= rows[0]
    return wrong


def _unusable(batch: Batch, asked: Asked, what: str, wrong: Any) -> ExecutorError:
    from mlops_components.evaluation._models import features_frame

    where = f" of the model {asked.model_name!r}" if asked.model_name else ""
    where += f" of the output {asked.output_name!r}" if asked.output_name else ""
    features = batch.extracts.get(constants.FEATURES_KEY)
    rows = []
    if isinstance(features, Mapping):
        named = {k: v for k, v in features.items() if k != tfma.constants.ARROW_INPUT_COLUMN}
        frame = features_frame(named, batch.size)
        rows = frame.iloc[np.flatnonzero(wrong)[: _SHOWN[0]]].to_dict("records")
    return ExecutorError(
        f"{int(wrong.sum())} of {batch.size} examples of a batch have {what}{where}{_first(rows)}",
        hint=_DROP["label"] if "label" in what else "fix the model, or its input",
        retryable=False,
    )
