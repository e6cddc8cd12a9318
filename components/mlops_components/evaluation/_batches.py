"""A batch of examples as TFMA's combiners want it: as rows, or as arrays of all rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.extractors import unbatch_extractor
from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.utils import util

from mlops_components.evaluation._slices import Extracts
from mlops_components.evaluation._sums import Indices, Numbers
from mlops_pipeline.errors import ExecutorError

SIGNED = (
    "write 0 where the label is -1, as (label + 1) / 2 does, when the examples are made; or use "
    "Hinge or SquaredHinge, which take -1 and 1"
)
"""What to do about labels of binary classification that are -1 and 1."""

_ARRAYS = (constants.LABELS_KEY, constants.PREDICTIONS_KEY, constants.EXAMPLE_WEIGHTS_KEY)


@dataclass(frozen=True)
class Asked:
    """Needs of a combiner for labels, predictions and weights, read from its private fields."""

    eval_config: Any
    model_name: str
    output_name: str
    sub_key: Any
    aggregation_type: Any
    class_weights: Mapping[int, float] | None
    example_weighted: bool

    @classmethod
    def by(cls, combiner: Any) -> Asked:
        """Read the needs of a combiner of one metric key."""
        key = combiner._key
        return cls(
            combiner._eval_config,
            key.model_name,
            key.output_name,
            key.sub_key,
            combiner._aggregation_type,
            combiner._class_weights,
            combiner._example_weighted,
        )


@dataclass(frozen=True)
class Triples:
    """Labels, predictions and weights, by row: arrays with two dimensions."""

    labels: Any
    predictions: Any
    weights: Numbers


@dataclass(frozen=True)
class Pairs:
    """Single labels with their predictions and weights, and the rows that they are of."""

    rows: Indices
    labels: Numbers
    predictions: Numbers
    weights: Numbers

    def fractional(self) -> Pairs:
        """Return each pair as a negative and a positive one, weighted by the label, as in TFMA.

        Raises:
            ExecutorError: a label is not within 0 and 1.
        """
        wrong = ~((self.labels >= 0) & (self.labels <= 1))
        if wrong.any():
            raise ExecutorError(
                f"a label is {self.labels[wrong][0]:g}: metrics of binary classification take "
                "labels from 0 to 1",
                hint=SIGNED
                if (self.labels[wrong] == -1).all()
                else "choose another label_key, or metrics of regression",
                retryable=False,
            )
        labels = np.concatenate([np.zeros_like(self.labels), np.ones_like(self.labels)])
        weights = np.concatenate([self.weights * (1 - self.labels), self.weights * self.labels])
        kept = np.flatnonzero(weights)
        twice = replace(
            self, rows=np.tile(self.rows, 2), labels=labels, weights=weights,
            predictions=np.tile(self.predictions, 2),
        )  # fmt: skip
        return Pairs(*(value[kept] for value in vars(twice).values()))


class Batch:
    """A batch of examples after TFMA's extractors.

    Args:
        extracts: of all rows.
        size: number of rows.
    """

    def __init__(self, extracts: Extracts, size: int) -> None:
        self.extracts = extracts
        self.size = size
        self._triples: dict[str, Triples | None] = {}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Extracts of single examples, as TFMA makes them."""
        return list(unbatch_extractor._extract_unbatched_inputs(dict(self.extracts)))

    @cached_property
    def _arrays(self) -> Any:
        """The extracts whose arrays have two dimensions, or None if some can't have them."""
        try:
            made = {key: _two_dimensional(self.extracts.get(key)) for key in _ARRAYS}
        except _Irregular:
            return None
        return metric_types.StandardMetricInputs({k: v for k, v in made.items() if v is not None})

    def weights(self, model_name: str, output_name: str) -> Numbers | None:
        """Return the weight of each row; None if they are not plain numbers."""
        if self._arrays is None:
            return None
        found = self._arrays.example_weight
        for name in (model_name, output_name):
            if isinstance(found, Mapping) and name:
                found = util.get_by_keys(found, [name], optional=True)
        if found is None:
            return np.ones(self.size)
        return None if isinstance(found, Mapping) else found.sum(axis=1, dtype=np.float64)

    def triples(self, asked: Asked) -> Triples | None:
        """Return a combiner's input for each row; None if only single rows can be prepared."""
        # Metrics of one model mostly ask for the same.
        key = repr((asked.model_name, asked.output_name, asked.sub_key, asked.aggregation_type,
                    asked.example_weighted))  # fmt: skip
        if key not in self._triples:
            self._triples[key] = self._prepared(asked)
        return self._triples[key]

    def _prepared(self, asked: Asked) -> Triples | None:
        if self._arrays is None:
            return None
        ((labels, predictions, weights),) = metric_util.to_label_prediction_example_weight(
            self._arrays,
            eval_config=asked.eval_config,
            model_name=asked.model_name,
            output_name=asked.output_name,
            sub_key=asked.sub_key,
            aggregation_type=asked.aggregation_type,
            example_weighted=asked.example_weighted,
            flatten=False,
            squeeze=False,
            allow_none=True,
        )
        if weights.size == 1:
            weights = np.full((self.size, 1), float(weights.reshape(-1)[0]))
        shapes = [value.shape for value in (labels, predictions, weights)]
        if any(len(shape) != 2 or shape[0] != self.size for shape in shapes):
            return None
        if labels.dtype.kind not in "bifu" or predictions.dtype.kind not in "bifu":
            return None
        return Triples(labels, predictions, weights)

    def pairs(self, asked: Asked) -> Pairs | None:
        """Return each label with its prediction; None where only single rows can be prepared."""
        found = self.triples(asked)
        if found is None:
            return None
        labels, width = found.labels, found.predictions.shape[1]
        if labels.shape != found.predictions.shape:
            if labels.shape[1] != 1:
                return None
            labels = metric_util.one_hot(labels, found.predictions)
        weights = found.weights
        if weights.shape[1] == 1:
            weights = np.repeat(weights, width, axis=1)
        elif weights.shape[1] != width:
            return None
        if asked.class_weights:
            weights = weights * [asked.class_weights.get(i, 0.0) for i in range(width)]
        flat = [v.reshape(-1).astype(np.float64) for v in (labels, found.predictions, weights)]
        return Pairs(np.repeat(np.arange(self.size), width), *flat)


class _Irregular(Exception):
    """Rows have values of different number, or none."""


def _two_dimensional(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {key: _two_dimensional(each) for key, each in value.items()}
    if not isinstance(value, np.ndarray) or value.dtype == object or value.ndim > 2:
        raise _Irregular
    return value.reshape(len(value), -1)
