import hashlib
import multiprocessing
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_pipeline.errors import NotFoundError, SettingsError
from mlops_pipeline.roots import Stamp, StatCache, digest_path, digest_uri, fsync_tree, is_settled

LARGE = b"x" * 50_000


@pytest.fixture
def cache(tmp_path):
    with StatCache(tmp_path / "cache" / ".." / "digests.db") as opened:
        yield opened


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for name, text in {"a.txt": "one", "sub/b.txt": "two", "sub/deep/c": "three"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def settle(path):
    """Wait until a write to the file must change its times."""
    status = path.stat()
    stamp = Stamp(0, status.st_mtime_ns, status.st_ctime_ns, 0, 0)
    while not is_settled(stamp, time.time_ns()):
        time.sleep(0.005)


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "f").write_bytes(LARGE)
    assert digest_path(tmp_path / "f") == hashlib.sha256(LARGE).hexdigest()


def test_a_tree_is_the_same_wherever_it_is(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "elsewhere")
    assert digest_path(tree) == digest_path(tmp_path / "elsewhere")


def test_the_order_of_creation_does_not_matter(tmp_path):
    for folder, names in (("one", "abc"), ("two", "cba")):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(name)
    assert digest_path(tmp_path / "one") == digest_path(tmp_path / "two")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.txt").write_text("two"),
        lambda root: (root / "a.txt").rename(root / "z.txt"),
        lambda root: (root / "a.txt").rename(root / "sub" / "a.txt"),
        lambda root: (root / "a.txt").unlink(),
        lambda root: (root / "new").write_text(""),
        lambda root: (root / ".hidden").write_text(""),
        lambda root: (root / "sub" / "deep" / "c").write_text("tree"),
    ],
)
def test_a_change_in_a_tree_changes_its_digest(tree, change, cache):
    before = digest_path(tree, cache)
    change(tree)
    assert digest_path(tree, cache) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.txt").chmod(0o755),
        lambda root: os.utime(root / "a.txt", (0, 0)),
        lambda root: (root / "empty").mkdir(),
        lambda root: (root / "sub" / "__pycache__").mkdir(),
        lambda root: (root / ".DS_Store").write_text("x"),
    ],
)
def test_modes_times_empty_folders_and_junk_do_not_count(tree, change):
    before = digest_path(tree)
    change(tree)
    assert digest_path(tree) == before


def test_names_and_contents_cannot_pass_for_each_other(tmp_path):
    for folder, files in {"one": {"a": "b", "c": "d"}, "two": {"a": "bc", "d": ""}}.items():
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text)
    assert digest_path(tmp_path / "one") != digest_path(tmp_path / "two")


def test_a_folder_is_not_its_only_file(tree):
    assert digest_path(tree / "sub" / "deep") != digest_path(tree / "sub" / "deep" / "c")


def test_links_count_as_what_they_point_to(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "plain")
    shutil.move(tree / "sub", tmp_path / "outside")
    (tree / "sub").symlink_to(tmp_path / "outside")
    (tree / "a.txt").rename(tmp_path / "kept")
    (tree / "a.txt").symlink_to(tmp_path / "kept")
    assert digest_path(tree) == digest_path(tmp_path / "plain")


def test_links_into_a_loop_end(tree):
    before = digest_path(tree)
    (tree / "sub" / "up").symlink_to(tree)
    looped = digest_path(tree)
    assert looped != before
    (tree / "sub" / "up").unlink()
    (tree / "sub" / "up").symlink_to("..")
    assert digest_path(tree) == looped


def test_names_that_are_not_text_count(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    before = digest_path(root)
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_text("x")
    assert digest_path(root) != before


def test_large_trees_are_read_in_parallel_to_the_same_digest(tmp_path, monkeypatch):
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(bytes([number]) * 70_000)
    one = digest_path(tmp_path)
    monkeypatch.setattr("mlops_pipeline.roots.digests._PARALLEL", 1)
    assert digest_path(tmp_path) == one


def test_a_missing_path_says_so(tmp_path, cache):
    with pytest.raises(NotFoundError, match=r"data\.csv does not exist"):
        digest_path(tmp_path / "data.csv", cache)


def test_a_path_below_a_file_says_so(tree):
    with pytest.raises(NotFoundError, match=r"a\.txt"):
        digest_path(tree / "a.txt" / "b")


def test_a_dead_link_is_named_with_what_it_points_to(tree):
    (tree / "dead").symlink_to("nowhere")
    with pytest.raises(NotFoundError, match=r"dead is a link to nowhere"):
        digest_path(tree)


def test_a_socket_in_a_tree_is_an_error(tree, monkeypatch):
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(NotFoundError, match="neither a file nor a folder"):
            digest_path(tree)


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


def test_a_file_that_was_just_written_is_not_trusted(tmp_path, cache):
    file = tmp_path / "f"
    for byte in b"abcdefghij":
        # Within one tick of the clock of the file system, only the content tells them apart.
        file.write_bytes(bytes([byte]) * 50_000)
        assert digest_path(file, cache) == hashlib.sha256(bytes([byte]) * 50_000).hexdigest()


def test_a_file_moved_into_the_place_of_another_is_noticed(tmp_path, cache):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode() * 50_000)
        os.utime(tmp_path / name, (1, 1))
    settle(tmp_path / "b")
    before = digest_path(tmp_path / "a", cache)
    (tmp_path / "b").replace(tmp_path / "a")
    assert digest_path(tmp_path / "a", cache) != before


