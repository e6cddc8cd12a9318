"""Statistics of features as `FeatureStats.pb` keeps them, and how far two distributions are apart.

The messages are those of `tensorflow-metadata`, which is imported when a file is read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import NotFoundError, StoreError

STATISTICS_FILE = "FeatureStats.pb"

ALL_EXAMPLES = "All Examples"
"""The name of the statistics of all examples, beside those of slices."""

TOP = 3

Shares = Mapping[Any, float]
"""The share of each value, or of each range of values, in all of them."""


@dataclass(frozen=True)
class Feature:
    """Statistics of one feature.

    Args:
        type: `INT`, `FLOAT`, `STRING`, `BYTES` or `STRUCT`.
        rows: examples that have a value.
        missing: examples that have none.
        mean, std, low, high: of numbers.
        unique: number of different texts.
        top: the most frequent texts, with their counts.
    """

    name: str
    type: str
    rows: int
    missing: int
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    unique: int | None = None
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Ranges:
    """The numbers of a feature: how many are in each range `(low, high, count)`."""

    buckets: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Described:
    """The statistics of one split.

    Args:
        texts: counts of the texts of a feature, by feature.
        numbers: the distribution of numeric ones.
    """

    rows: int
    features: Mapping[str, Feature]
    texts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    numbers: Mapping[str, Ranges] = field(default_factory=dict)


def read_described(folder: Path, split: str) -> Described:
    """Return the statistics of a split of an ExampleStatistics artifact.

    Args:
        split: empty for an artifact without splits, as Transform writes it.

    Raises:
        NotFoundError: the file is gone, or `tensorflow-metadata` is not installed.
        StoreError: the file holds something else.
    """
    try:
        from google.protobuf.message import DecodeError
        from tensorflow_metadata.proto.v0 import statistics_pb2
    except ImportError:
        raise NotFoundError(
            "statistics cannot be read here: tensorflow-metadata is not installed",
            hint="pip install 'mlops-pipeline[tensorflow]'",
        ) from None
    path = (folder / f"Split-{split}" if split else folder) / STATISTICS_FILE
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    try:
        statistics.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{path} is gone", hint="run StatisticsGen again") from None
    except DecodeError as error:
        raise StoreError(f"{path} holds no statistics: {error}") from None
    datasets = list(statistics.datasets)
    whole = [each for each in datasets if each.name == ALL_EXAMPLES] or datasets
    return _described(whole[0]) if whole else Described(0, {})


def _described(dataset: Any) -> Described:
    found = Described(int(dataset.num_examples), {}, {}, {})
    features, texts, numbers = dict(found.features), dict(found.texts), dict(found.numbers)
    for one in dataset.features:
        name = ".".join(one.path.step) or one.name
        features[name] = _feature(name, one, found.rows)
        if one.HasField("string_stats"):
            buckets = one.string_stats.rank_histogram.buckets
            texts[name] = {bucket.label: bucket.sample_count for bucket in buckets}
        if one.HasField("num_stats"):
            numbers[name] = _ranges(one.num_stats.histograms)
    return Described(found.rows, features, texts, numbers)


def _feature(name: str, one: Any, rows: int) -> Feature:
    kind = type(one).Type.Name(one.type)
    common = getattr(one, one.WhichOneof("stats")).common_stats if one.WhichOneof("stats") else None
    present = int(common.num_non_missing) if common is not None else 0
    base = Feature(name, kind, present, int(common.num_missing) if common is not None else rows)
    if one.HasField("num_stats"):
        numbers = one.num_stats
        known = present > 0
        return Feature(
            *(base.name, base.type, base.rows, base.missing),
            mean=numbers.mean if known else None,
            std=numbers.std_dev if known else None,
            low=numbers.min if known else None,
            high=numbers.max if known else None,
        )
    if one.HasField("string_stats"):
        top = tuple((each.value, each.frequency) for each in one.string_stats.top_values[:TOP])
        unique = int(one.string_stats.unique)
        return Feature(*(base.name, base.type, base.rows, base.missing), unique=unique, top=top)
    return base


def _ranges(histograms: Iterable[Any]) -> Ranges:
    standard = [each for each in histograms if each.type == type(each).STANDARD]
    buckets = standard[0].buckets if standard else ()
    return Ranges(tuple((b.low_value, b.high_value, b.sample_count) for b in buckets))


def l_infinity(before: Shares, after: Shares) -> float:
    """Return the largest difference of a value's share: 0 for equal distributions, at most 1."""
    one, other = _normal(before), _normal(after)
    return max((abs(one.get(k, 0.0) - other.get(k, 0.0)) for k in {*one, *other}), default=0.0)


def jensen_shannon(before: Shares, after: Shares) -> float:
    """Return the Jensen-Shannon divergence: 0 for equal distributions, 1 for disjoint ones."""
    one, other = _normal(before), _normal(after)
    total = 0.0
    for key in {*one, *other}:
        p, q = one.get(key, 0.0), other.get(key, 0.0)
        middle = (p + q) / 2
        total += sum(share * math.log2(share / middle) for share in (p, q) if share)
    return min(1.0, max(0.0, total / 2))


def on_one_scale(before: Ranges, after: Ranges) -> tuple[Shares, Shares]:
    """Return two distributions of numbers over the same ranges, evenly spread inside each."""
    edges = sorted({edge for found in (before, after) for b in found.buckets for edge in b[:2]})
    return _spread(before, edges), _spread(after, edges)


def _spread(found: Ranges, edges: Sequence[float]) -> Shares:
    shares: dict[Any, float] = {}
    for low, high, count in found.buckets:
        width = high - low
        if not width or not math.isfinite(width):
            # All the same number, or a range without an end: it is one of its own.
            shares[low, high] = shares.get((low, high), 0.0) + count
            continue
        inside = [edge for edge in edges if low <= edge <= high]
        for left, right in itertools.pairwise(inside):
            part = count * (right - left) / width
            shares[left, right] = shares.get((left, right), 0.0) + part
    return shares


def _normal(counts: Shares) -> dict[Any, float]:
    total = sum(counts.values())
    return {key: count / total for key, count in counts.items() if count} if total else {}
