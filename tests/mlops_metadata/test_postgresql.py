"""Why nothing but our engine may write to a store on PostgreSQL: what ML Metadata does there.

A test that fails here says that a newer ml-metadata has mended something; docs/stores.md names it.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres_server import PostgresServer, find_binaries, postgres_server

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a PostgreSQL is started


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("NO POSTGRESQL WAS RUN: there is no initdb (Debian: postgresql)")
    pytest.importorskip("psycopg", reason="NO POSTGRESQL WAS RUN: there is no psycopg")
    with postgres_server(binaries, "sesame") as server:
        yield server


def seen(hole: str, server: PostgresServer, environment: dict[str, str]) -> Any:
    """What the stock client does there, in a process and a database of its own."""
    script = Path(__file__).with_name("postgres_holes.py")
    done = subprocess.run(
        [sys.executable, str(script), hole, str(server.port), f"mlmd_{hole}"],
        capture_output=True,
        text=True,
        env={**environment, "PGPASSWORD": server.password},
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def still(there: bool, hole: str) -> None:
    version = importlib.metadata.version("ml-metadata")
    assert there, f"ml-metadata {version} has mended this on PostgreSQL: {hole}. See docs/stores.md"


def test_a_backslash_breaks_a_write(postgres: PostgresServer, environment: dict[str, str]) -> None:
    told = seen("backslash", postgres, environment)
    still("syntax error" in told, f"backslashes in texts ({told})")


def test_a_property_runs_as_sql(postgres: PostgresServer, environment: dict[str, str]) -> None:
    still(seen("injection", postgres, environment) == 1, "injection by a backslash")


def test_a_long_text_is_refused(postgres: PostgresServer, environment: dict[str, str]) -> None:
    told = seen("long_text", postgres, environment)
    still("index row size" in told, f"texts of more than 2,700 bytes ({told})")


def test_a_large_integer_is_refused(postgres: PostgresServer, environment: dict[str, str]) -> None:
    told = seen("large_integer", postgres, environment)
    still("out of range" in told, f"integers of 2,147,483,648 and more ({told})")


def test_a_type_is_made_twice(postgres: PostgresServer, environment: dict[str, str]) -> None:
    twice = seen("types_twice", postgres, environment)
    still(twice > 0, "types that several processes use first at the same moment")


def test_a_lost_connection_is_lost_for_good(
    postgres: PostgresServer, environment: dict[str, str]
) -> None:
    told = seen("no_reconnect", postgres, environment)
    still(told == ["InternalError"] * 3, f"reconnecting ({told})")
