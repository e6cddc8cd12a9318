"""The work of every ExampleGen: rows of some source become splits of an artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
        first: number of the first one there.
    """

    records: Sequence[bytes]
    keys: Sequence[Any]
    source: str
    first: int


Read = Callable[[Key], Iterator[Rows]]
"""Reads an input split, and says of each row what the key asks for."""


def ingest(reads: Mapping[str, Read], config: OutputConfig | None, examples: Examples) -> None:
    """Write what is read to the splits of an artifact.

    Args:
        reads: by input split; several are kept as they are.

    Raises:
        ParameterError: the splits cannot be made like this.
        ExecutorError: a split gets no rows.
    """
    check_names(list(reads), "input_config")
    wanted = config or OutputConfig()
    if len(reads) == 1:
        dealing = dealing_of(wanted)
        counts = _deal(next(iter(reads.values())), dealing, examples)
    elif wanted != OutputConfig():
        raise ParameterError(
            "input_config has several splits, and output_config splits them again",
            hint="leave out one of the two",
        )
    else:
        counts = _keep(reads, examples)
    for name, count in counts.items():
        if not count:
            raise ExecutorError(
                f"split {name!r} got no rows",
                hint="give it more data or other splits",
                retryable=False,
            )


def _keep(reads: Mapping[str, Read], examples: Examples) -> dict[str, int]:
    with SplitWriter(examples, list(reads)) as writer:
        for name, read in reads.items():
            for rows in read(Key()):
                writer.write_all(name, rows.records)
    return writer.counts


def _deal(read: Read, dealing: Dealing, examples: Examples) -> dict[str, int]:
    with SplitWriter(examples, dealing.splits) as writer:
        for rows in read(dealing.key):
            dealt: dict[str, list[bytes]] = {name: [] for name in dealing.splits}
            names = dealing.choose(rows.keys, rows.source, rows.first)
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

    records = encode(columns)
    if not key.feature:
        return Rows(records, encode(dealt_as) if dealt_as else records, source, first)
    names = {column.name: column for column in columns}
    if key.feature not in names:
        raise no_such_feature(key.feature, names)
    return Rows(records, _feature_keys(names[key.feature], key, source, first), source, first)


def no_such_feature(name: str, known: Mapping[str, Any]) -> ParameterError:
    """Return the error for a feature to split by that is not there."""
    return ParameterError(
        f"output_config: there is no column {name!r} to split by", hint=did_you_mean(name, known)
    )


def _feature_keys(column: Column, key: Key, source: str, first: int) -> list[Any]:
    from mlops_components.records._encode import encode_feature

    empty = [row for row, count in enumerate(column.counts) if not count]
    if empty or column.kind == "float":
        raise unfit_feature(column.name, source, first + (empty[0] if empty else 0))
    if not key.value:
        return encode_feature(column)
    if (column.counts != 1).any():
        raise unfit_feature(column.name, source, first)
    return list(column.values.to_pylist())


def unfit_feature(name: str, source: str, row: int) -> ExecutorError:
    """Return the error for a row whose feature says nothing about a split."""
    return ExecutorError(
        f"{source}: row {row} has no value, or a float, in the column {name!r} to split by",
        hint="split by a column of texts or whole numbers that every row has",
        retryable=False,
    )
