"""Local copies of remote artifacts, kept by content and shared by the processes of a machine.

    <scratch>/copies/<digest>           the copy: a file or a folder, read-only
    <scratch>/copies/.locks/<digest>    its size; locked while a process fills or uses the copy

A copy is made beside its final path, compared with its digest, and renamed. Locks are `flock`,
so that those of a process that was killed are gone with it. What is used is never evicted.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import random
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_pipeline.errors import NotFoundError, RootError, SettingsError
from mlops_pipeline.roots.digests import StatCache, digest_path
from mlops_pipeline.roots.object_store import digest_uri, download, list_objects
from mlops_pipeline.settings import Verify
from mlops_pipeline.uris import is_remote

log = logging.getLogger(__name__)

GIGABYTE = 1e9

_PATIENCE = 30.0
"""Seconds to wait for the users of an altered copy, before it is replaced."""

_NEW = ".new-"
"""Begins the name of what is being made a copy."""

_HELD: dict[str, int] = {}
"""Locks that this process keeps until it ends, by path."""


def default_scratch() -> Path:
    """Return the folder for local files: the user's cache, or the temporary one."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(chosen) if chosen else Path.home() / ".cache"
    nearest = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        return cache / "mlops"
    # In a container there may be no home.
    return Path(tempfile.gettempdir()) / f"mlops-{os.getuid()}"


def make_scratch(scratch: Path) -> None:
    """Make the folder for files of this machine, for its owner alone.

    Raises:
        SettingsError: it cannot be made, or not be written to, or belongs to another user.
    """
    try:
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        cause = "" if os.access(scratch, os.W_OK | os.X_OK) else "permission denied"
        if scratch.stat().st_uid != os.getuid():
            cause = "it belongs to another user"
    except OSError as error:
        cause = str(error.strerror or error).lower()
    if cause:
        raise SettingsError(
            f"local copies cannot be kept in {scratch}: {cause}",
            hint="choose another folder with $MLOPS_SCRATCH, or `scratch` in mlops.toml",
        )


