"""Accumulators of TFMA's metrics that take a batch of examples at a time.

TFMA's combiners take one example of one slice a call. For those that most metrics are made of,
the same sums are added here by array, for all slices at once; the results are handed to the very
combiner, as an accumulator of its own kind. Every other combiner gets its rows one by one.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.contrib.aggregates import binary_confusion_matrices as matrices
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as tfma_ev
from tensorflow_model_analysis.metrics import (
    binary_confusion_matrices,
    calibration,
    calibration_histogram,
    example_count,
    metric_util,
)

from mlops_components.evaluation._batches import Asked, Batch, Pairs, Triples
from mlops_components.evaluation._defined import KerasCombiner, WeighedCombiner
from mlops_components.evaluation._slices import Members
from mlops_components.evaluation._sums import Indices, Numbers, Sums
from mlops_pipeline.errors import ExecutorError


class Adder(Protocol):
    """Accumulates some metrics for groups of examples."""

    def add(self, batch: Batch, members: Members) -> None:
        """Take a batch of examples."""

    def output(self, groups: Sequence[int]) -> dict[Any, Any]:
        """Return the metrics of some groups taken together, by TFMA's keys."""


def adders(computations: Sequence[Any]) -> tuple[list[Adder], list[Any]]:
    """Return accumulators for all computations, and those of them that go row by row."""
    made: list[Adder] = []
    slow = []
    for computation in computations:
        kind = _KINDS.get(type(computation.combiner))
        if kind and kind.takes(computation.combiner):
            made.append(kind(computation))
        else:
            slow.append(computation)
    return [*made, *([ByRow(slow)] if slow else [])], slow


class ByRow:
    """Calls TFMA's preprocessors and combiners for each example of each slice.

    Args:
        computations: TFMA's.
    """

    def __init__(self, computations: Sequence[Any]) -> None:
        self._prepare = tfma_ev._PreprocessorDoFn(list(computations))
        self._combine = tfma_ev._ComputationsCombineFn(list(computations))
        self._prepare.setup()
        self._combine.setup()
        self.combiners = [computation.combiner for computation in computations]
        self._known: dict[int, Any] = {}

    def add(self, batch: Batch, members: Members) -> None:
        """Take a batch of examples."""
        prepared: list[Any] = []
        for row in batch.rows:
            prepared += self._prepare.process({**row, constants.SLICE_KEY_TYPES_KEY: None})
        times = np.ones_like(members.rows) if members.times is None else members.times
        for row, group, count in zip(members.rows, members.groups, times, strict=True):
            held = self._known.get(group)
            held = self._combine.create_accumulator() if held is None else held
            for _ in range(count):
                held = self._combine.add_input(held, prepared[row])
            self._known[group] = held

    def output(self, groups: Sequence[int]) -> dict[Any, Any]:
        """Return the metrics of some groups taken together, by TFMA's keys."""
        return self._combine.extract_output(self._combine.compact(self.accumulator(groups)))  # type: ignore[no-any-return]

    def accumulator(self, groups: Sequence[int]) -> Any:
        """Return a new accumulator of TFMA's: merging changes it."""
        found = [copy.deepcopy(self._known[group]) for group in groups if group in self._known]
        return self._combine.merge_accumulators([self._combine.create_accumulator(), *found])


class _BySums:
    """Adds by array what can be; single batches may have to go row by row."""

    width = 3

    def __init__(self, computation: Any) -> None:
        self.combiner = computation.combiner
        self.sums = Sums(self.width)
        self.rest = ByRow([computation])
        self.has_rest = False

    @classmethod
    def takes(cls, combiner: Any) -> bool:
        """Return True if a combiner has no setting that needs single rows."""
        return True

    def add(self, batch: Batch, members: Members) -> None:
        found = self.terms(batch)
        if found is None:
            self.has_rest = True
            self.rest.add(batch, members)
            return
        rows, cells, values = found
        # Every member once for each term of its row.
        counts = np.bincount(rows, minlength=batch.size)
        starts = np.cumsum(counts) - counts
        order = np.argsort(rows, kind="stable")
        many = counts[members.rows]
        first = np.repeat(starts[members.rows] - (np.cumsum(many) - many), many)
        terms = order[first + np.arange(many.sum())]
        weights = 1 if members.times is None else np.repeat(members.times, many)
        self.sums.add(
            np.repeat(members.groups, many), cells[terms], [v[terms] * weights for v in values]
        )

    def output(self, groups: Sequence[int]) -> dict[Any, Any]:
        accumulator = self.accumulator(*self.sums.of(groups))
        if self.has_rest:
            (rest,) = self.rest.accumulator(groups)
            accumulator = self.combiner.merge_accumulators([accumulator, rest])
        return self.combiner.extract_output(accumulator)  # type: ignore[no-any-return]

    def terms(self, batch: Batch) -> tuple[Indices, Indices, list[Numbers]] | None:
        """Return the rows, the cells, and the numbers to sum."""
        raise NotImplementedError

    def accumulator(self, cells: Indices, sums: Numbers) -> Any:
        """Return the combiner's own kind of accumulator."""
        raise NotImplementedError


