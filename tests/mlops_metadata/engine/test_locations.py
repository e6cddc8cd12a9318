"""Paths that may hold a store, and those that must not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.engine.locations import locate, on_network_disk
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Run


@pytest.fixture
def as_user() -> Iterator[None]:
    """Permissions mean nothing to root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def refused(url: str) -> StoreError:
    with pytest.raises(StoreError) as caught:
        open_sqlite(url)
    assert caught.value.hint
    return caught.value


def test_urls_name_relative_and_absolute_files() -> None:
    here = Path(os.path.realpath("."))
    assert locate("sqlite:///a/b.db").path == here / "a/b.db"
    assert locate("sqlite:////a/b%20c.db").path == Path("/a/b c.db")
    assert locate("sqlite:///a.db?mode=ro").read_only


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///a%00b.db", "names no file"),
        ("sqlite:///a.db?mood=ro", "unknown option 'mood'"),
        ("sqlite:///a.db?mode=fast", "mode is 'fast'"),
    ],
)
def test_a_wrong_url_is_refused(url: str, words: str) -> None:
    assert words in refused(url).message


@pytest.mark.parametrize(
    ("kind", "is_network"),
    [("ext4", False), ("nfs4", True), ("fuse.sshfs", True), ("fuseblk", False), ("cifs", True)],
)
def test_network_disks_are_told_by_their_mounts(kind: str, is_network: bool) -> None:
    mounts = f"/dev/a / overlay rw 0 0\nserver:/x /mnt/my\\040disk {kind} rw 0 0\n"
    assert on_network_disk(Path("/mnt/my disk/folder/metadata.db"), mounts) is is_network
    assert not on_network_disk(Path("/home/metadata.db"), mounts)
    assert not on_network_disk(Path("/mnt/my disk 2/metadata.db"), mounts)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    error = refused(f"sqlite:///{tmp_path}/nothing/metadata.db")
    assert f"there is no folder {tmp_path}/nothing" in error.message


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in refused(f"sqlite:///{tmp_path}").message


def test_a_pipe_is_refused_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe.db"
    os.mkfifo(path)
    assert "is a device, a pipe or a socket" in refused(f"sqlite:///{path}").message
    assert path.is_fifo()


@pytest.mark.parametrize("mode", ["rw", "ro"])
@pytest.mark.parametrize("name", ["notes.txt", "lock", ".gitkeep"])
def test_an_empty_file_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, name: str, mode: str
) -> None:
    path = tmp_path / name
    path.touch()
    before = path.stat().st_ino
    assert "is an empty file that is not named" in refused(f"sqlite:///{path}?mode={mode}").message
    assert (path.stat().st_ino, path.read_bytes()) == (before, b"")
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_permissions_are_named(tmp_path: Path, as_user: None) -> None:
    path = tmp_path / "metadata.db"
    assert "cannot be read: permission denied" in _with_mode(path, 0o000)
    assert "cannot be written to: permission denied" in _with_mode(path, 0o444)


def _with_mode(path: Path, mode: int) -> str:
    url, user = f"sqlite:///{path}", os.geteuid()
    os.seteuid(os.getuid())
    open_sqlite(url).close()
    path.chmod(mode)
    # Up to the folder of pytest, and no further; there are more where tests share the cores.
    for folder in path.parents:
        folder.chmod(0o755)
        if folder.name.startswith("pytest-of-"):
            break
    os.seteuid(user)
    message = refused(url).message
    os.seteuid(os.getuid())
    path.chmod(0o644)
    os.seteuid(user)
    return message


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_a_folder_that_cannot_be_entered_is_told(tmp_path: Path, as_user: None, mode: str) -> None:
    user, folder = os.geteuid(), tmp_path / "closed"
    os.seteuid(os.getuid())
    folder.mkdir()
    open_sqlite(f"sqlite:///{folder}/metadata.db").close()
    folder.chmod(0o000)
    os.seteuid(user)
    error = refused(f"sqlite:///{folder}/metadata.db?mode={mode}")
    os.seteuid(os.getuid())
    folder.chmod(0o755)
    os.seteuid(user)
    assert str(folder) in error.message


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    assert "too long" in refused(f"sqlite:///{tmp_path}/{'a' * 300}.db").message


def test_a_store_in_a_folder_that_cannot_be_written_to_is_read(
    tmp_path: Path, as_user: None
) -> None:
    user, folder = os.geteuid(), tmp_path / "mounted"
    path = folder / "metadata.db"
    os.seteuid(os.getuid())
    for each in folder.parents:
        each.chmod(0o755)
        if each.name.startswith("pytest-of-"):
            break
    folder.mkdir()
    store = open_sqlite(f"sqlite:///{path}")
    store.put_run(Run("r", "p"))
    store.close()
    path.with_name("metadata.db.lock").unlink()
    path.chmod(0o644)
    folder.chmod(0o555)
    os.seteuid(user)
    assert "cannot be written to" in refused(f"sqlite:///{path}").message
    viewer = open_sqlite(f"sqlite:///{path}?mode=ro")
    assert [run.id for run in viewer.list_runs()] == ["r"]
    viewer.close()
    assert [each.name for each in folder.iterdir()] == ["metadata.db"]
    os.seteuid(os.getuid())
    folder.chmod(0o755)
    os.seteuid(user)
