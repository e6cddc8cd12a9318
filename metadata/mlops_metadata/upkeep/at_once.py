"""Work on a store as one transaction: all of it is recorded, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from mlops_metadata.engine import Database, Session, SqlStore
from mlops_metadata.upkeep.tables import open_tables
from mlops_pipeline.store import MetadataStore

T = TypeVar("T")


class _Joined:
    """A database all of whose transactions are parts of one that is under way."""

    def __init__(self, database: Database, session: Session) -> None:
        self.name, self.any_text = database.name, database.any_text
        self._session = session

    def read(self, work: Callable[[Session], T], *, single: bool = False) -> T:
        return work(self._session)

    def write(self, work: Callable[[Session], T], *, lasting: bool = True, once: bool = False) -> T:
        return work(self._session)

    def close(self) -> None:
        """Do nothing: the transaction goes on."""


def all_at_once(url: str, work: Callable[[MetadataStore], T]) -> T:
    """Do work on a store; see `mlops_pipeline.store.all_at_once`."""
    with closing(open_tables(url, read_only=False, create=True)) as store:
        database = store.database
        return database.write(lambda session: work(SqlStore(_Joined(database, session))))
