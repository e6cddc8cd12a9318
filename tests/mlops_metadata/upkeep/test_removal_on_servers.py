"""Artifacts marked as deleted, on a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from postgres_server import PostgresServer, find_binaries, postgres_server
from removal_contract import RemovalContract

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a PostgreSQL and a MariaDB are started

_numbers = itertools.count()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("NO POSTGRESQL WAS RUN: there is no initdb (Debian: postgresql)")
    pytest.importorskip("psycopg", reason="NO POSTGRESQL WAS RUN: there is no psycopg")
    with postgres_server(binaries, "sesame") as server:
        yield server


@pytest.fixture(params=["postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "mariadb":
        return str(request.getfixturevalue("database"))
    server = request.getfixturevalue("postgres")
    monkeypatch.setenv("MLOPS_METADATA_PASSWORD", server.password)
    return f"postgresql://{server.owner}@127.0.0.1:{server.port}/removal{next(_numbers)}"


class TestServers(RemovalContract):
    pass
