"""The engine: ML Metadata's databases, read and written by SQL of our own.

`SqlStore` is the store over a database, `open_database` opens the one in a file; `locations` and
`sqlite_files` are also used by what goes through the library of ML Metadata, `reading` by what
looks after a database as a whole.
"""

from mlops_metadata.engine.known_types import KnownTypes
from mlops_metadata.engine.places import Places
from mlops_metadata.engine.servers import ServerDatabase
from mlops_metadata.engine.session import (
    CHUNK,
    Database,
    Row,
    Session,
    TimedSession,
    TooSlowError,
    UnclearError,
    UnfitError,
    chunks,
    marks,
)
from mlops_metadata.engine.sqlite import SqliteDatabase, is_held, open_database
from mlops_metadata.engine.store import SqlStore, milliseconds

__all__ = [
    "CHUNK",
    "Database",
    "KnownTypes",
    "Places",
    "Row",
    "ServerDatabase",
    "Session",
    "SqlStore",
    "SqliteDatabase",
    "TimedSession",
    "TooSlowError",
    "UnclearError",
    "UnfitError",
    "chunks",
    "is_held",
    "locations",
    "marks",
    "milliseconds",
    "open_database",
    "reading",
    "schema",
    "servers",
    "sqlite_files",
    "turns",
    "writing",
]
