"""The routing table: replaced as a whole, and the last good one goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.serving.routing_table import (
    ModelRoutes,
    RoutingTable,
    TableFile,
    parse_table,
    routes_of,
    write_table,
)

TABLE = RoutingTable(3, {"m": ModelRoutes(1, 2, 0.1, "s", (3,), (4,), {"stable": 1}, {"y": 0})})


def test_a_table_that_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    write_table(path, TABLE)
    file = TableFile(path)
    assert (file.refresh(), file.table, file.refresh()) == (True, TABLE, False)
    assert routes_of(file.table, "m").versions == {1, 2, 3, 4}
    assert routes_of(file.table, "other") == ModelRoutes()
    assert os.listdir(tmp_path) == ["table.json"]  # noqa: PTH208 - names are enough


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"models": {"m": {"weight": 0.6}}}',
        b'{"models": {"m": {"weight": -0.1}}}',
        b'{"models": {"m": {"champion": -1}}}',
        b'{"models": {"m": {"champion": "1"}}}',
        b'{"models": {"m": {"chmpion": 1}}}',
        b'{"models": {"m": {"last_good": [-4]}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(SettingsError, match="routing table"):
        parse_table(data)


def test_the_last_good_table_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    file = TableFile(path)
    assert not file.refresh()
    write_table(path, TABLE)
    file.refresh()
    for damage in (b"garbage", b'{"generation": 2}'):
        path.write_bytes(damage)
        assert not file.refresh()
        assert (file.table, bool(file.error)) == (TABLE, True)
    path.unlink()
    assert not file.refresh()
    write_table(path, RoutingTable(4))
    assert (file.refresh(), file.table.generation, file.error) == (True, 4, "")


def test_without_a_file_the_newest_version_answers() -> None:
    file = TableFile(None)
    assert (file.refresh(), file.table) == (False, RoutingTable())
