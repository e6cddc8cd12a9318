"""Histograms of TFDV's numeric features, without a message for each quantile on the way.

TFDV makes the ten buckets of a standard histogram from a thousand quantiles, each as a protobuf
message that is read field by field: most of the time that small data takes, and a fixed time for
each feature of each slice. The same steps over plain numbers give the same bits.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tensorflow_data_validation.utils import quantiles_util
from tensorflow_metadata.proto.v0 import statistics_pb2

_ORIGINAL = quantiles_util.generate_equi_width_histogram


@contextlib.contextmanager
def plain_numbers() -> Iterator[None]:
    """Make TFDV use `equi_width` for its standard histograms, inside the context."""
    before = quantiles_util.generate_equi_width_histogram
    quantiles_util.generate_equi_width_histogram = equi_width
    try:
        yield
    finally:
        quantiles_util.generate_equi_width_histogram = before


# It stands for a function of TFDV and takes what that takes.
def equi_width(
    quantiles: Any,
    cumulative_counts: Any,
    finite_min: float,
    finite_max: float,
    num_buckets: int,
    num_pos_inf: float,
) -> Any:
    """Return the histogram that TFDV makes of these quantiles; infinities are left to TFDV."""
    # NumPy 2 would part what is between two single numbers into single numbers.
    finite_min, finite_max = float(finite_min), float(finite_max)
    bounds = (
        np.array([finite_min, finite_max])
        if finite_min == finite_max
        else np.linspace(finite_min, finite_max, num_buckets + 1)
    )
    if num_pos_inf or not (np.isfinite(quantiles).all() and np.isfinite(bounds).all()):
        return _ORIGINAL(
            quantiles, cumulative_counts, finite_min, finite_max, num_buckets, num_pos_inf
        )
    low, high, weights = quantiles_util._get_bin_weights(quantiles, cumulative_counts)
    bins = list(zip(low.tolist(), high.tolist(), weights.tolist(), strict=True))
    edges = bounds.tolist()
    result = statistics_pb2.Histogram(type=statistics_pb2.Histogram.STANDARD)
    start = 0
    for index in range(len(edges) - 1):
        first = index == 0
        count, start = _count(bins, start, (edges[index], edges[index + 1]), first)
        result.buckets.add(low_value=edges[index], high_value=edges[index + 1], sample_count=count)
    return result


def _count(
    bins: Sequence[tuple[float, float, float]], start: int, bucket: tuple[float, float], first: bool
) -> tuple[float, int]:
    """Return the weight of the bins within a bucket, in parts where one reaches out of it.

    Returns:
        The weight, and the last bin that lies before the bucket.
    """
    from_, to = bucket
    count = 0.0
    for index in range(start, len(bins)):
        low, high, weight = bins[index]
        if low == high == from_:
            # A bin that is a point counts for the bucket that it ends, or for the first one.
            if first:
                count += weight
            else:
                start = index
        elif high < from_:
            start = index
        elif low > to:
            break
        elif from_ <= low and high <= to:
            count += weight
        else:
            inside = min(high, to) - max(low, from_)
            count += inside / (high - low) * weight
    return count, start
