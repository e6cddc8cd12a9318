"""Differences between two versions of a dataset: rows, columns, and their statistics."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection.datasets import EXAMPLES, Version, splits_of, statistics_of
from mlops_pipeline.inspection.feature_statistics import (
    Described,
    Feature,
    jensen_shannon,
    l_infinity,
    on_one_scale,
    read_described,
)
from mlops_pipeline.inspection.results import artifact_object
from mlops_pipeline.roots import Copies
from mlops_pipeline.store import MetadataStore

Describe = Callable[[Artifact, Path], None]
"""Writes the statistics of examples to a folder, as StatisticsGen lays them out."""

SAME = 1e-9
"""Distances up to this are rounding."""


@dataclass(frozen=True)
class FeatureDiff:
    """A feature of a split in two versions; None where it is not there.

    Args:
        l_infinity, jensen_shannon: how far its distributions are apart, from 0 to 1; None where
            they cannot be compared.
    """

    split: str
    name: str
    before: Feature | None
    after: Feature | None
    l_infinity: float | None = None
    jensen_shannon: float | None = None

    @property
    def change(self) -> str:
        """Kind of the change: `added`, `removed`, `type`, `values`, or empty."""
        if self.before is None or self.after is None:
            return "removed" if self.after is None else "added"
        if self.before.type != self.after.type:
            return "type"
        moved = max(self.l_infinity or 0.0, self.jensen_shannon or 0.0) > SAME
        return "values" if moved or self.before != self.after else ""


@dataclass(frozen=True)
class DataDiff:
    """Differences between two versions of a dataset.

    Args:
        same_content: whether both have the same bytes.
        rows: rows before and after, by split; None where there is no such split.
        added, removed: columns.
        types: types before and after, of the columns whose type changed.
        features: each feature of each split, those that changed most first.
    """

    before: Version
    after: Version
    same_content: bool
    rows: Mapping[str, tuple[int | None, int | None]]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    types: Mapping[str, tuple[str, str]] | None = None
    features: tuple[FeatureDiff, ...] = ()


def diff_versions(
    store: MetadataStore,
    before: Version,
    after: Version,
    describe: Describe | None = None,
    copies: Copies | None = None,
) -> DataDiff:
    """Compare two versions by their statistics: stored ones, or some that are made from the files.

    Args:
        describe: makes statistics of examples; by default the entry point `Examples` of the group
            `mlops_pipeline.describers`.
        copies: local copies of what is kept elsewhere, as for `read_run`.

    Raises:
        NotFoundError: there are no statistics of one of them, and none can be made here.
    """
    if before.digest and before.digest == after.digest:
        return DataDiff(before, after, same_content=True, rows={})
    one, other = (_described(store, each, describe, copies) for each in (before, after))
    splits = list(dict.fromkeys([*one, *other]))
    features = [each for split in splits for each in _features(split, one, other)]
    types = {
        each.name: (each.before.type, each.after.type)
        for each in features
        if each.before and each.after and each.before.type != each.after.type
    }
    had, has = _columns(one), _columns(other)
    return DataDiff(
        before,
        after,
        same_content=False,
        rows={s: (_rows(one, s), _rows(other, s)) for s in splits},
        added=tuple(sorted(has - had)),
        removed=tuple(sorted(had - has)),
        types=types,
        features=tuple(sorted(features, key=_weight)),
    )


Splits = Mapping[str, Described]


def _weight(each: FeatureDiff) -> tuple[int, float, str, str]:
    order = ("type", "added", "removed", "values", "").index(each.change)
    moved = max(each.jensen_shannon or 0.0, each.l_infinity or 0.0)
    return order, -moved, each.split, each.name


def _columns(splits: Splits) -> set[str]:
    return {name for split in splits.values() for name in split.features}


def _rows(splits: Splits, split: str) -> int | None:
    return splits[split].rows if split in splits else None


def _features(split: str, one: Splits, other: Splits) -> Iterator[FeatureDiff]:
    """Yield the features of a split that both versions have; other columns only by name."""
    if split not in one or split not in other:
        return
    before, after = one[split], other[split]
    for name in dict.fromkeys([*before.features, *after.features]):
        yield FeatureDiff(
            split,
            name,
            before.features.get(name),
            after.features.get(name),
            *_distances(name, before, after),
        )


def _distances(name: str, before: Described, after: Described) -> tuple[float | None, float | None]:
    if name in before.texts and name in after.texts:
        shares = before.texts[name], after.texts[name]
        return l_infinity(*shares), jensen_shannon(*shares)
    if name in before.numbers and name in after.numbers:
        return None, jensen_shannon(*on_one_scale(before.numbers[name], after.numbers[name]))
    return None, None


def _described(
    store: MetadataStore, version: Version, describe: Describe | None, copies: Copies | None
) -> Splits:
    stored = statistics_of(store, version.ids)
    if stored is not None:
        path = artifact_object(stored, copies).path
        return {name: read_described(path, name) for name in splits_of(stored)}
    describe = describe or _describer(version)
    (record,) = store.artifacts([version.ids[-1]])
    with tempfile.TemporaryDirectory(prefix="mlops-statistics-") as folder:
        try:
            describe(artifact_object(record, copies), Path(folder))
        except ImportError:
            raise _no_statistics(version) from None
        return {name: read_described(Path(folder), name) for name in version.splits}


def _describer(version: Version) -> Describe:
    for entry in entry_points(group="mlops_pipeline.describers", name=EXAMPLES):
        found: Describe = entry.load()
        return found
    raise _no_statistics(version)


def _no_statistics(version: Version) -> NotFoundError:
    return NotFoundError(
        f"there are no statistics of {version.dataset} {version}",
        hint="run StatisticsGen on it, or have them made: pip install 'mlops-pipeline[tensorflow]'",
    )