@dataclass(frozen=True)
class Copies:
    """The copies below one folder.

    Args:
        limit: gigabytes, beyond which those are evicted that were not used for longest.
    """

    folder: Path
    limit: float
    verify: Verify = "stamp"

    @cached_property
    def digests(self) -> StatCache:
        """Digests of files and objects that have been read before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return StatCache(self.folder / ".digests.db", self.verify)

    @contextlib.contextmanager
    def leased(self, uris: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """Return local paths of remote artifacts, which stay there while the block runs.

        Args:
            uris: digests by URI; what is not remote is left out of the result.

        Raises:
            NotFoundError: an artifact is gone.
            RootError: it is not what its digest says, or cannot be read.
        """
        with contextlib.ExitStack() as leases:
            paths = {}
            for uri, digest in uris.items():
                if is_remote(uri):
                    paths[uri] = str(leases.enter_context(self._lease(uri, digest)))
            yield paths

    def hold(self, uri: str, digest: str = "") -> Path:
        """Return the local path of a remote artifact, which stays there until this process ends."""
        digest = digest or digest_uri(uri, self.digests)
        path = str(self.folder / digest)
        if path not in _HELD:
            _HELD[path] = self._locked(uri, digest)
        return self.folder / digest

    def adopt(self, path: Path, digest: str) -> None:
        """Take a file or a folder over as a copy: it is moved, or left if there is one.

        Where that cannot be done, it is downloaded when it is needed.
        """
        lock = self._open_lock(digest, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is None:
            return
        try:
            if not (self.folder / digest).exists():
                self._put(path, digest, lock)
        except OSError as error:
            log.debug("%s is not kept as a copy: %s", path, error)
        finally:
            os.close(lock)
        self._evict(spared=digest)

    @contextlib.contextmanager
    def _lease(self, uri: str, digest: str) -> Iterator[Path]:
        lock = self._locked(uri, digest)
        try:
            yield self.folder / digest
        finally:
            os.close(lock)

    def _locked(self, uri: str, digest: str) -> int:
        """Make sure that the copy exists, and take a shared lock on it."""
        path = self.folder / digest
        deadline = time.monotonic() + _PATIENCE
        while True:
            lock = self._open_lock(digest, fcntl.LOCK_SH)
            assert lock is not None  # it was waited for
            try:
                # Its owner can alter a copy, even a read-only one.
                whole, altered = self._is_whole(path, digest), path.exists()
            except BaseException:
                os.close(lock)
                raise
            if whole:
                os.utime(lock)
                return lock
            os.close(lock)
            if not self._fill(uri, digest) and altered and time.monotonic() > deadline:
                raise RootError(
                    f"the local copy of {uri} was altered, and is in use: {path}",
                    hint="end what uses it, and try again",
                )

    def _is_whole(self, path: Path, digest: str) -> bool:
        try:
            return digest_path(path, self.digests) == digest
        except NotFoundError:
            return False

    def _fill(self, uri: str, digest: str) -> bool:
        """Make a copy; false if another process does, or uses what is there."""
        lock = self._open_lock(digest, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is None:
            # Not all at once: those that look keep each other from filling.
            time.sleep(random.uniform(0.01, 0.05))
            return False
        made = self.folder / f"{_NEW}{digest}"
        try:
            # Of a process that was killed: who has the lock has the name, too.
            _remove(made)
            if not self._is_whole(self.folder / digest, digest):
                _remove(self.folder / digest)
                download(list_objects(uri), made)
                if digest_path(made) != digest:
                    raise RootError(
                        f"{uri} was altered after it was published",
                        hint="run what made it again, in a new run",
                    )
                self._put(made, digest, lock)
        finally:
            _remove(made)
            if not (self.folder / digest).exists():
                self._lock_file(digest).unlink(missing_ok=True)
            os.close(lock)
        self._evict(spared=digest)
        return True

    def _lock_file(self, digest: str) -> Path:
        return self.folder / ".locks" / digest

    def _put(self, path: Path, digest: str, lock: int) -> None:
        """Move a complete copy to its final path; the lock is an exclusive one."""
        size = _seal(path)
        if path.is_dir() and not path.is_symlink():
            # A folder can only be moved by who may write to it.
            path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IRWXU)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(size).encode(), 0)
        path.rename(self.folder / digest)
        os.utime(lock)

    def _open_lock(self, digest: str, how: int) -> int | None:
        """Return a lock on a copy, there or not; None if it is not waited for, and taken."""
        file = self._lock_file(digest)
        while True:
            lock = _open(file)
            try:
                fcntl.flock(lock, how)
            except BlockingIOError:
                os.close(lock)
                return None
            except BaseException:
                os.close(lock)
                raise
            with contextlib.suppress(FileNotFoundError):
                # It was evicted while we waited for it: then the name leads to another file.
                if os.fstat(lock).st_ino == file.stat().st_ino:
                    return lock
            os.close(lock)

    def _evict(self, spared: str) -> None:
        """Remove what was not used for longest, until the rest is within the limit."""
        for made in self.folder.glob(f"{_NEW}*"):
            self._remove_half(made)
        known = []
        for file in (self.folder / ".locks").iterdir():
            with contextlib.suppress(OSError, ValueError):
                known.append((file.stat().st_mtime, int(file.read_text() or 0), file.name))
        total = sum(size for _, size, _ in known)
        for _, size, digest in sorted(known):
            if total <= self.limit * GIGABYTE:
                return
            if size and digest != spared and self._evict_one(digest):
                total -= size

    def _remove_half(self, made: Path) -> None:
        """Remove what a process that was killed has left of a copy that it made."""
        lock = self._open_lock(made.name.removeprefix(_NEW), fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is not None:
            _remove(made)
            os.close(lock)

    def _evict_one(self, digest: str) -> bool:
        lock = self._open_lock(digest, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is None:
            return False
        try:
            _remove(self.folder / digest)
            self._lock_file(digest).unlink(missing_ok=True)
        finally:
            os.close(lock)
        return True


def _open(file: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(file, flags, 0o600)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        return os.open(file, flags, 0o600)


def _seal(path: Path) -> int:
    """Take the right to write from a file, or a folder and all in it; returns the size."""
    size = 0
    for each in _entries(path):
        status = each.lstat()
        if stat.S_ISREG(status.st_mode):
            size += status.st_size
            # One that has another name is somebody else's, too.
            if status.st_nlink == 1:
                with contextlib.suppress(PermissionError):
                    each.chmod(stat.S_IMODE(status.st_mode) & ~0o222)
    # Folders stay writable for who owns them: they have to be moved and removed.
    return size


def _entries(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir() and not path.is_symlink():
        for folder, _, files in os.walk(path):
            yield from (Path(folder, name) for name in files)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                Path(folder).chmod(stat.S_IRWXU)
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