class _Histogram(_BySums):
    def terms(self, batch: Batch) -> tuple[Indices, Indices, list[Numbers]] | None:
        pairs = batch.pairs(Asked.by(self.combiner))
        if pairs is None:
            return None
        if self.combiner._fractional_labels:
            pairs = pairs.fractional()
        by = pairs.predictions if self.combiner._prediction_based_bucketing else pairs.labels
        return pairs.rows, self._buckets(by), _weighted(pairs)

    def _buckets(self, values: Numbers) -> Indices:
        """Return the buckets of predictions, as the combiner's `_bucket_index` does for one."""
        if np.isnan(values).any():
            raise ExecutorError(
                "the model predicts NaN", hint="fix the model, or its input", retryable=False
            )
        last = self.combiner._num_buckets + 1
        bins = (values - self.combiner._left) / self.combiner._range
        return np.clip(bins * self.combiner._num_buckets + 1, 0, last).astype(np.int64)

    def accumulator(self, cells: Indices, sums: Numbers) -> Any:
        made = zip(cells.tolist(), sums.tolist(), strict=True)
        return {cell: calibration_histogram.Bucket(cell, *three) for cell, three in made}


class _Totals(_BySums):
    @classmethod
    def takes(cls, combiner: Any) -> bool:
        sub_key = combiner._key.sub_key
        return sub_key is None or sub_key.top_k is None

    def terms(self, batch: Batch) -> tuple[Indices, Indices, list[Numbers]] | None:
        pairs = batch.pairs(Asked.by(self.combiner))
        if pairs is None:
            return None
        return pairs.rows, np.zeros_like(pairs.rows), _weighted(pairs)

    def accumulator(self, cells: Indices, sums: Numbers) -> Any:
        made = calibration._WeightedLabelsPredictionsExamples()
        labels, predictions, examples = sums.sum(axis=0).tolist()
        made.total_weighted_labels = labels
        made.total_weighted_predictions = predictions
        made.total_weighted_examples = examples
        return made


class _Count(_BySums):
    width = 1

    def terms(self, batch: Batch) -> tuple[Indices, Indices, list[Numbers]] | None:
        weights: Numbers | None = np.ones(batch.size)
        if self.combiner._example_weighted:
            weights = batch.weights(self.combiner._model_name, self.combiner._output_name)
        rows = np.arange(batch.size)
        return None if weights is None else (rows, np.zeros_like(rows), [weights])

    def accumulator(self, cells: Indices, sums: Numbers) -> Any:
        return float(sums.sum())


class _Matrices(_BySums):
    """Confusion matrices at thresholds.

    A cell has the weights of positive and of negative labels whose prediction is greater than so
    many thresholds; the matrix at each threshold follows.
    """

    width = 2

    @classmethod
    def takes(cls, combiner: Any) -> bool:
        standard = metric_util.to_label_prediction_example_weight
        return (
            combiner._extract_label_prediction_and_weight is standard
            and combiner._enable_fractional_labels
            and not combiner._example_id_key
        )

    def terms(self, batch: Batch) -> tuple[Indices, Indices, list[Numbers]] | None:
        pairs = batch.pairs(Asked.by(self.combiner))
        if pairs is None:
            return None
        pairs = pairs.fractional()
        cells = np.searchsorted(self._thresholds(), pairs.predictions, side="left")
        # NaN is greater than nothing, but sorted last.
        cells = np.where(np.isnan(pairs.predictions), 0, cells)
        positive = pairs.labels == 1
        return pairs.rows, cells, [pairs.weights * positive, pairs.weights * ~positive]

    def _thresholds(self) -> Numbers:
        return np.sort(np.asarray(self.combiner._binary_confusion_matrices._thresholds, np.float64))

    def accumulator(self, cells: Indices, sums: Numbers) -> Any:
        made = {}
        thresholds = self._thresholds()
        for threshold in self.combiner._binary_confusion_matrices._thresholds:
            above = cells > np.searchsorted(thresholds, threshold, side="left")
            (tp, fp), (fn, tn) = sums[above].sum(axis=0), sums[~above].sum(axis=0)
            numbers = matrices.Matrix(*(float(v) for v in (tp, tn, fp, fn)))
            made[threshold] = matrices._ThresholdEntry(numbers, [], [], [], [])
        return made


