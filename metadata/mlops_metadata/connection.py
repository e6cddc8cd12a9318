"""An open database, and the lock around its writes.

MLMD alone lets concurrent writers starve and fail: here one writes at a time.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NoReturn, Protocol

from mlops_metadata.refusals import waiting_for
from mlops_pipeline.errors import StoreError

log = logging.getLogger(__name__)


class Requests(Protocol):
    """A receiver of requests: a database of the MLMD library, or a server."""

    def call(self, method: str, message: Any) -> Any:
        """Send a request; the answer."""

    def close(self) -> None:
        """Let go of it."""


class Connection:
    """The parts of a back end that `MlmdStore` needs; others than SQLite bring their own lock.

    Args:
        library: where requests go.
        lock: held around writes.
        name: what to call the store in errors.
        read_only: refuse writes.
        any_text: the database takes texts of any length, with backslashes; what is behind a
            server may be one that does not.
    """

    def __init__(
        self,
        library: Requests,
        lock: WriteLock,
        name: str,
        *,
        read_only: bool = False,
        any_text: bool = True,
    ) -> None:
        self.any_text = any_text
        self.lock = lock
        self.name = name
        self._library = library
        self._read_only = read_only
        self.on_release: Callable[[], None] = self.shut
        self._refusal = ""

    def read(self, method: str, message: Any) -> Any:
        """Send a request that changes nothing."""
        if self._refusal:
            self._refuse()
        return self._library.call(method, message)

    def write(self, method: str, message: Any) -> Any:
        """Send a request that changes something, under the lock."""
        if self._refusal:
            self._refuse()
        if self._read_only:
            raise StoreError(
                f"the metadata store {self.name} is open for reading only",
                hint="open it without ?mode=ro",
            )
        with self.lock:
            return self._library.call(method, message)

    def _refuse(self) -> NoReturn:
        raise StoreError(
            f"the metadata store {self.name} {self._refusal}",
            hint="open it in the process that uses it",
        )

    def refuse(self, reason: str) -> None:
        """Refuse everything from now on."""
        self._refusal = reason

    def release(self) -> None:
        """Say that a store does not need this connection any more."""
        self.on_release()

    def shut(self) -> None:
        """Close the database."""
        self._library.close()
        self.lock.close()


class WriteLock(Protocol):
    """Held around each write, and around each check that a write depends on; re-entrant."""

    def __enter__(self) -> object:
        """Wait for the lock."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the lock."""

    def close(self) -> None:
        """Let go of what the lock needs; it is not used again."""


_AT_ONCE = 0.005
"""Seconds: who asks again so soon asks at once."""

_STINT, _SHORT_STINT = 0.02, 0.003
"""Seconds that one process may go on with that: where nobody was seen to wait, or somebody was."""

_CHANCE, _LONG_CHANCE, _STEP = 0.001, 0.006, 0.0005
"""Seconds that others then have to come first, likewise; and between two looks for one."""

TELL = 2.0
"""Seconds of waiting after which it is said for whom."""

PATIENCE = 300.0
"""Seconds of waiting for the lock of writers; each has it for a transaction only."""

_PAUSES = (0.0005, 0.0005, 0.001, 0.001)
"""Seconds between the first tries to have the lock."""


