"""The log beside a SQLite file: it stays small while others read, and grows while one must."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import MetadataStore

MB = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MetadataStore]:
    # A quarter, so that less has to be written.
    monkeypatch.setattr("mlops_metadata.engine.checkpoints._STEP", 1000)
    opened = open_sqlite(f"sqlite:///{path}")
    yield opened
    opened.close()


class Writer:
    """Writes documents of 200 kB, each another."""

    def __init__(self, store: MetadataStore, path: Path) -> None:
        self.store, self.log = store, path.with_name("metadata.db-wal")
        self.count = 0

    def write(self, megabytes: int) -> int:
        """Write so much; returns the size of the log."""
        for _ in range(5 * megabytes):
            self.count += 1
            self.store.put_document(f"{self.count:010}" * 20_000)
        return self.log.stat().st_size


@pytest.fixture
def writer(store: MetadataStore, path: Path) -> Writer:
    return Writer(store, path)


def begin(reader: sqlite3.Connection) -> None:
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM Context").fetchone()


@pytest.mark.slow  # Writes a long log.
def test_the_log_is_written_over_where_nobody_reads(writer: Writer) -> None:
    assert writer.write(25) < 8 * MB


@pytest.mark.slow  # Writes a long log.
def test_the_log_stays_small_though_somebody_reads_at_every_moment(
    path: Path, writer: Writer
) -> None:
    done = threading.Event()

    def read() -> None:
        with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(path)) as other:
            begin(one)
            while not done.is_set():
                begin(other)
                one.execute("ROLLBACK")
                one, other = other, one

    reading = threading.Thread(target=read)
    reading.start()
    try:
        assert writer.write(25) < 13 * MB
    finally:
        done.set()
        reading.join()


@pytest.mark.slow  # Writes a long log.
def test_writers_go_on_while_one_reads_for_long_and_the_log_is_begun_anew_afterwards(
    path: Path, writer: Writer
) -> None:
    with closing(sqlite3.connect(path)) as reader:
        begin(reader)
        ((before,),) = reader.execute("SELECT count(*) FROM Context").fetchall()
        grown = writer.write(15)
        assert grown > 13 * MB
        assert reader.execute("SELECT count(*) FROM Context").fetchall() == [(before,)]
    assert writer.write(15) < grown + 6 * MB


@pytest.mark.slow  # Starts another program.
def test_a_store_that_another_program_has_checkpointed_goes_on(path: Path, writer: Writer) -> None:
    writer.write(3)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert writer.log.stat().st_size == 0
    assert writer.write(10) < 8 * MB
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = other.execute("SELECT count(*) FROM ContextProperty").fetchall()
    assert found == [(writer.count,)]


def test_a_write_opens_no_file_that_a_task_beside_it_would_seem_to_read(writer: Writer) -> None:
    opened, looks = [], [True]

    def hook(event: str, args: Any) -> None:
        if event == "open" and looks:
            opened.append(args[0])

    writer.write(1)
    sys.addaudithook(hook)
    writer.write(9)
    looks.clear()
    assert opened == []
