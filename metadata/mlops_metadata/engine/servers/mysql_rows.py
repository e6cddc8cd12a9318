"""Rows that MySQL and MariaDB send, taken apart in one loop.

PyMySQL calls three functions for each value, which takes most of the time of a look-up. Where a
version of it has other insides than those that are known here, it does it in its own way.
"""

from __future__ import annotations

from typing import Any

import pymysql
from pymysql.connections import Connection, MySQLResult

_NULL, _TWO_BYTES, _THREE_BYTES, _EIGHT_BYTES = 251, 252, 253, 254
_SIZES = {_TWO_BYTES: 2, _THREE_BYTES: 3, _EIGHT_BYTES: 8}
"""Bytes of a length, by the byte before it; a smaller one is the length itself."""

_INSIDES = (
    (Connection, ("_read_query_result",)),
    (MySQLResult, ("_read_row_from_packet", "_read_rowdata_packet", "read")),
)
_KNOWN = all(hasattr(owner, name) for owner, names in _INSIDES for name in names)


class QuickResult(MySQLResult):  # type: ignore[misc]  # PyMySQL has no types.
    """A result whose rows are taken apart here."""

    def _read_row_from_packet(self, packet: Any) -> tuple[Any, ...]:
        return row_in(packet.get_all_data(), self.converters)


class QuickConnection(Connection):  # type: ignore[misc]
    """A connection that reads results so."""

    def _read_query_result(self, unbuffered: bool = False) -> int:
        if unbuffered:
            return int(super()._read_query_result(unbuffered))
        self._result = None
        result = QuickResult(self)
        result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        return int(result.affected_rows)


def row_in(data: bytes, converters: list[tuple[str | None, Any]]) -> tuple[Any, ...]:
    """Return the values in a row as it was sent.

    Args:
        converters: encoding and function for each value, where it has them.
    """
    row: list[Any] = []
    start = 0
    for encoding, convert in converters:
        size = data[start]
        start += 1
        if size == _NULL:
            row.append(None)
            continue
        if size > _NULL:
            width = _SIZES[size]
            size = int.from_bytes(data[start : start + width], "little")
            start += width
        value: Any = data[start : start + size]
        start += size
        if encoding is not None:
            value = value.decode(encoding)
        row.append(value if convert is None else convert(value))
    return tuple(row)


def quick_connection(**options: Any) -> Any:
    """Return a new connection; arguments as for `pymysql.connect`."""
    return QuickConnection(**options) if _KNOWN else pymysql.connect(**options)
