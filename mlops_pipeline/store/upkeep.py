"""Upkeep of a store: a copy of its file. The package of the stores does it, imported when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mlops_pipeline.user_code import load_target

_BACKUP = "mlops_metadata.upkeep.backup:back_up"


@dataclass(frozen=True)
class Backup:
    """A copy of a store that was read back.

    Args:
        store: file of the store.
        file: file of the copy.
        size: bytes of the copy.
        rows: number of rows by table, the same in both.
    """

    store: Path
    file: Path
    size: int
    rows: Mapping[str, int]


def back_up(url: str, file: Path, *, replace: bool = False) -> Backup:
    """Copy the store in a SQLite file while it is used.

    Args:
        replace: take the place of an earlier backup.

    Raises:
        StoreError: the store cannot be read, the copy not be written; the message says why.
    """
    return cast(Backup, load_target(_BACKUP)(url, file, replace))
