"""A spool: a folder of files with one event a line, written by many processes, sent by one.

Events are appended to the last file under a lock, whole lines at a time; when it is full, the next
one begins. Above its limit the oldest file goes, and what it held is counted as dropped.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_SIZE = 4_000_000
"""Bytes at which a file is full, in a spool that is large enough for several of them."""

PATIENCE = 2.0
"""Seconds to wait for a process that writes; it needs microseconds."""

_LOCK = "lock"
_SENDER = "sender.lock"
_STATE = "state.json"
_ENDING = ".jsonl"


@dataclass(frozen=True)
class SpoolState:
    """What a spool holds and has done.

    Args:
        waiting: events that are not sent yet.
        size: bytes of all files.
        dropped: events that were dropped since the spool was made, because it was full.
        dropped_at: when the last of them was, in seconds since 1970; 0 for never.
        refused: events that a back end did not want.
        error: why the last attempt to send ended early; empty if it did not.
    """

    waiting: int = 0
    size: int = 0
    dropped: int = 0
    dropped_at: float = 0.0
    refused: int = 0
    error: str = ""


@dataclass(frozen=True)
class Spool:
    """A folder of files with events.

    Args:
        limit: bytes that it may take.
    """

    folder: Path
    limit: int = 64_000_000

    def append(self, events: Sequence[dict[str, Any]]) -> int:
        """Write events, all together; returns how many older ones were dropped for them.

        Raises:
            OSError: they cannot be written.
        """
        data = b"".join(map(_line, events))
        with self._locked(_LOCK):
            if len(data) > self.limit:
                return self._lose(len(events))
            dropped = self._make_room(len(data))
            files = self._files()
            path = files[-1] if files else self._next(files)
            if files and path.stat().st_size >= min(FILE_SIZE, self.limit // 4):
                path = self._next(files)
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                before = os.fstat(handle).st_size
                if os.write(handle, data) != len(data):
                    # A disk that is full takes a part; no line may be torn.
                    os.ftruncate(handle, before)
                    raise OSError(f"no room for {len(data)} bytes in {path}")
            finally:
                os.close(handle)
        return dropped

    def batches(self, most: int) -> Iterator[tuple[list[dict[str, Any]], Place]]:
        """Yield events that wait, oldest first, with the place after them, to `forget` up to."""
        state = self._read_state()
        for path in self._files():
            number = int(path.stem)
            start = state["offset"] if number == state["file"] else 0
            if number < state["file"]:
                continue
            try:
                with path.open("rb") as file:
                    file.seek(start)
                    while lines := list(_lines(file, most)):
                        yield (
                            [event for line in lines if (event := _event(line)) is not None],
                            Place(number, file.tell()),
                        )
            except FileNotFoundError:
                continue  # it was dropped meanwhile

    def forget(self, place: Place, *, refused: int = 0, error: str = "") -> None:
        """Remember that everything up to a place is dealt with, and remove files that are empty."""
        with self._locked(_LOCK):
            state = self._read_state()
            if (place.file, place.offset) >= (state["file"], state["offset"]):
                state |= {"file": place.file, "offset": place.offset}
            state |= {"refused": state["refused"] + refused, "error": error[:500]}
            # Before files go: a sender that is killed in between begins behind them.
            self._write_state(state)
            for path in self._files():
                done = int(path.stem) < place.file
                if done or (int(path.stem) == place.file and path.stat().st_size <= place.offset):
                    path.unlink(missing_ok=True)

    def note(self, error: str) -> None:
        """Remember why nothing more was sent."""
        self.forget(Place(0, 0), error=error)

    def state(self) -> SpoolState:
        """Return what the spool holds."""
        if not self.folder.is_dir():
            return SpoolState()
        waiting = sum(len(events) for events, _ in self.batches(1_000))
        with self._locked(_LOCK):
            state = self._read_state()
            size = sum(path.stat().st_size for path in self._files())
        return SpoolState(
            waiting, size, state["dropped"], state["dropped_at"], state["refused"], state["error"]
        )

    @contextlib.contextmanager
    def sender(self) -> Iterator[bool]:
        """Be the one process that sends; yields False while another one is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / _SENDER, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)

    def _make_room(self, size: int) -> int:
        """Drop the oldest files until so many bytes fit; returns the number of events lost."""
        files = self._files()
        sizes = {path: path.stat().st_size for path in files}
        if sum(sizes.values()) + size <= self.limit:
            return 0
        state, dropped, gone = self._read_state(), 0, 0
        for path in files:
            if sum(sizes.values()) - gone + size <= self.limit:
                break
            number = int(path.stem)
            start = state["offset"] if number == state["file"] else 0
            with path.open("rb") as file:
                file.seek(start)
                dropped += sum(1 for line in file if line.strip())
            state |= {"file": number + 1, "offset": 0} if number >= state["file"] else {}
            gone += sizes[path]
            path.unlink(missing_ok=True)
        if dropped:
            state |= {"dropped": state["dropped"] + dropped, "dropped_at": time.time()}
        self._write_state(state)
        return dropped

    def _lose(self, events: int) -> int:
        """Count events as dropped; returns how many."""
        state = self._read_state()
        state |= {"dropped": state["dropped"] + events, "dropped_at": time.time()}
        self._write_state(state)
        return events

    def _next(self, files: Sequence[Path]) -> Path:
        last = int(files[-1].stem) if files else self._read_state()["file"]
        return self.folder / f"{last + 1:08d}{_ENDING}"

    def _files(self) -> list[Path]:
        return sorted(p for p in self.folder.glob(f"*{_ENDING}") if p.stem.isdecimal())

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        try:
            handle = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _wait_for(handle)
            yield
        finally:
            os.close(handle)

    def _read_state(self) -> dict[str, Any]:
        found: dict[str, Any] = dict(_NEW)
        try:
            kept = json.loads((self.folder / _STATE).read_bytes())
        except (OSError, ValueError):
            return found
        if isinstance(kept, dict):
            found |= {key: kept[key] for key in _NEW if type(kept.get(key)) is type(_NEW[key])}
        return found

    def _write_state(self, state: dict[str, Any]) -> None:
        path = self.folder / f"{_STATE}.new"
        path.write_text(json.dumps(state), encoding="utf-8")
        path.replace(self.folder / _STATE)


def _wait_for(handle: int) -> None:
    """Take the lock of a file; a process that was stopped while it had it holds up nobody.

    Raises:
        TimeoutError: it is not to be had.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise TimeoutError("another process holds the spool") from None
            time.sleep(0.002)


@dataclass(frozen=True)
class Place:
    """A place in a spool: the number of a file, and a byte in it."""

    file: int
    offset: int


_NEW: dict[str, Any] = {
    "file": 0,
    "offset": 0,
    "dropped": 0,
    "dropped_at": 0.0,
    "refused": 0,
    "error": "",
}


def _line(event: dict[str, Any]) -> bytes:
    text = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _lines(file: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield up to so many whole lines."""
    for _ in range(most):
        line = file.readline()  # type: ignore[attr-defined]
        if not line.endswith(b"\n"):
            return
        yield line


def _event(line: bytes) -> dict[str, Any] | None:
    """Return the event of a line; None where another program has written something else."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
