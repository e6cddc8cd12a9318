"""Slices of the examples of a batch, looked up once for each distinct value.

TFMA looks up the slices of every single example. Here its own lookup is asked once for each
combination of values that a slicing spec finds in a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import util

from mlops_components.evaluation._sums import Indices

SliceKey = tuple[tuple[str, Any], ...]
Extracts = Mapping[str, Any]


@dataclass(frozen=True)
class Members:
    """Examples and what they belong to, in pairs.

    Args:
        rows: numbers of examples in the batch.
        groups: what each belongs to, as long as `rows`.
        times: how often each counts, as long as `rows`; None is once.
    """

    rows: Indices
    groups: Indices
    times: Indices | None = None


class Slicer:
    """Gives slices numbers, in the order in which they are met.

    Args:
        config: of the evaluation.
    """

    def __init__(self, config: Any) -> None:
        self.keys: list[SliceKey] = []
        self._numbers: dict[SliceKey, int] = {}
        self._specs = _specs(config)
        self._models = [spec.name for spec in config.model_specs]

    def split(self, extracts: Extracts, size: int) -> Members:
        """Return the slices of a batch of examples."""
        columns = _Columns(self._sources(extracts))
        found: dict[int, list[Indices]] = {}
        for names, spec in self._specs:
            for rows in columns.alike(names, size):
                *first, last = columns.example(names, int(rows[0]))
                for key in slicer_lib.get_slices_for_features_dicts(first, last, [spec]):
                    found.setdefault(self._number(key), []).append(rows)
        for row, keys in enumerate(_given(extracts)):
            for key in keys:
                found.setdefault(self._number(key), []).append(np.array([row]))
        # Sorted, and once: two specs may lead to one slice.
        members = {group: np.unique(np.concatenate(parts)) for group, parts in found.items()}
        groups = np.repeat(list(members), [len(rows) for rows in members.values()])
        return Members(np.concatenate([*members.values(), []]).astype(np.int64), groups)

    def _number(self, key: SliceKey) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.keys)
            self.keys.append(key)
        return self._numbers[key]

    def _sources(self, extracts: Extracts) -> list[Mapping[str, Any]]:
        """Return the features to search: those that the models make, then the raw ones."""
        made = extracts.get(constants.TRANSFORMED_FEATURES_KEY)
        raw = util.get_features_from_extracts(extracts)
        if made is None:
            return [raw]
        if len(self._models) <= 1:
            return [made, raw]
        return [*(made[name] for name in self._models if name in made), raw]


def _given(extracts: Extracts) -> Iterator[Sequence[SliceKey]]:
    """Yield the slices from a query in SQL, by example."""
    keys = extracts.get(constants.SLICE_KEY_TYPES_KEY)
    if keys is not None:
        yield from keys.dense_rows()


def _specs(config: Any) -> list[tuple[tuple[str, ...], Any]]:
    """Return the features and the spec of all slices, with those that cross slices compare."""
    protos = list(config.slicing_specs)
    for cross in config.cross_slicing_specs:
        protos += [cross.baseline_spec, *cross.slicing_specs]
    specs: list[tuple[tuple[str, ...], Any]] = []
    for proto in protos or [config_pb2.SlicingSpec()]:
        spec = slicer_lib.SingleSliceSpec(spec=proto)
        if all(spec != known for _, known in specs):
            specs.append((tuple(sorted({*proto.feature_keys, *proto.feature_values})), spec))
    return specs


class _Columns:
    """The features of a batch, as numbers that are equal where the values are."""

    def __init__(self, sources: Sequence[Mapping[str, Any]]) -> None:
        self._sources = sources
        self._known: dict[tuple[int, str], _Column] = {}

    def alike(self, names: Sequence[str], size: int) -> Iterator[Indices]:
        """Yield the examples, parted by their values of some features."""
        codes: Indices = np.zeros(size, np.int64)
        for column in self._of(names).values():
            codes = pd.factorize(codes * (column.codes.max(initial=0) + 1) + column.codes)[0]
        order = np.argsort(codes, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)

    def example(self, names: Sequence[str], row: int) -> list[dict[str, Any]]:
        """Return the features of one example, by source, as TFMA has them of single examples."""
        made: list[dict[str, Any]] = [{} for _ in self._sources]
        for (source, name), column in self._of(names).items():
            made[source][name] = column.at(row)
        return made

    def _of(self, names: Sequence[str]) -> dict[tuple[int, str], _Column]:
        found = {}
        for number, source in enumerate(self._sources):
            for name in names:
                if source.get(name) is None:
                    continue
                if (number, name) not in self._known:
                    self._known[number, name] = _column(source[name])
                found[number, name] = self._known[number, name]
        return found


@dataclass(frozen=True)
class _Column:
    codes: Indices
    at: Callable[[int], Any]


def _column(values: Any) -> _Column:
    if isinstance(values, np.ndarray) and values.size == len(values) and not _has_lists(values):
        flat = values.reshape(-1)
        codes = pd.factorize(flat, use_na_sentinel=False)[0]
        return _Column(codes, lambda row: flat[row : row + 1])
    rows = [example["x"] for example in util.split_extracts({"x": values})]
    known: dict[Any, int] = {}
    listed = [known.setdefault(_hashable(row), len(known)) for row in rows]
    return _Column(np.asarray(listed, np.int64), rows.__getitem__)


def _has_lists(values: Any) -> bool:
    """Return True if examples have lists or nothing, not one value each."""
    if values.dtype != object:
        return False
    return any(v is None or isinstance(v, (np.ndarray, list)) for v in values.reshape(-1))


def _hashable(row: Any) -> Any:
    if row is None:
        return None
    values = getattr(row, "values", row)
    return tuple(np.ravel(np.asarray(values, object)).tolist())
