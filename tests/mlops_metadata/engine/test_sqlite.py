"""A store's SQLite file while it is open: shared, forked, deleted, held, read only."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.engine import SqliteDatabase, SqlStore
from mlops_metadata.engine.locations import locate
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactRecord, Execution, Run, State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


def execution(name: str, **changes: Any) -> Execution:
    made = Execution("pets.Train", "pets", "run", "train", State.RUNNING, name=name)
    return replace(made, **changes)


def test_stores_on_one_file_share_what_they_write(path: Path, url: str) -> None:
    first, second = open_sqlite(url), open_sqlite(f"sqlite:///{path.parent}/./{path.name}")
    first.put_run(Run("r", "p"))
    first.close()
    first.close()
    assert second.get_run("r") is not None
    second.put_run(Run("s", "p"))
    second.close()
    third = open_sqlite(url)
    assert [r.id for r in third.list_runs()] == ["s", "r"]
    third.close()


def test_a_closed_store_says_so(url: str) -> None:
    store = open_sqlite(url)
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.get_run("r")
    with pytest.raises(StoreError, match="is closed"):
        store.put_run(Run("r", "p"))


def test_a_file_made_anew_is_another_store(path: Path, url: str) -> None:
    old = open_sqlite(url)
    old.put_run(Run("old", "p"))
    for file in path.parent.iterdir():
        file.unlink()
    new = open_sqlite(url)
    assert new.list_runs() == []
    old.close()
    new.put_run(Run("new", "p"))
    assert [r.id for r in new.list_runs()] == ["new"]
    new.close()
    again = open_sqlite(url)
    assert [r.id for r in again.list_runs()] == ["new"]
    again.close()


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
def test_a_store_that_goes_away_while_it_is_used_records_nothing_in_silence(
    path: Path, url: str, how: str
) -> None:
    store = open_sqlite(url)
    running, _ = store.put_execution(execution("a"))
    if how == "deleted":
        path.unlink()
    elif how == "moved":
        path.rename(path.with_name("other.db"))
    else:
        shutil.copy(path, path.with_name("copy.db"))
        path.with_name("copy.db").replace(path)
    for use in (
        lambda: store.put_execution(replace(running, state=State.COMPLETE)),
        lambda: store.put_run(Run("r", "p")),
        lambda: store.get_run("r"),
        lambda: store.heartbeat(running.id),
    ):
        with pytest.raises(StoreError, match="was deleted, moved or replaced while"):
            use()
    store.close()


def test_a_store_that_is_put_back_goes_on(path: Path, url: str) -> None:
    store = open_sqlite(url)
    store.put_run(Run("r", "p"))
    path.rename(path.with_name("other.db"))
    with pytest.raises(StoreError, match="was deleted, moved"):
        store.get_run("r")
    path.with_name("other.db").rename(path)
    store.put_run(Run("s", "p"))
    assert [r.id for r in store.list_runs()] == ["s", "r"]
    store.close()


def test_a_log_that_is_deleted_under_a_store_loses_no_later_write(path: Path, url: str) -> None:
    store = open_sqlite(url)
    store.put_run(Run("before", "p"))
    # As the SQLite of another library in this process does when it closes the file.
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.with_name("metadata.db-wal").unlink()
    path.with_name("metadata.db-shm").unlink()
    store.put_run(Run("after", "p"))
    program = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]);"
        "print([n for (n,) in d.execute('SELECT name FROM Context')])"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )
    assert "'before'" in seen.stdout
    assert "'after'" in seen.stdout
    store.close()


def test_a_forked_child_is_told_to_open_its_own(path: Path, url: str) -> None:
    store = open_sqlite(url)
    store.put_run(Run("parent", "p"))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            store.get_run("parent")
        except StoreError as error:
            own = open_sqlite(url)
            own.put_run(Run("child", "p"))
            own.close()
            code = 0 if "forked" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.put_run(Run("later", "p"))
    assert [r.id for r in store.list_runs()] == ["later", "child", "parent"]
    store.close()


_KILLED = """
import os, signal, sys
from mlops_metadata.engine import open_database
from mlops_metadata.engine.locations import locate

def work(session):
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)

