"""Infinite numbers in what is transformed, and the features of the result that they spoil.

A mean, a range or a variance of numbers with an infinite one among them is infinite or NaN, and so
is all that is scaled by it; TFT says nothing. NaN that comes of finite numbers is the user's.

This module imports Arrow and Beam when it is imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa

from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.executors import current_task

ANALYZED, TRANSFORMED, RESULT = "numbers-analyzed", "numbers-transformed", "numbers-result"
"""Names of the files in which a Beam pipeline leaves what it has counted."""

_SHOWN = 3


@dataclass(frozen=True)
class Numbers:
    """How many numbers a feature has, and how many of them are infinite or NaN."""

    all: int = 0
    infinite: int = 0
    nan: int = 0

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(self.all + other.all, self.infinite + other.infinite, self.nan + other.nan)


Counts = dict[str, Numbers]
"""Numbers by the name of their feature."""


@dataclass
class Seen:
    """Numbers of the examples that went through: analyzed, transformed, and of the result."""

    analyzed: Counts = field(default_factory=dict)
    transformed: Counts = field(default_factory=dict)
    result: Counts = field(default_factory=dict)


def counted(batches: Iterable[pa.RecordBatch], into: Counts) -> Iterator[pa.RecordBatch]:
    """Yield batches, and add up their numbers."""
    for batch in batches:
        for name, numbers in count(batch):
            into[name] = into.get(name, Numbers()) + numbers
        yield batch


def count(batch: pa.RecordBatch) -> Iterator[tuple[str, Numbers]]:
    """Yield the features of a batch that hold floats, with their numbers."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        yield from _of_column(name, column)


def _of_column(name: str, column: pa.Array) -> Iterator[tuple[str, Numbers]]:
    while pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = column.flatten()
    if pa.types.is_struct(column.type):
        for index, each in enumerate(column.flatten()):
            yield from _of_column(f"{name}.{column.type.field(index).name}", each)
    elif pa.types.is_floating(column.type):
        values = column.drop_null().to_numpy(zero_copy_only=False)
        infinite, nan = (int(np.count_nonzero(of(values))) for of in (np.isinf, np.isnan))
        yield name, Numbers(len(values), infinite, nan)


class CountInto(beam.PTransform):  # type: ignore[misc]
    """Writes the numbers of batches to a file, on a Beam runner."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = str(file)

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        return (
            batches
            | beam.FlatMap(_plain)
            | beam.CombinePerKey(_sums)
            | beam.Map(json.dumps)
            | beam.io.WriteToText(self._file, num_shards=1, shard_name_template="")
        )


def _plain(batch: pa.RecordBatch) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for name, each in count(batch):
        yield name, (each.all, each.infinite, each.nan)


def _sums(parts: Iterable[tuple[int, int, int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*parts, strict=True)))


def read_seen(folder: Path) -> Seen:
    """Return the numbers that `CountInto` has written to files in a folder."""
    return Seen(*(_read(folder / file) for file in (ANALYZED, TRANSFORMED, RESULT)))


def _read(file: Path) -> Counts:
    lines = file.read_text().splitlines() if file.is_file() else ()
    return {name: Numbers(*numbers) for name, numbers in map(json.loads, lines)}


def tell(seen: Seen) -> None:
    """Warn of infinite numbers, in the record of the node.

    Raises:
        ExecutorError: a feature of the result is NaN throughout because of them.
    """
    analyzed = _infinite(seen.analyzed)
    places = [
        *(_shown(name, each, "that are analyzed") for name, each in analyzed.items()),
        *(
            _shown(name, each, "that are transformed")
            for name, each in _infinite(seen.transformed).items()
            if name not in analyzed
        ),
    ]
    if not places:
        return
    lost = _lost(seen.result)
    # A feature without a number in it may be handed through.
    if lost and not _lost(seen.analyzed) and not _lost(seen.transformed):
        raise ExecutorError(
            f"preprocessing_fn makes {_listed(lost)} NaN for all examples: {_listed(places)}",
            hint=_HINT,
            retryable=False,
        )
    spoilt = [f"{name!r} ({n.nan} of {n.all})" for name, n in seen.result.items() if n.nan]
    result = f"; in the result there are NaN in {_listed(spoilt)}" if spoilt else ""
    for place in places:
        current_task().gate("warn", f"{place}{result}; {_HINT}")


_HINT = (
    "replace infinite numbers before anything is computed from all examples, as "
    "tf.where(tf.math.is_finite(x), x, tf.zeros_like(x)) does in preprocessing_fn, or leave these "
    "examples out"
)


def _infinite(counts: Mapping[str, Numbers]) -> Counts:
    return {name: each for name, each in counts.items() if each.infinite}


def _shown(name: str, numbers: Numbers, which: str) -> str:
    of = f"{numbers.infinite} of {numbers.all} numbers"
    return f"the feature {name!r} has {of} infinite in the examples {which}"


def _lost(counts: Mapping[str, Numbers]) -> list[str]:
    return [repr(name) for name, each in counts.items() if each.all and each.nan == each.all]


def _listed(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
