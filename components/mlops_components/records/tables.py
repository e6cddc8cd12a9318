"""Tables as examples: one example a row, one feature a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_components.records.lost_digits import LostDigitsError, naming_lost_digits
from mlops_components.records.split_files import BATCH_ROWS, SplitWriter
from mlops_components.records.tfrecords import LIST_BYTES
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from mlops_components.records._encode import Column


def write_frames(examples: Examples, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as the splits of an artifact: one example a row, one feature a column.

    A cell holds a number, a text, or a list of them; a missing one (None, NaN, `pandas.NA`) is a
    feature without values, which statistics count as missing.

    Raises:
        ParameterError: a table has no rows, no columns, two columns of one name, or a column with
            values that no feature can hold; nothing is written.
    """
    from mlops_components.records._encode import encode

    columns = {split: _columns(split, frame) for split, frame in frames.items()}
    with SplitWriter(examples, list(frames)) as writer:
        for split, features in columns.items():
            for part in _parts(features):
                writer.write_all(split, encode([feature.column(part) for feature in features]))


def _columns(split: str, frame: pd.DataFrame) -> list[_Feature]:
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(
            f"the table of split {split!r} has {names.count(twice[0])} columns named {twice[0]!r}",
            hint="give every column a name of its own",
        )
    if not len(frame) or not names:
        raise ParameterError(
            f"the table of split {split!r} has no {'columns' if len(frame) else 'rows'}",
            hint="leave the split out, or give it some",
        )
    return [_feature(name, frame.iloc[:, at].tolist()) for at, name in enumerate(names)]


def _parts(features: Sequence[_Feature]) -> Iterator[slice]:
    """Yield the rows of a table in parts, which have fewer rows where these are large."""
    import numpy as np

    ends = np.cumsum(sum(feature.sizes() for feature in features))
    start, before = 0, 0
    while start < len(ends):
        fitting = int(np.searchsorted(ends, before + LIST_BYTES, side="right"))
        stop = min(start + BATCH_ROWS, max(fitting, start + 1))
        yield slice(start, stop)
        start, before = stop, int(ends[stop - 1])


Values = Any
"""The values of a cell: a list, or an array of numbers, which take less memory so."""


@dataclass(frozen=True)
class _Feature:
    """A column of a table.

    Args:
        kind: `int`, `float` or `bytes`.
        cells: the values of each row.
    """

    name: str
    kind: str
    cells: Sequence[Values]

    def sizes(self) -> Any:
        """Return the bytes that each row takes, about."""
        import numpy as np

        counts = np.fromiter(map(len, self.cells), np.int64, len(self.cells))
        if self.kind != "bytes":
            return 8 * counts
        return np.fromiter((sum(map(len, each)) for each in self.cells), np.int64, len(counts))

    def column(self, part: slice) -> Column:
        """Return some rows, as they are encoded."""
        import pyarrow as pa

        from mlops_components.records._encode import list_column_of

        cells = self.cells[part]
        values = [value for each in cells for value in _plain(each)]
        if self.kind == "bytes":
            values = [_encoded(self.name, v) if isinstance(v, str) else v for v in values]
        elif self.kind == "int":
            values = [int(v) for v in values]
        else:
            values = [float(v) for v in values]
        types = {"bytes": pa.large_binary(), "int": pa.int64(), "float": pa.float64()}
        array = pa.array(values, types[self.kind])
        with naming_lost_digits("the table", part.start):
            return list_column_of(self.name, self.kind, [len(each) for each in cells], array)


def _encoded(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ParameterError(
            f"column {name!r} holds {text!r:.60}, which is no text of Unicode: {error}",
            hint="leave out half of a pair of surrogates that stands alone, or write bytes",
        ) from None


def _feature(name: str, cells: Sequence[Any]) -> _Feature:
    """Return a column as a feature of the one kind that holds all its values."""
    values = [_values(cell) for cell in cells]
    kinds = {kind for each in values for kind in _kinds(each)}
    if kinds <= {str, bytes}:
        return _Feature(name, "bytes", values)
    if kinds <= {int, bool}:
        _refuse_large(name, values)
        return _Feature(name, "int", values)
    if kinds <= {int, bool, float}:
        _check_ints(name, values)
        return _Feature(name, "float", values)
    raise ParameterError(
        f"column {name!r} holds {', '.join(sorted(kind.__name__ for kind in kinds))}",
        hint="tf.Example has numbers and texts, one kind a feature",
    )


_OF_ARRAYS: dict[str, type] = {"i": int, "u": int, "b": bool, "f": float}


def _values(cell: Any) -> Values:
    """Return the values of a cell, in Python's own types or as an array of numbers."""
    import numpy as np
    import pandas as pd

    is_array = isinstance(cell, np.ndarray) and cell.ndim == 1
    if is_array and cell.dtype.kind in _OF_ARRAYS and cell.dtype.itemsize <= 8:
        return cell
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    if isinstance(cell, list | tuple):
        return list(cell)
    # NaN is not equal to itself.
    return [] if cell is None or cell is pd.NA or cell != cell else [cell]


def _plain(values: Values) -> list[Any]:
    return values if isinstance(values, list) else list(values.tolist())


def _kinds(values: Values) -> set[type]:
    if isinstance(values, list):
        return set(map(type, values))
    return {_OF_ARRAYS[values.dtype.kind]} if len(values) else set()


def _refuse_large(name: str, cells: Sequence[Values]) -> None:
    for values in cells:
        for value in _plain(values):
            if not -(2**63) <= value < 2**63:
                raise ParameterError(
                    f"column {name!r} holds {value}, and a feature whole numbers of 64 bits",
                    hint="write it as a text",
                )


def _check_ints(name: str, cells: Sequence[Values]) -> None:
    for row, values in enumerate(cells):
        for value in _plain(values):
            if isinstance(value, int) and abs(value) > 2**53 and value != float(value):
                with naming_lost_digits("the table", 0):
                    raise LostDigitsError(name, row, value, int(float(value)))
