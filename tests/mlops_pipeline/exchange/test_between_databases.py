"""A run that goes from a file to PostgreSQL and to MariaDB, and from each back into a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from exchanged import Site
from mariadb_server import MariaDbServer, has_mariadb, mariadb_server
from postgres_server import PostgresServer, find_binaries, postgres_server

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a PostgreSQL and a MariaDB are started


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgresServer, MariaDbServer]]:
    binaries = find_binaries()
    if binaries is None or not has_mariadb():
        pytest.skip("NO SERVERS WERE RUN: there is no initdb or no mariadbd")
    pytest.importorskip("psycopg", reason="NO POSTGRESQL WAS RUN: there is no psycopg")
    with postgres_server(binaries, "sesame") as postgres, mariadb_server() as mariadb:
        yield postgres, mariadb


def test_a_run_is_the_same_on_every_database(
    site: Site,
    servers: tuple[PostgresServer, MariaDbServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postgres, mariadb = servers
    site.export("two", tmp_path / "first.zip")
    first = Site(tmp_path / "first")
    first.import_file(tmp_path / "first.zip")
    urls = {
        f"postgresql://{postgres.owner}@127.0.0.1:{postgres.port}/imported": "sesame",
        mariadb.url("imported"): mariadb.password,
    }
    for number, (url, password) in enumerate(urls.items()):
        monkeypatch.setenv("MLOPS_METADATA_PASSWORD", password)
        there = Site(tmp_path / f"there{number}", url)
        assert there.import_file(tmp_path / "first.zip").executions == 3
        assert there.import_file(tmp_path / "first.zip").executions == 0
        there.export("two", tmp_path / f"{number}.zip")
        back = Site(tmp_path / f"back{number}")
        back.import_file(tmp_path / f"{number}.zip")
        assert there.all() == back.all() == first.all()
