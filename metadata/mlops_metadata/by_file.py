"""Stores in a SQLite file: `sqlite:///metadata.db`."""

from __future__ import annotations

import sys
from pathlib import Path

from mlops_metadata.engine import SqlStore, is_held, open_database
from mlops_metadata.engine.locations import is_open_here, locate
from mlops_metadata.engine.turns import STOCK_LIBRARY, my_turn
from mlops_pipeline.store import MetadataStore


def open_sqlite(url: str) -> MetadataStore:
    """Open the store in a SQLite file, which is made where it is missing.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`; `?mode=ro` only to read.

    Raises:
        StoreError: the file cannot be used; the message says why.
    """
    location = locate(url)
    path = location.path
    if is_in_library(path):
        # TFX or a notebook has it open through ML Metadata, whose SQLite would lose its locks if
        # another one opened the file and closed it: here it is gone through as well.
        from mlops_metadata.sqlite_file import open_by_library

        return open_by_library(url)
    return SqlStore(open_database(location))


def is_in_library(path: Path) -> bool:
    """Return True if this process has a file open through the library of ML Metadata."""
    with my_turn():
        return STOCK_LIBRARY in sys.modules and is_open_here(path) and not is_held(path)
