"""Why a database refuses: the words of MLMD and SQLite, in those of a user."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mlops_pipeline.errors import StoreError

CAUSES = {
    "readonly database": (
        "it is read-only",
        "make the file and its folder writable, or open it with ?mode=ro",
    ),
    "disk is full": ("its disk is full", "make room, then resume the run"),
    "not a database": (
        "the file is damaged, or no SQLite database",
        "restore it from a copy, or name another file",
    ),
    "malformed": ("the file is damaged", "restore it from a copy"),
    "greater than": ("a newer ml-metadata has written it", "upgrade the package ml-metadata"),
    "is older than": (
        "an older ml-metadata has written it",
        "upgrade it once with ml_metadata.MetadataStore(..., enable_upgrade_migration=True)",
    ),
    "Transaction already open": (
        "an earlier write has failed half-way",
        "make room on its disk if it is full, then go on in a new process",
    ),
    "unable to open": ("the file cannot be opened", "check the path and its permissions"),
    "locked": ("another program holds it", "end the program that has it open, then try again"),
}


def holder(path: Path) -> str:
    """Return the processes of this machine that hold a lock of a SQLite file; empty if unknown.

    From `/proc/locks`, see proc(5): the sixth field is the device and the inode of the file.
    """
    wanted = set()
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-shm", ".lock"))):
        with contextlib.suppress(OSError):
            found = file.stat()
            wanted.add(f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}")
    pids = set()
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            # An arrow stands before those that wait for a lock.
            if len(fields) > 5 and fields[3] == "WRITE" and fields[5] in wanted:
                pids.add(fields[4])
    names = []
    for pid in sorted(pids - {str(os.getpid())}, key=int):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            name = f"process {pid} ({' '.join(words).strip()[:80]})"
            names.append(f"{name}, which is stopped" if _is_stopped(pid) else name)
    return ", ".join(names)


def _is_stopped(pid: str) -> bool:
    """Return True for a process that goes on only if somebody lets it, as after Ctrl-Z."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[:1] in (["T"], ["t"])


def waiting_for(path: Path) -> str:
    """Return what a wait for a SQLite file is for, in words."""
    return f"waiting for the metadata store {path}: {holder(path) or 'another program'} holds it"


def store_error(what: str, reason: str) -> StoreError:
    """Return the error for what a database has said."""
    for sign, (cause, hint) in CAUSES.items():
        if sign in reason:
            return StoreError(f"{what}: {cause}", hint=hint)
    return StoreError(f"{what}: {short(reason)}")


def short(reason: str) -> str:
    """Return the beginning of what MLMD says; it repeats whole records."""
    line = " ".join(reason.split())
    return line if len(line) <= 300 else line[:300] + "..."
