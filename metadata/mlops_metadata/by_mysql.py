"""Stores in a database of MySQL or MariaDB: `mysql://user@host/database`."""

from __future__ import annotations

import os

from mlops_metadata.engine import ServerDatabase, SqlStore
from mlops_metadata.engine.servers.mysql import MysqlAddress, MysqlDriver
from mlops_metadata.server_urls import PASSWORD, split_url
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import MetadataStore


def open_mysql(url: str) -> MetadataStore:
    """Open the store in a database of MySQL or MariaDB, which is made where it is missing.

    Args:
        url: `mysql://user@host:port/database`, with `?ca=FILE` over TLS, or `?socket=FILE`,
            and `create=off` to leave a database that is missing alone; the
            password is taken from `$MLOPS_METADATA_PASSWORD`: no URL that is shown holds one.

    Raises:
        StoreError: the URL is wrong, or the server cannot be reached.
    """
    form = "mysql://user@host:3306/database"
    place = split_url(url, form, ("ca", "socket", "create"))
    if not place.database or not place.user:
        raise StoreError(f"{url} names no user or no database", hint=f"write {form}")
    address = MysqlAddress(
        place.host,
        place.port or 3306,
        place.user,
        place.database,
        os.environ.get(PASSWORD, ""),
        place.options.get("socket", ""),
        place.options.get("ca", ""),
        place.may_create,
    )
    return SqlStore(ServerDatabase(MysqlDriver(address)))
