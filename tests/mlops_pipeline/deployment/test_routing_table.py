"""The routing table: replaced as a whole, and the last good one goes on."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_pipeline.deployment.routing_table import (
    ModelRoutes,
    RoutingTable,
    TableFile,
    parse_table,
    routes_of,
    update_routes,
    write_table,
)
from mlops_pipeline.errors import SettingsError

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


def test_routes_are_replaced_and_those_of_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "serving" / "table.json"
    assert update_routes(path, "a", lambda: ModelRoutes(1)) == 1
    assert update_routes(path, "b", lambda: ModelRoutes(2)) == 2
    assert update_routes(path, "a", lambda: ModelRoutes(1)) == 2
    assert update_routes(path, "a", lambda: None) == 2
    assert parse_table(path.read_bytes()).models == {"a": ModelRoutes(1), "b": ModelRoutes(2)}


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.json"

    def write(number: int) -> int:
        return update_routes(path, f"m{number}", lambda: ModelRoutes(number))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(1, 17))) == list(range(1, 17))
    assert len(parse_table(path.read_bytes()).models) == 16
