"""Rows of MySQL, taken apart as PyMySQL does it."""

from __future__ import annotations

import random
from typing import Any

import pytest

pytestmark = pytest.mark.mlmd  # needs PyMySQL

LENGTHS = (0, 1, 250, 251, 252, 253, 255, 256, 65_535, 65_536, 1 << 24)


def sent(value: bytes | None) -> bytes:
    """A value as a server sends it."""
    if value is None:
        return b"\xfb"
    size = len(value)
    for limit, mark, width in ((251, b"", 1), (1 << 16, b"\xfc", 2), (1 << 24, b"\xfd", 3)):
        if size < limit:
            return mark + size.to_bytes(width, "little") + value
    return b"\xfe" + size.to_bytes(8, "little") + value


def by_pymysql(data: bytes, converters: Any) -> Any:
    from pymysql.connections import MySQLResult
    from pymysql.protocol import MysqlPacket

    result = object.__new__(MySQLResult)
    result.converters, result.unbuffered_active = converters, False
    result.connection = None
    return result._read_row_from_packet(MysqlPacket(data, "latin-1"))


@pytest.mark.parametrize("length", LENGTHS)
def test_values_of_any_length_are_those_of_pymysql(length: int) -> None:
    from mlops_metadata.engine.servers.mysql_rows import row_in

    values = [b"7", b"\xe9" * length, None, b"end"]
    converters = [("ascii", int), ("latin-1", None), ("latin-1", str.upper), (None, None)]
    data = b"".join(map(sent, values))
    assert row_in(data, converters) == (7, "\xe9" * length, None, b"end")
    assert row_in(data, converters) == by_pymysql(data, converters)


def test_random_rows_are_those_of_pymysql() -> None:
    from mlops_metadata.engine.servers.mysql_rows import row_in

    choose = random.Random(5)
    kinds: list[Any] = [("latin-1", None), (None, None), (None, bytes.hex), ("latin-1", str.title)]
    for _ in range(300):
        converters = choose.choices(kinds, k=choose.randrange(20))
        values = [
            None if choose.random() < 0.3 else choose.randbytes(choose.choice(LENGTHS[:8]))
            for _ in converters
        ]
        data = b"".join(map(sent, values))
        assert row_in(data, converters) == by_pymysql(data, converters)