open_database(locate(sys.argv[1])).write(work)
"""
_WRITE = """
import sys
from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import Run
open_sqlite(sys.argv[1]).put_run(Run("next", "p"))
"""


@pytest.mark.slow  # Starts processes.
def test_a_child_of_a_process_that_was_killed_as_it_wrote_keeps_nobody_waiting(url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", _KILLED, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as killed:
        assert killed.wait() == -signal.SIGKILL
        writing = [sys.executable, "-c", _WRITE, url]
        subprocess.run(writing, check=True, env=environment, timeout=30)
    store = open_sqlite(url)
    assert [run.id for run in store.list_runs()] == ["next"]
    store.close()


@pytest.mark.slow  # Starts processes.
def test_who_holds_the_store_is_named(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_metadata.engine.sqlite.PATIENCE", 0.2)
    store = open_sqlite(url)
    program = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "d.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"held\n"
        # Readers do not wait for it.
        assert store.list_runs() == []
        with pytest.raises(
            StoreError, match=r"another program holds it for more than 0\.2 s: process \d+"
        ):
            store.put_run(Run("r", "p"))
        holding.communicate(b"\n")
    store.put_run(Run("r", "p"))
    store.close()


STOPPED = """
import os, signal, sqlite3, sys
d = sqlite3.connect(sys.argv[1], isolation_level=None)
d.execute("PRAGMA locking_mode = EXCLUSIVE")
d.execute("BEGIN EXCLUSIVE")
d.execute("UPDATE MLMDEnv SET schema_version = schema_version")
print("held", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
d.execute("ROLLBACK")
"""


@pytest.mark.slow  # Waits for a lock.
def test_a_reader_says_whom_it_waits_for_and_gives_up(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("mlops_metadata.engine.sqlite.TELL", 0.1)
    open_sqlite(url).close()
    with subprocess.Popen([sys.executable, "-c", STOPPED, path], stdout=subprocess.PIPE) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"held\n"
        os.waitid(os.P_PID, holding.pid, os.WSTOPPED | os.WNOWAIT)
        monkeypatch.setattr("mlops_metadata.engine.sqlite.PATIENCE", 0.5)
        with pytest.raises(StoreError, match=r"for more than 0\.5 s: process \d+"):
            open_sqlite(f"{url}?mode=ro")
        assert f"waiting for the metadata store {path}: process {holding.pid}" in caplog.text
        assert "which is stopped" in caplog.text
        monkeypatch.setattr("mlops_metadata.engine.sqlite.PATIENCE", 60.0)
        os.kill(holding.pid, signal.SIGCONT)
        with closing(open_sqlite(url)) as store:
            assert store.list_runs() == []


def test_a_text_that_is_not_unicode_is_refused_and_nothing_is_written(url: str) -> None:
    store = open_sqlite(url)
    with pytest.raises(StoreError, match="not Unicode"):
        store.put_execution(execution("\udcff"))
    assert store.executions_of_run("run") == []
    store.put_execution(execution("fine"))
    store.close()


# How much is asked


def test_a_publication_is_twelve_statements_in_one_transaction(url: str) -> None:
    database = SqliteDatabase(locate(url))
    store = SqlStore(database)
    statements: list[str] = []
    database._connection.set_trace_callback(statements.append)

    def publish(number: int) -> list[str]:
        running, _ = store.put_execution(execution(f"{number}", cache_key=f"k{number}"))
        statements.clear()
        done = replace(running, state=State.COMPLETE, parameters={"a": 1, "b": [1]})
        records = [
            ArtifactRecord("Model", f"/m/{number}/{i}", properties={"x": i}) for i in range(3)
        ]
        store.put_execution(done, outputs={"model": records})
        return [statement.split()[0] for statement in statements]

    publish(1)
    verbs = publish(2)
    store.close()
    assert len(verbs) <= 12, verbs
    assert (verbs[0], verbs[-1]) == ("BEGIN", "COMMIT")
    assert verbs.count("COMMIT") == 1


# Reading only


def test_a_store_opened_to_read_refuses_writes(url: str) -> None:
    store = open_sqlite(url)
    stored, _ = store.put_execution(
        execution("a"), outputs={"model": [ArtifactRecord("Model", "/m")]}
    )
    viewer = open_sqlite(url + "?mode=ro")
    assert [e.id for e in viewer.executions_of_run("run")] == [stored.id]
    for write in (
        lambda: viewer.put_run(Run("r", "p")),
        lambda: viewer.put_execution(execution("b")),
        lambda: viewer.heartbeat(stored.id),
        lambda: viewer.put_document("text"),
    ):
        with pytest.raises(StoreError, match="for reading only"):
            write()
    store.put_execution(execution("c"))
    assert len(viewer.executions_of_run("run")) == 2
    viewer.close()
    store.close()


def test_a_store_that_is_opened_twice_keeps_its_locks(path: Path, url: str) -> None:
    with closing(open_sqlite(url)) as store:
        store.put_run(Run("a", "p"))
        with closing(open_sqlite(f"{url}?mode=ro")) as viewer:
            # Whoever closes a file as the last one removes its log.
            script = (
                f"import sqlite3; c = sqlite3.connect({str(path)!r}); "
                "print(c.execute('SELECT count(*) FROM MLMDEnv').fetchone()); c.close()"
            )
            subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
            assert path.with_name("metadata.db-wal").exists()
            assert [run.id for run in viewer.list_runs()] == ["a"]


def test_a_store_to_read_is_not_made(path: Path, url: str) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        open_sqlite(url + "?mode=ro")
    assert list(path.parent.iterdir()) == []


def test_only_what_was_reused_does_not_wait_for_the_disk(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = _waits_for(path.with_name("metadata.db-wal"), monkeypatch)
    with closing(open_sqlite(url)) as store:
        store.put_run(Run("run", "pets"))
        store.put_execution(execution("warm"))
        counts = []
        for state in (State.RUNNING, State.CACHED, State.CACHED, State.COMPLETE, State.CACHED):
            before = len(waits)
            store.put_execution(execution(str(len(counts)), state=state))
            counts.append(len(waits) - before)
        before = len(waits)
        store.put_run(Run("run", "pets", state=State.COMPLETE))
        counts.append(len(waits) - before)
        store.put_execution(execution("last", state=State.CACHED))
        before = len(waits)
    assert (counts, len(waits) - before) == ([1, 0, 0, 1, 0, 1], 1)


def _waits_for(log: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note whenever this process waits until the log is on the disk; SQLite's own are not seen."""
    found, sync = [], os.fdatasync

    def noted(file: int) -> None:
        if os.path.samestat(os.fstat(file), log.stat()):
            found.append(file)
        sync(file)

    monkeypatch.setattr(os, "fdatasync", noted)
    return found


def test_others_write_while_one_waits_for_the_disk(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_sqlite(url)) as store:
        store.put_run(Run("first", "pets"))
        waits, goes_on, sync = threading.Event(), threading.Event(), os.fdatasync

        def slow(file: int) -> None:
            if threading.current_thread() is waiting:
                waits.set()
                assert goes_on.wait(60)
            sync(file)

        monkeypatch.setattr(os, "fdatasync", slow)
        waiting = threading.Thread(target=store.put_run, args=(Run("slow", "pets"),))
        waiting.start()
        assert waits.wait(60)
        script = (
            "import sys; from mlops_pipeline.store import Run, open_store; "
            "s = open_store(sys.argv[1]); s.put_run(Run('other', 'pets')); s.close()"
        )
        subprocess.run([sys.executable, "-c", script, url], check=True, timeout=60)
        assert [run.id for run in store.list_runs()] == ["other", "slow", "first"]
        assert waiting.is_alive()
        goes_on.set()
        waiting.join(60)


def test_a_disk_that_does_not_take_what_is_recorded_fails_the_write(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_sqlite(url)) as store:
        store.put_run(Run("first", "pets"))
        store.put_execution(execution("warm", state=State.CACHED))

        def full(file: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fdatasync", full)
        with pytest.raises(StoreError, match=r"disk has not taken .* \(Input/output error\)"):
            store.put_run(Run("second", "pets"))
        # A cached node has nothing to lose.
        store.put_execution(execution("c", state=State.CACHED))


def test_a_file_without_a_log_always_waits_for_the_disk(path: Path, url: str) -> None:
    open_sqlite(url).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode=DELETE").fetchone()
    with closing(SqliteDatabase(locate(url))) as database:
        found = database.write(lambda each: each.rows("PRAGMA synchronous"), lasting=False)
    assert found == [(2,)]
