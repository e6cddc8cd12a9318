"""Tries on a PostgreSQL what ML Metadata gets wrong there, with its stock client.

Not a test module: python postgres_holes.py HOLE PORT DATABASE, with the password in $PGPASSWORD.
Prints what it has seen, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
from multiprocessing import get_context
from typing import Any

import psycopg
from ml_metadata import metadata_store as mlmd
from ml_metadata.proto import metadata_store_pb2 as pb

PORT, DATABASE = sys.argv[2], sys.argv[3]


def connect(**options: Any) -> Any:
    config = pb.ConnectionConfig()
    config.postgresql.host, config.postgresql.port = "127.0.0.1", PORT
    config.postgresql.user, config.postgresql.dbname = "owner", DATABASE
    config.postgresql.password = os.environ["PGPASSWORD"]
    return mlmd.MetadataStore(config, **options)


def ask(statement: str) -> list[Any]:
    """What the database itself says."""
    place = f"host=127.0.0.1 port={PORT} user=owner dbname={DATABASE}"
    with psycopg.connect(place, autocommit=True) as database:
        return database.execute(statement).fetchall()


def put(**values: Any) -> str:
    """Keep a value as a property; the name of the error, or what comes back."""
    store = connect()
    kind = store.put_artifact_type(pb.ArtifactType(name="Model"))
    artifact = pb.Artifact(type_id=kind, uri="/m")
    for field, value in values.items():
        setattr(artifact.custom_properties["v"], field, value)
    try:
        (found,) = store.put_artifacts([artifact])
        stored = store.get_artifacts_by_id([found])[0].custom_properties["v"]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return "kept" if getattr(stored, field) == value else "changed"


def backslash() -> Any:
    return put(string_value="C:\\new\\table")


def injection() -> Any:
    """How many tables a property makes: after a backslash, the rest of it is SQL."""
    put(string_value="); COMMIT; CREATE TABLE hole(x int); -- \\")
    return ask("SELECT count(*) FROM pg_tables WHERE tablename = 'hole'")[0][0]


def long_text() -> Any:
    chosen = random.Random(7)
    return put(string_value="".join(chosen.choices("0123456789abcdef", k=8000)))


def large_integer() -> Any:
    return put(int_value=2**31)


def register(barrier: Any, rounds: int) -> None:
    store = connect()
    for number in range(rounds):
        barrier.wait(60)
        # An error would be better than a double.
        with contextlib.suppress(Exception):
            store.put_artifact_type(pb.ArtifactType(name=f"Kind{number}"))


def types_twice() -> Any:
    """Types that four processes register at once."""
    connect()
    processes, rounds = get_context("spawn"), 10
    barrier = processes.Barrier(4)
    started = [processes.Process(target=register, args=(barrier, rounds)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    twice = "SELECT name FROM type WHERE name LIKE 'Kind%' GROUP BY name HAVING count(*) > 1"
    return len(ask(twice))


def no_reconnect() -> Any:
    """What an open store says after the server has ended its connection."""
    store = connect()
    store.get_artifacts()
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    told = []
    for _ in range(3):
        try:
            store.get_artifacts()
            told.append("answered")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            told.append(type(error).__name__)
    return told


def main() -> None:
    sys.stdout.write(json.dumps(globals()[sys.argv[1]]()))


if __name__ == "__main__":
    main()
