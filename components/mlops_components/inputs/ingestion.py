"""The work of every ExampleGen: rows of some source become splits of an artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_components.inputs.conditions import EVERYTHING, Taken
from mlops_components.inputs.splits import Dealing, Key, OutputConfig, check_names, dealing_of
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from mlops_components.records._encode import Column

BATCH_ROWS = 8192
"""Rows that are encoded at once."""

BATCH_BYTES = 8 << 20
"""Bytes that are encoded at once, where rows are large."""


@dataclass(frozen=True)
class Rows:
    """Some rows of a source.

    Args:
        records: serialised.
        keys: what decides the split of each.
        source: their origin, for messages.
        numbers: their numbers there, from 1.
    """

    records: Sequence[bytes]
    keys: Sequence[Any]
    source: str
    numbers: Sequence[int]


Read = Callable[[Key], Iterator[Rows]]
"""Reads an input split, and says of each row what the key asks for."""


def ingest(
    reads: Mapping[str, Read],
    config: OutputConfig | None,
    examples: Examples,
    taken: Taken = EVERYTHING,
) -> None:
    """Write what is read to the splits of an artifact.

    Args:
        reads: by input split; several are kept as they are.
        taken: the columns and rows that are read.

    Raises:
        ParameterError: the splits cannot be made like this.
        ExecutorError: a split gets no rows.
    """
    check_names(list(reads), "input_config")
    wanted = config or OutputConfig()
    if len(reads) == 1:
        dealing = dealing_of(wanted)
        dealing = replace(dealing, key=replace(dealing.key, taken=taken))
        counts = _deal(next(iter(reads.values())), dealing, examples)
    elif wanted != OutputConfig():
        raise ParameterError(
            "input_config has several splits, and output_config splits them again",
            hint="leave out one of the two",
        )
    else:
        counts = _keep(reads, Key(taken=taken), examples)
    for name, count in counts.items():
        if not count:
            raise ExecutorError(
                f"split {name!r} got no rows",
                hint="give it more data or other splits",
                retryable=False,
            )


def _keep(reads: Mapping[str, Read], key: Key, examples: Examples) -> dict[str, int]:
    with SplitWriter(examples, list(reads)) as writer:
        for name, read in reads.items():
            for rows in read(key):
                writer.write_all(name, rows.records)
    return writer.counts


def _deal(read: Read, dealing: Dealing, examples: Examples) -> dict[str, int]:
    with SplitWriter(examples, dealing.splits) as writer:
        for rows in read(dealing.key):
            dealt: dict[str, list[bytes]] = {name: [] for name in dealing.splits}
            names = dealing.choose(rows.keys, rows.source, rows.numbers)
            for record, name in zip(rows.records, names, strict=True):
                dealt[name].append(record)
            for name, records in dealt.items():
                writer.write_all(name, records)
    return writer.counts


def fitting(rows: int, size: int) -> int:
    """Return the number of rows to hold in memory, if `rows` of them take `size` bytes."""
    return min(BATCH_ROWS, max(1, rows * BATCH_BYTES // max(size, 1)))


def slices(batch: Any) -> Iterator[Any]:
    """Yield an Arrow batch in pieces that can be encoded at once."""
    rows = fitting(batch.num_rows, batch.nbytes)
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def encoded(
    columns: Sequence[Column],
    key: Key,
    source: str,
    first: int,
    dealt_as: Sequence[Column] | None = None,
) -> Rows:
    """Return rows of columns, the records serialised examples.

    Args:
        dealt_as: columns whose examples TFX would have; they decide the split of each row. None
            where they are the same.
    """
    from mlops_components.records._encode import encode

    numbers: Sequence[int] = range(first, first + len(columns[0].counts))
    names = {column.name: column for column in columns}
    if key.feature and key.feature not in names:
        raise no_such_feature(key.feature, names)
    key.taken.check_named(list(names))
    mask = key.taken.mask(names, source)
    if mask is not None:
        numbers = [number for number, met in zip(numbers, mask, strict=True) if met]
        columns = [column.kept(mask) for column in columns]
        dealt_as = [column.kept(mask) for column in dealt_as] if dealt_as else None
    if not numbers:
        return Rows([], [], source, numbers)
    kept = [column for column in columns if key.taken.has(column.name)]
    records = encode(kept)
    if key.feature:
        of_key = next(column for column in columns if column.name == key.feature)
        return Rows(records, _feature_keys(of_key, key, source, numbers), source, numbers)
    # By the whole row: a column that is left out moves none to another split.
    whole = records if len(kept) == len(columns) else encode(columns)
    return Rows(records, encode(dealt_as) if dealt_as else whole, source, numbers)


def no_such_feature(name: str, known: Mapping[str, Any]) -> ParameterError:
    """Return the error for a feature to split by that is not there."""
    return ParameterError(
        f"output_config: there is no column {name!r} to split by", hint=did_you_mean(name, known)
    )


def _feature_keys(column: Column, key: Key, source: str, numbers: Sequence[int]) -> list[Any]:
    from mlops_components.records._encode import encode_feature

    empty = [row for row, count in enumerate(column.counts) if not count]
    if empty or column.kind == "float":
        raise unfit_feature(column.name, source, numbers[empty[0] if empty else 0])
    if not key.value:
        return encode_feature(column)
    if (column.counts != 1).any():
        raise unfit_feature(column.name, source, numbers[0])
    return list(column.values.to_pylist())


def unfit_feature(name: str, source: str, row: int) -> ExecutorError:
    """Return the error for a row whose feature says nothing about a split."""
    return ExecutorError(
        f"{source}: row {row} has no value, or a float, in the column {name!r} to split by",
        hint="split by a column of texts or whole numbers that every row has",
        retryable=False,
    )
