import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from digest_files import LARGE, settle

from mlops_pipeline.roots import StatCache, digest_path, stamp_of


def test_an_unchanged_file_is_not_read_again(tmp_path, cache):
    file = tmp_path / "f"
    file.write_bytes(LARGE)
    settle(file)
    right = digest_path(file, cache)
    known = StatCache(tmp_path / "digests.db")
    stamp = ":".join(
        str(getattr(file.stat(), f"st_{name}"))
        for name in ("size", "mtime_ns", "ctime_ns", "ino", "dev")
    )
    assert known.get(str(file), stamp) == right
    known.put(str(file), stamp, "from the cache")
    assert digest_path(file, StatCache(tmp_path / "digests.db")) == "from the cache"


@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize("size", [100, 50_000])
def test_equal_size_and_modification_time_do_not_hide_a_change(tmp_path, cache, size, settled):
    file = tmp_path / "f"
    file.write_bytes(b"a" * size)
    if settled:
        settle(file)
    status, before = file.stat(), digest_path(file, cache)
    file.write_bytes(b"b" * size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_mtime_ns == status.st_mtime_ns
    assert digest_path(file, cache) != before


@pytest.mark.parametrize(
    "content", [b"", b"not a database" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_corrupt_cache_is_started_anew(tmp_path, content):
    path = tmp_path / "digests.db"
    path.write_bytes(content)
    with StatCache(path) as cache:
        assert cache.get("/f", "s") == ""
        cache.put("/f", "s", "d")
    assert StatCache(path).get("/f", "s") == "d"


def test_a_cache_damaged_in_use_is_started_anew(tmp_path):
    path = tmp_path / "digests.db"
    with StatCache(path) as cache:
        for number in range(2000):
            cache.put(f"/{number}", "s", "d")
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with StatCache(path) as cache:
        assert cache.get("/1999", "s") == ""
        cache.put("/1", "s", "new")
    assert StatCache(path).get("/1", "s") == "new"


def test_a_cache_of_another_version_is_started_anew(tmp_path):
    path = tmp_path / "digests.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE digests (other TEXT)")
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with StatCache(path) as cache:
        cache.put("/f", "s", "d")
    assert StatCache(path).get("/f", "s") == "d"


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path):
    cache = StatCache(tmp_path / "no" / "such" / "folder" / "digests.db")
    file = tmp_path / "f"
    file.write_bytes(LARGE)
    assert digest_path(file, cache) == digest_path(file)


def test_a_locked_cache_is_neither_waited_for_nor_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr("mlops_pipeline.roots.digest_cache._BUSY_SECONDS", 0.01)
    path = tmp_path / "digests.db"
    with StatCache(path) as first, StatCache(path) as second:
        first.put("/f", "s", "d")
        other = sqlite3.connect(path)
        other.execute("BEGIN EXCLUSIVE")
        second.put("/g", "s", "d")
        other.rollback()
        other.close()
    assert StatCache(path).get("/f", "s") == "d"


def run_python(script):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", script], env=environment)


def test_several_processes_share_a_cache(tmp_path):
    path = tmp_path / "digests.db"
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from mlops_pipeline.roots.digest_cache import StatCache\n"
        f"with StatCache(Path({str(path)!r})) as cache:\n"
        "    for n in range(30): cache.put('/WORKER/%d' % n, 's', str(n))\n"
    )
    processes = [run_python(script.replace("WORKER", str(worker))) for worker in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with StatCache(path) as cache:
        found = [cache.get(f"/{w}/{n}", "s") for w in range(3) for n in range(30)]
    assert found == [str(n) for _ in range(3) for n in range(30)]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_cache_works_on_after_a_fork(tmp_path):
    path = tmp_path / "digests.db"
    with StatCache(path) as cache:
        cache.put("/parent", "s", "d")
        process = multiprocessing.get_context("fork").Process(
            target=cache.put, args=("/child", "s", "d")
        )
        process.start()
        process.join()
        cache.put("/after", "s", "d")
    with StatCache(path) as cache:
        assert [cache.get(f"/{name}", "s") for name in ("parent", "child", "after")] == ["d"] * 3


def test_threads_share_a_cache(tmp_path, cache):
    files = [tmp_path / f"f{number}" for number in range(8)]
    for file in files:
        file.write_bytes(file.name.encode() * 10_000)
    settle(files[-1])
    found: dict[Path, str] = {}
    threads = [
        threading.Thread(target=lambda f=file: found.update({f: digest_path(f, cache)}))
        for file in files * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {file: digest_path(file) for file in files}


def test_a_killed_process_leaves_a_good_cache(tmp_path):
    path = tmp_path / "digests.db"
    script = (
        "import os, signal\nfrom pathlib import Path\n"
        "from mlops_pipeline.roots.digest_cache import StatCache\n"
        f"cache = StatCache(Path({str(path)!r}))\n"
        "cache.put('/f', 's', 'd')\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert run_python(script).wait() == -signal.SIGKILL
    assert StatCache(path).get("/f", "s") == "d"


@pytest.mark.parametrize("column", ["stamp", "digest", "seal", "path"])
def test_an_edited_entry_does_not_count(tmp_path, column):
    path = tmp_path / "digests.db"
    with StatCache(path) as cache:
        cache.put("/f", "s", "d")
        cache.put("/g", "s", "e")
    connection = sqlite3.connect(path)
    edit = "replace(path, X'2F66', X'2F67')" if column == "path" else "'s'"
    if column == "path":
        connection.execute("DELETE FROM digests WHERE digest = 'e'")
    connection.execute(f"UPDATE digests SET {column} = {edit} WHERE digest = 'd'")
    connection.commit()
    connection.close()
    with StatCache(path) as cache:
        name = "/g" if column == "path" else "/f"
        assert cache.get(name, "s") == ("d" if column == "stamp" else "")


def test_a_byte_that_changed_below_the_file_system_is_found_by_reading(tmp_path):
    file, path = tmp_path / "f", tmp_path / "digests.db"
    file.write_bytes(LARGE)
    settle(file)
    right = digest_path(file)
    # As it is after the flip: what was remembered under this stamp was right before.
    with StatCache(path) as cache:
        cache.put(str(file), stamp_of(file.stat()).text, "before the flip")
    assert digest_path(file, StatCache(path)) == "before the flip"
    assert digest_path(file, StatCache(path, "always")) == right
    with StatCache(path) as cache:
        cache.put(str(file), stamp_of(file.stat()).text, "before the flip")
    found = {digest_path(file, StatCache(path, "sampled")) for _ in range(400)}
    assert right in found
