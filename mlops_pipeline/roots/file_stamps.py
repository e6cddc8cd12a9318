"""Stamps of files: facts of the file system without opening a file, and their reliability.

A stamp holds the size, both times, the inode and the device. Restoring a file's size and
modification time does not hide a change: the system sets the change time by itself.
"""

from __future__ import annotations

import os
from operator import attrgetter
from typing import NamedTuple

# Kernels take file times from a clock that ticks every 1 to 10 ms; a second write within one
# tick leaves the same stamp. Systems with coarser times (HFS+, FAT, old NFS) show whole seconds.
_TICK_NS = 50_000_000
_COARSE_TICK_NS = 2_500_000_000
_SECOND_NS = 1_000_000_000


class Stamp(NamedTuple):
    """Equal stamps mean equal content, once the stamp has settled."""

    size: int
    modified: int
    changed: int
    inode: int
    device: int

    @property
    def text(self) -> str:
        """The stamp as one line."""
        return ":".join(map(str, self))


FIELDS = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")
"""The fields of a stamp, taken from what `os.stat` returned."""


def stamp_of(status: os.stat_result) -> Stamp:
    """Return the stamp in what `os.stat` returned."""
    return Stamp._make(FIELDS(status))


def is_settled(stamp: Stamp, at: int) -> bool:
    """Return True if a write after the time `at` (ns since 1970) must change the stamp.

    Git calls the opposite "racily clean".
    """
    newest = max(stamp.modified, stamp.changed)
    coarse = not (stamp.modified % _SECOND_NS or stamp.changed % _SECOND_NS)
    return at - newest > (_COARSE_TICK_NS if coarse else _TICK_NS)