class FileLock:
    """A lock between the threads of this process and between processes: `flock` on a file.

    The system lets go of it when a process dies, and wakes those who wait in the order of asking.
    It does not keep the lock for the one it wakes: on a busy machine, who lets go and asks again
    would have it again before the other runs. So that one waits a moment, for others to come
    first; not longer, because who is stopped (Ctrl-Z) while it waits never comes.

    Only a process that is stopped, or hangs, while it has the lock keeps others waiting: that is
    said, and not waited for without an end.

    Args:
        path: the file, which is `.lock` beside a database.

    Raises:
        StoreError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.RLock()
        self._depth = 0
        self._began = self._released = 0.0
        self._wanted = False
        self._path = path
        self._file = self._open()
        self._waiter: _Waiter | None = None

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise StoreError(
                f"cannot make the lock file {self._path}: {error.strerror}",
                hint="make its folder writable, or open the store with ?mode=ro",
            ) from error

    def __enter__(self) -> FileLock:
        self._take(PATIENCE)
        return self

    def take_soon(self) -> bool:
        """Take the lock if it is free within seconds; returns False if it is not."""
        try:
            self._take(0.0)
        except StoreError:
            return False
        return True

    def _take(self, patience: float) -> None:
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._flock(patience)
        except BaseException:
            self._threads.release()
            raise
        self._depth += 1

    def _flock(self, patience: float) -> None:
        now = time.monotonic()
        if now - self._released > _AT_ONCE:
            self._began = now
        elif now - self._began > (_SHORT_STINT if self._wanted else _STINT):
            self._let_others_come(now + (_LONG_CHANCE if self._wanted else _CHANCE))
        if not self._has_taken():
            self._wanted = True
            self._take_later(patience)
            self._began = time.monotonic()

    def _let_others_come(self, end: float) -> None:
        self._wanted = False
        while time.monotonic() < end:
            time.sleep(_STEP)
            if not self._has_taken():
                return
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._began = end

    def _take_later(self, patience: float) -> None:
        # Most waits are shorter than it takes to ask another thread.
        for pause in _PAUSES:
            time.sleep(pause)
            if self._has_taken():
                return
        self._wait(patience)

    def _has_taken(self) -> bool:
        """Take the lock if nobody has it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(self, patience: float) -> None:
        waiter = self._waiter = self._waiter or _Waiter(self._file)
        database = self._path.with_name(self._path.name.removesuffix(".lock"))
        taken = threading.Event()
        try:
            if waiter.ask(taken).wait(TELL):
                return
            if patience:
                log.warning("%s", waiting_for(database))
                if taken.wait(patience - TELL):
                    return
        except BaseException:
            self._give_up(waiter, taken)
            raise
        self._give_up(waiter, taken)
        raise StoreError(
            f"{waiting_for(database)} for more than {max(patience, TELL):g} s",
            hint="let that process go on, or end it",
        )

    def _give_up(self, waiter: _Waiter, taken: threading.Event) -> None:
        """Want the lock no longer; the thread that waits for it lets go of it when it gets it."""
        if waiter.leave(taken):
            fcntl.flock(self._file, fcntl.LOCK_UN)
        else:
            self._file, self._waiter = self._open(), None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                fcntl.flock(self._file, fcntl.LOCK_UN)
                self._released = time.monotonic()
        finally:
            self._threads.release()

    def close(self) -> None:
        """Close the lock file, which stays for the others."""
        if self._waiter is not None:
            self._waiter.end()
        os.close(self._file)
        # The number may soon stand for another file, which must not be locked instead.
        self._file = -1


class _Waiter:
    """A thread that waits for a lock in its turn, so that who has asked for it need not.

    Args:
        file: the lock file, which the thread closes if nobody wants the lock any more.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._left = False
        self._asked: SimpleQueue[threading.Event | None] = SimpleQueue()
        threading.Thread(target=self._work, name="store lock", daemon=True).start()

    def _work(self) -> None:
        while (taken := self._asked.get()) is not None:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            with self._guard:
                if self._left:
                    os.close(self._file)
                    return
                taken.set()

    def ask(self, taken: threading.Event) -> threading.Event:
        """Ask for the lock; `taken` is set once it is there."""
        self._asked.put(taken)
        return taken

    def leave(self, taken: threading.Event) -> bool:
        """Want the lock no longer; returns True if it is there all the same."""
        with self._guard:
            self._left = not taken.is_set()
            return not self._left

    def end(self) -> None:
        """End the thread, which waits for nothing."""
        self._asked.put(None)


class ThreadLock:
    """A lock between the threads of this process, where a server keeps order between processes."""

    def __init__(self) -> None:
        self._threads = threading.RLock()

    def __enter__(self) -> ThreadLock:
        self._threads.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.release()

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class NoLock:
    """The lock of a read-only store: it does nothing."""

    def __enter__(self) -> NoLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def close(self) -> None:
        """Do nothing: there is nothing to close."""
