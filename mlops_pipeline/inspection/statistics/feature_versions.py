"""Features of one split over any number of versions: what came, went, changed, and how far.

Each version is held against the first. Distances are the Jensen-Shannon divergence (J. Lin,
"Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory 37,
1991; to base 2, so that it lies between 0 and 1) and, of texts, the largest difference of a share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_pipeline.inspection.feature_statistics import (
    Described,
    Feature,
    Ranges,
    jensen_shannon,
    l_infinity,
    on_one_scale,
)

ADDED, REMOVED, TYPE, MOVED, EMPTY, LIKE, UNKNOWN = (
    *("added", "removed", "type", "over the limit", "no rows"),
    *("within the limit", "not comparable"),
)

BINS = 10
"""Ranges, or values, of a drawn distribution."""

NAMED = 5
"""New and vanished values that are named."""

Bars = tuple[tuple[str, tuple[float | None, ...]], ...]
"""Ranges or values, each with its share in every version; None where it has no distribution."""


@dataclass(frozen=True)
class FeatureVersions:
    """A feature of a split in each version; None where it is not there.

    Args:
        types: in each version.
        missing: share of the rows without a value.
        divergence: from the first version.
        largest: of texts, the largest difference of a share from the first version.
        new, vanished: values that only the last version has, or only the first; `news` and `losses`
            are their numbers, which are least numbers where the statistics cut rare values off.
        verdict: `added`, `removed`, `type`, `over the limit`, `no rows`, `within the limit` or
            `not comparable`: the worst of all versions.
        bars: the distributions on one scale.
    """

    name: str
    types: tuple[str | None, ...]
    missing: tuple[float | None, ...]
    divergence: tuple[float | None, ...]
    largest: tuple[float | None, ...]
    new: tuple[str, ...]
    vanished: tuple[str, ...]
    news: int
    losses: int
    verdict: str
    bars: Bars

    @property
    def farthest(self) -> float:
        """The largest divergence; 0 where there is none."""
        return max((each for each in self.divergence if each is not None), default=0.0)


def compare_features(
    versions: Sequence[Described | None], limit: float
) -> tuple[FeatureVersions, ...]:
    """Compare the features of one split, those that changed most first.

    Args:
        versions: the statistics of each; None where there are none.
        limit: divergence above which a feature counts as changed.
    """
    names = dict.fromkeys(name for each in versions if each for name in each.features)
    found = [_compared(name, versions, limit) for name in names]
    order = (TYPE, REMOVED, ADDED, MOVED, EMPTY, UNKNOWN, LIKE)
    return tuple(
        sorted(found, key=lambda each: (order.index(each.verdict), -each.farthest, each.name))
    )


def _compared(name: str, versions: Sequence[Described | None], limit: float) -> FeatureVersions:
    features = [each.features.get(name) if each else None for each in versions]
    first = versions[0]
    pairs = [_distances(name, first, each) for each in versions]
    new, vanished = _values(name, versions)
    divergence = tuple(one for one, _ in pairs)
    return FeatureVersions(
        name=name,
        types=tuple(each.type if each else None for each in features),
        missing=tuple(map(_missing, features)),
        divergence=divergence,
        largest=tuple(other for _, other in pairs),
        new=tuple(new[:NAMED]),
        vanished=tuple(vanished[:NAMED]),
        news=len(new),
        losses=len(vanished),
        verdict=_verdict(features, versions, divergence, limit),
        bars=_bars(name, versions),
    )


def _missing(feature: Feature | None) -> float | None:
    total = feature.rows + feature.missing if feature else 0
    return feature.missing / total if feature and total else None


def _verdict(
    features: Sequence[Feature | None],
    versions: Sequence[Described | None],
    divergence: Sequence[float | None],
    limit: float,
) -> str:
    known = [f for f, version in zip(features, versions, strict=True) if version is not None]
    types = {feature.type for feature in known if feature}
    if len(types) > 1:
        return TYPE
    if not all(known):
        return ADDED if known and known[0] is None else REMOVED
    if any(not version.rows for version in versions if version):
        return EMPTY
    others = divergence[1:]
    if any(each is not None and each > limit for each in others):
        return MOVED
    return LIKE if others and all(each is not None for each in others) else UNKNOWN


def _distances(
    name: str, before: Described | None, after: Described | None
) -> tuple[float | None, float | None]:
    """Return the divergence and, of texts, the largest difference; None where there is none."""
    if before is None or after is None:
        return None, None
    if name in before.texts and name in after.texts:
        one, other = before.texts[name], after.texts[name]
        # Two distributions of nothing are no equal ones.
        if not all(0 < sum(each.values()) < math.inf for each in (one, other)):
            return None, None
        return jensen_shannon(one, other), l_infinity(one, other)
    if name in before.numbers and name in after.numbers:
        first, second = before.numbers[name], after.numbers[name]
        if not _is_counted(first) or not _is_counted(second):
            return None, None
        return jensen_shannon(*on_one_scale(first, second)), None
    return None, None


def _is_counted(ranges: Ranges) -> bool:
    """Return True for a distribution of some numbers, in which nothing is NaN."""
    known = not any(math.isnan(value) for bucket in ranges.buckets for value in bucket)
    total = sum(count for _, _, count in ranges.buckets)
    return known and 0 < total < math.inf


def _values(name: str, versions: Sequence[Described | None]) -> tuple[list[str], list[str]]:
    """Return the texts that only the last version has, and those that only the first has."""
    first, last = versions[0], versions[-1]
    if not first or not last or name not in first.texts or name not in last.texts:
        return [], []
    old, now = first.texts[name], last.texts[name]
    new = sorted((v for v in now if v not in old), key=lambda v: (-now[v], v))
    vanished = sorted((v for v in old if v not in now), key=lambda v: (-old[v], v))
    return new, vanished


def _bars(name: str, versions: Sequence[Described | None]) -> Bars:
    texts = [each.texts.get(name) if each else None for each in versions]
    if any(texts):
        return _text_bars(texts)
    ranges = [each.numbers.get(name) if each else None for each in versions]
    return _range_bars(ranges)


def _text_bars(texts: Sequence[Mapping[str, float] | None]) -> Bars:
    totals = [sum(each.values()) if each else 0.0 for each in texts]
    totals = [total if 0 < total < math.inf else 0.0 for total in totals]
    weight: dict[str, float] = {}
    for each, total in zip(texts, totals, strict=True):
        for value, count in (each or {}).items() if total > 0 else ():
            weight[value] = weight.get(value, 0.0) + count / total
    shown = sorted(weight, key=lambda value: (-weight[value], value))[:BINS]
    rows = [
        (
            value,
            tuple(_share(t.get(value, 0.0), n) if t else None for t, n in _pairs(texts, totals)),
        )
        for value in shown
    ]
    if len(weight) > BINS:
        kept = set(shown)
        rest = tuple(
            _share(sum(c for v, c in t.items() if v not in kept), n) if t else None
            for t, n in _pairs(texts, totals)
        )
        rows.append((f"{len(weight) - BINS} others", rest))
    return tuple(rows)


def _pairs(
    texts: Sequence[Mapping[str, float] | None], totals: Sequence[float]
) -> list[tuple[Mapping[str, float] | None, float]]:
    return list(zip(texts, totals, strict=True))


def _share(count: float, total: float) -> float | None:
    return round(count / total, 4) if total > 0 else None


def _range_bars(ranges: Sequence[Ranges | None]) -> Bars:
    """Return the shares of numbers in ranges of one width, evenly spread inside each bucket."""
    buckets = [
        [b for b in each.buckets if math.isfinite(b[0]) and math.isfinite(b[1]) and b[2] > 0]
        if each
        else []
        for each in ranges
    ]
    edges = [edge for each in buckets for low, high, _ in each for edge in (low, high)]
    if not edges:
        return ()
    low, width = min(edges), (max(edges) - min(edges)) / BINS
    if not 0 < width < math.inf:
        return ((f"{low:g}", tuple(1.0 if each else None for each in buckets)),)
    shares = [_spread(each, low, width) if each else None for each in buckets]
    return tuple(
        (
            f"{low + place * width:.4g} to {low + (place + 1) * width:.4g}",
            tuple(round(each[place], 4) if each else None for each in shares),
        )
        for place in range(BINS)
    )


def _spread(
    buckets: Sequence[tuple[float, float, float]], begin: float, width: float
) -> list[float]:
    found = [0.0] * BINS
    total = sum(count for _, _, count in buckets)
    for low, high, count in buckets:
        first = min(BINS - 1, int((low - begin) / width))
        last = min(BINS - 1, int((high - begin) / width))
        if first == last or high <= low:
            found[first] += count / total
            continue
        for place in range(first, last + 1):
            left, right = begin + place * width, begin + (place + 1) * width
            inside = min(high, right) - max(low, left)
            found[place] += max(0.0, inside) / (high - low) * count / total
    return found
