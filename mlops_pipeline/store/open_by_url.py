"""Opens metadata stores by URL: the scheme names a back end, which is imported only then.

Other packages add back ends as entry points of the group `mlops_pipeline.stores`: the name is
the scheme, the object a function that takes the URL and returns a `MetadataStore`.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from mlops_pipeline.errors import ExecutorError, StoreError, did_you_mean
from mlops_pipeline.store.memory import MemoryStore
from mlops_pipeline.store.protocol import MetadataStore
from mlops_pipeline.user_code import load_target

GROUP = "mlops_pipeline.stores"
_OWN_FOLDER = ".mlops"

_DRIVERS = {
    "psycopg": "'mlops-pipeline[postgres]' and, where there is no libpq, psycopg-binary",
    "pymysql": "'mlops-pipeline[mysql]'",
}
"""What brings the driver of a database."""

Opener = Callable[[str], MetadataStore]

_TFX_IMPORTER = "mlops_metadata.tfx_import.copy:import_tfx_store"

OWN: Mapping[str, str] = {
    "memory": "mlops_pipeline.store.open_by_url:open_memory",
    "sqlite": "mlops_metadata.by_file:open_sqlite",
    "grpc": "mlops_metadata.by_server:open_grpc",
    "mysql": "mlops_metadata.by_mysql:open_mysql",
    "postgresql": "mlops_metadata.by_postgresql:open_postgresql",
}
"""The back ends of this distribution: reading all entry points takes longer than opening one."""


def open_store(url: str) -> MetadataStore:
    """Open the store at a URL such as `sqlite:////data/metadata.db`.

    Raises:
        StoreError: no back end has this scheme, it is not installed, or the store cannot be opened.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise StoreError(
            f"{url!r} is not the URL of a store", hint="write it as sqlite:///path/to/metadata.db"
        )
    return _opener(scheme, url)(url)


def import_tfx(source: str, store: MetadataStore) -> Any:
    """Import a metadata store of TFX; returns what `mlops_metadata.import_tfx_store` does.

    Args:
        source: a SQLite file, or its URL.

    Raises:
        StoreError: it cannot be read, or what reads it is not installed.
    """
    try:
        return _named_object(_TFX_IMPORTER)(source, store)
    except ModuleNotFoundError as error:
        raise _not_installed("sqlite", source, error) from None


def open_memory(url: str) -> MetadataStore:
    """Return a store that ends with the process; `memory://name` is the same one each time."""
    name = url.partition("://")[2]
    return _named(name) if name else MemoryStore()


@functools.cache
def _named(name: str) -> MemoryStore:
    return MemoryStore()


def file_of(url: str) -> Path | None:
    """Return the file that a store on this machine is kept in; None where there is none."""
    scheme, _, place = url.partition("://")
    if scheme != "sqlite":
        return None
    return Path(unquote(place.partition("?")[0].removeprefix("/")))


def is_there(url: str) -> bool:
    """Return True if a store seems to exist; it is not opened."""
    file = file_of(url)
    try:
        return file is None or file.exists()
    except PermissionError:
        # The one who opens it says why it cannot be reached.
        return True


def only_existing(url: str) -> str:
    """Return the URL by which a database on a server is opened, and not made if it is missing."""
    if url.partition("://")[0] not in ("postgresql", "mysql") or "create=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}create=off"


def make_store_folder(url: str) -> None:
    """Make the folder that the file of a store goes into, hidden from version control."""
    file = file_of(url)
    if file is None:
        return
    try:
        make_folder(file.parent)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {file.parent}: {error.strerror}",
            hint="choose another store with --store, or `store` in mlops.toml",
        ) from None


def make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    # Another process may make it at this moment.
    folder.mkdir(parents=True, exist_ok=True)
    for own in (folder, *folder.parents):
        if own.name == _OWN_FOLDER and not (own / ".gitignore").exists():
            (own / ".gitignore").write_text("*\n")


def _opener(scheme: str, url: str) -> Opener:
    try:
        if scheme in OWN:
            return cast(Opener, _named_object(OWN[scheme]))
        return _from_entry_points(scheme, url)
    except ModuleNotFoundError as error:
        raise _not_installed(scheme, url, error) from None


def _named_object(target: str) -> Any:
    try:
        return load_target(target)
    except ExecutorError as error:
        # A store says itself what it lacks.
        raise error.__cause__ or error from None


def _from_entry_points(scheme: str, url: str) -> Opener:
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    for entry in found.select(name=scheme):
        return cast(Opener, entry.load())
    raise StoreError(
        f"no store is registered for {scheme}:// (in {url})",
        hint=did_you_mean(scheme, {*OWN, *found.names}),
    )


def _not_installed(scheme: str, url: str, error: ModuleNotFoundError) -> StoreError:
    if scheme not in OWN:
        missing = (error.name or "").split(".")[0]
        return StoreError(
            f"the store {url} needs the package {missing!r}, which is not installed",
            hint=f"install {missing}",
        )
    if error.name in _DRIVERS:
        return StoreError(
            f"the store {url} needs {error.name}, which is not installed",
            hint=f"pip install {_DRIVERS[error.name]}",
        )
    # It may be named as missing itself, or only one of the packages that it brings along.
    if importlib.util.find_spec("airflow") is not None:
        return StoreError(
            f"the store {url} needs ml-metadata, which cannot be installed beside Airflow",
            hint="use sqlite:///, or install mlops-pipeline[mlmd] into an environment of its own, "
            "and let the Airflow tasks run that one's `mlops`",
        )
    return StoreError(
        f"the store {url} needs ml-metadata, which is not installed",
        hint="pip install 'mlops-pipeline[mlmd]'",
    )
