"""Reading the rows of queries, a batch at a time, through SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mlops_components.inputs.ingestion import Rows, encoded, fitting
from mlops_components.inputs.splits import Key
from mlops_components.records import check_decimals, naming_lost_digits
from mlops_pipeline.errors import ExecutorError, ParameterError, SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_components.records._encode import Column

_KINDS: Mapping[type, str] = {
    bool: "int",
    int: "int",
    float: "float",
    Decimal: "float",
    str: "bytes",
    bytes: "bytes",
    bytearray: "bytes",
    memoryview: "bytes",
    datetime: "bytes",
    date: "bytes",
    time: "bytes",
    UUID: "bytes",
}
_WORDS = {"int": "a whole number", "float": "a float", "bytes": "a text"}
_EXTRA = "install the extra and the driver: pip install 'mlops-pipeline[sql]' 'psycopg[binary]'"
_WHOLE = "write CAST(x AS BIGINT) or CAST(x AS TEXT) in the query, or scale it"
_SAMPLE = 8
"""Rows that are fetched before it is known how large they are."""

_NAME = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


def _text(value: datetime) -> str:
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    bool: int,
    Decimal: float,
    bytearray: bytes,
    memoryview: bytes,
    datetime: lambda value: _text(value) if value.tzinfo else value.isoformat(),
    date: date.isoformat,
    time: time.isoformat,
    UUID: str,
}


@dataclass(frozen=True)
class Queries:
    """Queries to one database.

    Args:
        url: of the database, with the password.
        password: what must not be seen, if it is not in the URL.
    """

    url: str = field(repr=False)
    password: str = field(default="", repr=False)

    def rows(self, split: str, query: str, key: Key) -> Iterator[Rows]:
        """Yield the rows of a query as serialised examples."""
        source = f"query of split {split!r}"
        with self._open(source) as connection:
            names, batches = _run(connection, query)
            if len(set(names)) < len(names):
                twice = sorted({name for name in names if names.count(name) > 1})
                raise ExecutorError(
                    f"{source}: column {twice[0]!r} occurs twice",
                    hint="give every column a name of its own, with AS",
                    retryable=False,
                )
            columns = _Columns(names, source)
            first = 1
            for rows in batches:
                yield encoded(columns.convert(rows, first), key, source, first)
                first += len(rows)

    @contextmanager
    def _open(self, source: str) -> Iterator[Any]:
        """Open a connection; its errors are reported without the password."""
        try:
            import sqlalchemy
            from sqlalchemy import exc
        except ImportError:
            raise SettingsError("queries need the library SQLAlchemy", hint=_EXTRA) from None
        try:
            url = sqlalchemy.make_url(self.url)
        except exc.ArgumentError:
            raise ParameterError(
                "url is not the URL of a database",
                hint="write it as postgresql+psycopg://user@host:5432/database",
            ) from None
        url = url.set(password=self.password) if self.password else url
        where = url.set(username=None, password=None, query={}).render_as_string()
        doing = f"cannot connect to {where}"
        try:
            engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
            with engine.connect() as connection:
                doing = source
                yield connection
        except (ImportError, exc.NoSuchModuleError) as error:
            raise SettingsError(f"{doing}: {error}", hint=_EXTRA) from None
        except exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error)
            raise ExecutorError(
                f"{doing}: {_without(reason, url.password)}",
                hint="check the query" if doing == source else "check url, password and the server",
                retryable=doing != source,
            ) from None


def _without(reason: str, password: object) -> str:
    """Return a reason in one line, without the password."""
    from urllib.parse import quote, quote_plus

    text = " ".join(reason.split())
    for hidden in {str(password), quote(str(password)), quote_plus(str(password))} - {"None", ""}:
        text = text.replace(hidden, "***")
    return text


def _run(connection: Any, query: str) -> tuple[list[str], Iterator[Sequence[Any]]]:
    import sqlalchemy

    # A colon is the user's own, as in a time: it does not stand before the name of a parameter.
    statement = sqlalchemy.text(_NAME.sub(r"\\:\1", query))
    # In the database the rows wait for their turn; here one batch of them is in memory.
    options = {"stream_results": True, "max_row_buffer": _SAMPLE}
    result = connection.execution_options(**options).execute(statement)
    if not result.returns_rows:
        raise ExecutorError("the query gives no rows", hint="write a SELECT", retryable=False)
    return list(result.keys()), _batches(result)


def _batches(result: Any) -> Iterator[Sequence[Any]]:
    """Yield rows in lists of as many as can be in memory at once, by the size of those before."""
    wanted = _SAMPLE
    while rows := result.fetchmany(wanted):
        yield rows
        size = sum(len(v) for row in rows[:8] for v in row if isinstance(v, (str, bytes)))
        wanted = fitting(min(len(rows), 8), size)


class _Columns:
    """The columns of a query; the first value of each says what it holds."""

    def __init__(self, names: Sequence[str], source: str) -> None:
        self._names = list(names)
        self._source = source
        self._kinds: dict[str, str] = {}

    def convert(self, rows: Sequence[Any], first: int) -> list[Column]:
        """Return some rows as columns; a null is a feature without values and type, as in TFX."""
        return [
            self._column(name, [row[at] for row in rows], first)
            for at, name in enumerate(self._names)
        ]

    def _column(self, name: str, values: list[Any], first: int) -> Column:
        import pyarrow as pa

        from mlops_components.records._encode import column_of, list_column_of

        many = any(isinstance(value, list) for value in values)
        lists = [value if isinstance(value, list) else [] for value in values]
        flat = [item for each in lists for item in each] if many else values
        rows = [row for row, each in enumerate(lists) for _ in each] if many else range(len(flat))
        kind = self._kind(name, many, flat, [first + row for row in rows])
        with naming_lost_digits(self._source, first, _WHOLE):
            if kind == "float":
                check_decimals(name, flat)
            array = self._array(name, kind, flat, first)
            if not many:
                return column_of(name, kind, array)
            counts = pa.array([len(each) for each in lists])
            return list_column_of(name, kind, counts, array)

    def _kind(self, name: str, many: bool, values: list[Any], rows: Sequence[int]) -> str:
        """Return the kind of a column's values, the same in every batch."""
        kinds = {type(value): _KINDS.get(type(value), "") for value in values if value is not None}
        before = self._kinds.get(name, "")
        if before:
            kinds[_Columns] = before
        if len(set(kinds.values())) == 1 and "" not in kinds.values():
            if not (many and None in values):
                self._kinds[name] = next(iter(kinds.values()))
                return self._kinds[name]
        elif not kinds:
            return "bytes"
        expected = before
        for value, row in zip(values, rows, strict=True):
            kind = _KINDS.get(type(value), "")
            if value is None and not many:
                continue
            expected = expected or kind
            if kind != expected or not kind:
                raise self._unfit(name, value, row, expected)
        raise AssertionError("one of the values has another type")

    def _unfit(self, name: str, value: Any, row: int, expected: str) -> ExecutorError:
        found = "a null in a list" if value is None else f"of type {type(value).__name__}"
        found += f", and {_WORDS[expected]} before" if expected and value is not None else ""
        return ExecutorError(
            f"{self._source}: row {row}: column {name!r} is {found}",
            hint="make it one type in the query, as in CAST(x AS REAL) or CAST(x AS TEXT)",
            retryable=False,
        )

    def _array(self, name: str, kind: str, values: list[Any], first: int) -> pa.Array:
        import pyarrow as pa

        if any(type(value) in _PLAIN for value in values):
            values = [_PLAIN.get(type(v), lambda same: same)(v) for v in values]
        if kind == "bytes":
            values = [v.encode() if isinstance(v, str) else v for v in values]
        types = {"int": pa.int64(), "float": pa.float64(), "bytes": pa.large_binary()}
        try:
            return pa.array(values, types[kind])
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError) as error:
            raise ExecutorError(
                f"{self._source}: rows from {first}: column {name!r}: {error}",
                hint="features hold whole numbers of 64 bits, floats and texts",
                retryable=False,
            ) from None
