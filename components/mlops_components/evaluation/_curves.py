"""Confusion matrices at thousands of thresholds, from histograms, by array.

TFMA walks through ten thousand buckets for each metric of each slice, in Python. The same additions
in the same order are made here by array: the numbers are equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import binary_confusion_matrices, calibration_histogram

from mlops_components.evaluation._sums import Numbers


class Binned(Sequence[Any]):
    """A histogram of TFMA's, kept as one array: labels, predictions and examples by bucket.

    Args:
        sums: three rows, one column a bucket.
    """

    def __init__(self, sums: Numbers) -> None:
        self.sums = sums

    def __len__(self) -> int:
        return int(self.sums.shape[1])

    def __getitem__(self, index: Any) -> Any:
        """Return one of TFMA's buckets."""
        return calibration_histogram.Bucket(index, *self.sums[:, range(len(self))[index]].tolist())

    def __iter__(self) -> Iterator[Any]:
        for index, three in enumerate(self.sums.T.tolist()):
            yield calibration_histogram.Bucket(index, *three)


def rebin(
    thresholds: Sequence[float],
    histogram: Sequence[Any],
    num_buckets: int = calibration_histogram.DEFAULT_NUM_BUCKETS,
    left: float = 0.0,
    right: float = 1.0,
) -> Binned:
    """Return the buckets of a histogram put between other thresholds, which are in order."""
    ids = np.array([bucket.bucket_id for bucket in histogram], np.float64)
    starts = (ids - 1) / num_buckets * (right - left) + left
    starts[ids == 0] = -np.inf
    starts[ids >= num_buckets + 1] = np.inf
    indices = np.maximum(np.searchsorted(thresholds, starts, side="right") - 1, 0)
    return Binned(
        np.stack(
            [np.bincount(indices, each, minlength=len(thresholds)) for each in _columns(histogram)]
        )
    )


def matrices(thresholds: list[float], histogram: Sequence[Any]) -> Any:
    """Return a confusion matrix for each threshold, from a histogram that was put between them."""
    labels, _, examples = _columns(histogram)
    negative = examples - labels
    above = [np.cumsum(each[::-1])[::-1] for each in (labels, negative)]
    below = [np.concatenate([[0.0], np.cumsum(each)[:-1]]) for each in (labels, negative)]
    # TFMA has put a bucket before the first threshold, which then is left out.
    first = int((thresholds[0] >= 0 or len(thresholds) == 1) and len(histogram) > 1)
    (tp, fp), (fn, tn) = (
        [each[first : first + len(thresholds)].copy() for each in pair] for pair in (above, below)
    )
    for index in np.flatnonzero(np.asarray(thresholds) >= 1.0 + binary_confusion_matrices._EPSILON):
        # No prediction is above: all labels are missed.
        tp[index] = fp[index] = 0.0
        fn[index], tn[index] = tp[0], fp[0]
    lists = (each.tolist() for each in (tp, tn, fp, fn))
    return binary_confusion_matrices.Matrices(thresholds, *lists)


def _columns(histogram: Sequence[Any]) -> Numbers:
    if isinstance(histogram, Binned):
        return histogram.sums
    rows = [
        (each.weighted_labels, each.weighted_predictions, each.weighted_examples)
        for each in histogram
    ]
    return np.array(rows, np.float64).reshape(-1, 3).T


@contextmanager
def by_array() -> Iterator[None]:
    """Let TFMA use these functions instead of its own."""
    theirs = (
        calibration_histogram.rebin,
        binary_confusion_matrices._histogram_to_binary_confusion_matrices,
    )
    calibration_histogram.rebin = rebin
    binary_confusion_matrices._histogram_to_binary_confusion_matrices = matrices
    try:
        yield
    finally:
        (
            calibration_histogram.rebin,
            binary_confusion_matrices._histogram_to_binary_confusion_matrices,
        ) = theirs