def test_times_in_whole_seconds_need_longer_to_settle():
    second = 1_000_000_000
    fine, coarse = Stamp(1, second + 1, second + 1, 1, 1), Stamp(1, second, second, 1, 1)
    assert is_settled(fine, second + second // 2)
    assert not is_settled(coarse, second + second // 2)
    assert is_settled(coarse, 4 * second)
    assert not is_settled(fine, second // 2)


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


def _upload(system, files):
    for name, data in files.items():
        with system.open(name, "wb") as file:
            file.write(data)


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_objects_have_the_digest_of_a_local_copy(tree, memory, cache):
    _upload(memory, {f"/x/{f.relative_to(tree)}": f.read_bytes() for f in tree.rglob("*.*")})
    _upload(memory, {"/x/sub/deep/c": b"three", "/x/__pycache__/d": b""})
    assert digest_uri("memory://x", cache) == digest_path(tree)
    assert digest_uri("memory://x/a.txt", cache) == digest_path(tree / "a.txt")
    assert digest_uri(tree.as_uri()) == digest_path(tree)
    assert digest_uri(str(tree)) == digest_path(tree)


def test_an_object_of_equal_size_that_changed_is_noticed(memory, cache):
    _upload(memory, {"/x": b"a"})
    before = digest_uri("memory://x", cache)
    _upload(memory, {"/x": b"b"})
    assert digest_uri("memory://x", cache) != before


def test_an_object_is_read_again_only_when_its_tag_changes(cache):
    class Tagged(fsspec.get_filesystem_class("memory")):
        protocol = "tagged"
        tag, reads = "one", 0

        @classmethod
        def _strip_protocol(cls, path):
            return super()._strip_protocol(path.replace("tagged://", "memory://"))

        def find(self, path, **options):
            found = super().find(path, **options)
            return {name: {**info, "ETag": Tagged.tag} for name, info in found.items()}

        def _open(self, *args, **options):
            Tagged.reads += 1
            return super()._open(*args, **options)

    fsspec.register_implementation("tagged", Tagged, clobber=True)
    system = fsspec.filesystem("tagged")
    system.pipe("/tagged-object", b"a")
    Tagged.reads = 0
    first = digest_uri("tagged://tagged-object", cache)
    assert (digest_uri("tagged://tagged-object", cache), Tagged.reads) == (first, 1)
    Tagged.tag = "two"
    system.pipe("/tagged-object", b"b")
    assert digest_uri("tagged://tagged-object", cache) != first
    system.store.clear()


def test_a_missing_object_says_so(memory):
    with pytest.raises(NotFoundError, match="memory://nothing does not exist"):
        digest_uri("memory://nothing")


def test_an_unknown_protocol_says_so():
    with pytest.raises(SettingsError, match="nosuch"):
        digest_uri("nosuch://x/y")


def test_fsync_reaches_files_and_trees(tree):
    (tree / "dead").symlink_to("nowhere")
    fsync_tree(tree)
    fsync_tree(tree / "a.txt")


FILES = st.dictionaries(
    st.lists(st.sampled_from(["a", "b", "a-", "c.d"]), min_size=1, max_size=3).map("/".join),
    st.binary(max_size=5),
    max_size=5,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(FILES, FILES)
def test_trees_have_equal_digests_only_if_they_are_equal(tmp_path_factory, one, two):
    def digest(files):
        root = tmp_path_factory.mktemp("tree")
        kept = {}
        for name, data in files.items():
            if not any(other != name and other.startswith(f"{name}/") for other in files):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(data)
                kept[name] = data
        return digest_path(root), kept

    (first, kept_one), (second, kept_two) = digest(one), digest(two)
    assert (first == second) is (kept_one == kept_two)
