"""Stores in a database of PostgreSQL: `postgresql://user@host/database`."""

from __future__ import annotations

import os

from mlops_metadata.engine import ServerDatabase, SqlStore
from mlops_metadata.engine.servers.postgresql import PostgresAddress, PostgresDriver
from mlops_metadata.server_urls import PASSWORD, split_url
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import MetadataStore


def open_postgresql(url: str) -> MetadataStore:
    """Open the store in a database of PostgreSQL, which is made where it is missing.

    Args:
        url: `postgresql://user@host:port/database`, with `?ca=FILE` over TLS, and `create=off`
            to leave a database that is missing alone; the password is taken
            from `$MLOPS_METADATA_PASSWORD`, so that no URL that is shown holds one.

    Raises:
        StoreError: the URL is wrong, or the server cannot be reached.
    """
    form = "postgresql://user@host:5432/database"
    place = split_url(url, form, ("ca", "create"))
    if not place.database or not place.user:
        raise StoreError(f"{url} names no user or no database", hint=f"write {form}")
    address = PostgresAddress(
        place.host,
        place.port or 5432,
        place.user,
        place.database,
        os.environ.get(PASSWORD, ""),
        place.options.get("ca", ""),
        place.may_create,
    )
    return SqlStore(ServerDatabase(PostgresDriver(address)))
