"""Our store over ML Metadata's own library on a database server, as a judge of the engine."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from mlops_metadata.connection import Connection, ThreadLock
from mlops_metadata.library import Library
from mlops_metadata.messages import pb
from mlops_metadata.mlmd import MlmdStore


def open_mysql_by_library(url: str) -> MlmdStore:
    """Open a database of MySQL or MariaDB through ML Metadata's library."""
    place = urlsplit(url)
    config = pb.ConnectionConfig()
    config.mysql.host, config.mysql.port = place.hostname, place.port
    config.mysql.user, config.mysql.database = place.username, place.path.strip("/")
    config.mysql.password = os.environ["MLOPS_METADATA_PASSWORD"]
    name = f"{place.scheme}://{place.hostname}:{place.port}{place.path}"
    return MlmdStore(Connection(Library(config, name), ThreadLock(), name))