def _weighted(pairs: Pairs) -> list[Numbers]:
    """Return the three numbers that a bucket sums: labels, predictions, and examples."""
    weights = pairs.weights
    return [pairs.labels * weights, pairs.predictions * weights, weights]


class _Keras:
    """Metrics of Keras: their state is updated by arrays of many rows."""

    def __init__(self, computation: Any) -> None:
        self.combiner = computation.combiner
        self.rest = ByRow([computation])
        self._waiting: dict[int, list[list[Triples]]] = {}
        self._rows = 0
        self._held: dict[int, Any] = {}

    @classmethod
    def takes(cls, combiner: Any) -> bool:
        """Return True if a combiner has no setting that needs single rows."""
        config = combiner._eval_config
        padded = config and any(spec.HasField("padding_options") for spec in config.model_specs)
        return not padded and not combiner._class_weights

    def add(self, batch: Batch, members: Members) -> None:
        """Take a batch of examples."""
        found = [self._triples(batch, name) for name in self.combiner._output_names]
        complete = [each for each in found if each is not None]
        if len(complete) < len(found):
            self.rest.add(batch, members)
            return
        for group in np.unique(members.groups).tolist():
            chosen = members.groups == group
            rows = members.rows[chosen]
            if members.times is not None:
                rows = np.repeat(rows, members.times[chosen])
            part = [Triples(*(v[rows] for v in _values(each))) for each in complete]
            self._waiting.setdefault(group, []).append(part)
            self._rows += len(rows)
        if self._rows > _KERAS_ROWS:
            self._update()

    def _triples(self, batch: Batch, output_name: str) -> Triples | None:
        combiner = self.combiner
        kind = combiner._aggregation_type
        asked = Asked(
            combiner._eval_config,
            combiner._model_name,
            output_name,
            None if combiner._sub_key_in_config else combiner._sub_key,
            kind,
            None,
            combiner._example_weighted,
        )
        if kind and kind.micro_average:
            pairs = batch.pairs(asked)
            if pairs is None or len(pairs.rows) != batch.size:
                return None
            return Triples(*(v[:, None] for v in (pairs.labels, pairs.predictions, pairs.weights)))
        found = batch.triples(asked)
        if found and combiner._sub_key_in_config and found.labels.shape != found.predictions.shape:
            labels = metric_util.one_hot(found.labels, found.predictions)
            return Triples(labels, found.predictions, found.weights)
        return found

    def _update(self) -> None:
        """Let the metrics take what is waiting; the combiner does so with each thousand rows."""
        metrics = [self.rest.combiners[0]._metrics[n] for n in self.combiner._output_names]
        for group, parts in self._waiting.items():
            if group not in self._held:
                self._held[group] = self.combiner.create_accumulator()
            for output, triples in enumerate(zip(*parts, strict=True)):
                inputs = [np.concatenate(v) for v in zip(*map(_values, triples), strict=True)]
                for number, metric in enumerate(metrics[output]):
                    metric.reset_states()
                    metric.update_state(*inputs)
                    self._held[group].add_weights(output, number, metric.get_weights())
        self._waiting, self._rows = {}, 0

    def output(self, groups: Sequence[int]) -> dict[Any, Any]:
        """Return the metrics of some groups taken together, by TFMA's keys."""
        self._update()
        combiner = self.rest.combiners[0]
        held = [copy.deepcopy(self._held[group]) for group in groups if group in self._held]
        (rest,) = self.rest.accumulator(groups)
        return combiner.extract_output(combiner.merge_accumulators([rest, *held]))  # type: ignore[no-any-return]


def _values(triples: Triples) -> list[Any]:
    return [triples.labels, triples.predictions, triples.weights]


_KERAS_ROWS = 1 << 16
"""Rows of all groups that wait until the metrics are updated."""

_KINDS: dict[type, Any] = {
    calibration_histogram._CalibrationHistogramCombiner: _Histogram,
    calibration._WeightedLabelsPredictionsExamplesCombiner: _Totals,
    example_count._ExampleCountCombiner: _Count,
    binary_confusion_matrices._BinaryConfusionMatrixCombiner: _Matrices,
    KerasCombiner: _Keras,
    WeighedCombiner: _Keras,
}
