"""Stores whose tables are read and written as a whole."""

from __future__ import annotations

from mlops_metadata.engine import SqlStore
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import only_existing, open_store
from mlops_pipeline.uris import without_password


def open_tables(url: str, *, read_only: bool = True, create: bool = False) -> SqlStore:
    """Open a store of the engine, a file for reading only if nothing else is needed.

    Args:
        create: make a database on a server that is missing.

    Raises:
        StoreError: it cannot be opened, or has no tables that can be reached here.
    """
    if url.startswith("sqlite:") and read_only:
        url = f"{url.partition('?')[0]}?mode=ro"
    store = open_store(url if create else only_existing(url))
    if isinstance(store, SqlStore):
        return store
    close = getattr(store, "close", None)
    if close is not None:
        close()
    raise StoreError(
        f"the tables of {without_password(url)} cannot be reached from here",
        hint="name the database behind it: sqlite:///FILE, postgresql:// or mysql://",
    )
