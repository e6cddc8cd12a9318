"""Turns with ML Metadata's own library, where this process has loaded it, too.

It has a SQLite of its own, and locks of files belong to a process: neither sees those of the other.
So its calls and our transactions wait for each other. It closes a file when the last reference to
a handle goes, at any moment: that, too, waits for its turn.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from mlops_metadata.engine.locations import beside, is_open_here

STOCK_LIBRARY = "ml_metadata.metadata_store.pywrap.metadata_store_extension"
_OPENS = "CreateMetadataStore"
_UNUSED = 2
"""References to a handle that only the list of handles and the question have."""


class _Turn:
    """A turn, in which nothing else of this process uses a file that may be open twice."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._handles: list[Any] = []
        self._inherited: list[list[Any]] = []

    def __enter__(self) -> None:
        self._lock.acquire()
        for place in reversed(range(len(self._handles))):
            if sys.getrefcount(self._handles[place]) <= _UNUSED:
                del self._handles[place]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def keep(self, handle: Any) -> None:
        """Keep a handle open until a turn in which nobody uses it any more."""
        self._handles.append(handle)

    def has_handles(self) -> bool:
        """Return True if there is one that may be closed."""
        return bool(self._handles)

    def forget(self) -> None:
        """Let a forked child begin anew, and never close what belongs to its parent."""
        self._lock = threading.RLock()
        self._inherited.append(self._handles)
        self._handles = []


_turn = _Turn()
_nobody: AbstractContextManager[None] = nullcontext()
_wrapped: set[int] = set()
os.register_at_fork(after_in_child=_turn.forget)


def settle() -> None:
    """Close at once what nobody uses any more."""
    if _turn.has_handles():
        with _turn:
            pass


def my_turn() -> AbstractContextManager[None]:
    """Return what keeps ML Metadata's library away meanwhile, if it is loaded."""
    library = getattr(sys.modules.get(STOCK_LIBRARY), "metadata_store", None)
    if library is None:
        return _nobody
    if id(library) not in _wrapped:
        with _turn:
            _wrap(library)
    return _turn


@contextmanager
def keeping_logs(path: Path) -> Iterator[None]:
    """Leave the log of a file to ML Metadata's library while a connection of ours is closed.

    Ours does not see that the file is open there, and would remove the log as the last one.
    """
    kept: list[tuple[Path, Path]] = []
    for suffix in ("-wal", "-shm") if STOCK_LIBRARY in sys.modules else ():
        log, copy = beside(path, suffix), beside(path, f"{suffix}.{os.getpid()}")
        with suppress(OSError):
            copy.unlink(missing_ok=True)
            copy.hardlink_to(log)
            kept.append((copy, log))
    try:
        yield
    finally:
        with suppress(OSError):
            for copy, log in kept:
                if log.exists() or not is_open_here(path):
                    copy.unlink()
                else:
                    copy.rename(log)


def _wrap(library: Any) -> None:
    if id(library) in _wrapped:
        return
    for name, function in list(vars(library).items()):
        if callable(function) and name[0].isupper() and not isinstance(function, type):
            setattr(library, name, _in_turn(function, opens=name == _OPENS))
    _wrapped.add(id(library))


def _in_turn(function: Callable[..., Any], *, opens: bool) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        with _turn:
            found = function(*arguments)
            if opens:
                _turn.keep(found)
            return found

    return call
