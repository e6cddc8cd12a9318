"""Opens metadata stores by URL: the scheme names a back end, which is imported only then.

Other packages add back ends as entry points of the group `mlops_pipeline.stores`: the name is
the scheme, the object a function that takes the URL and returns a `MetadataStore`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import cast

from mlops_pipeline.errors import StoreError, did_you_mean
from mlops_pipeline.store import MemoryStore, MetadataStore

GROUP = "mlops_pipeline.stores"

Opener = Callable[[str], MetadataStore]

OWN: Mapping[str, str] = {
    "memory": "mlops_pipeline.stores:open_memory",
    "sqlite": "mlops_metadata.mlmd:open_sqlite",
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


def open_memory(url: str) -> MetadataStore:
    """A store that is gone when the process ends."""
    return MemoryStore()


def _opener(scheme: str, url: str) -> Opener:
    try:
        if scheme in OWN:
            module, _, name = OWN[scheme].partition(":")
            return cast(Opener, getattr(importlib.import_module(module), name))
        return _from_entry_points(scheme, url)
    except ModuleNotFoundError as error:
        raise _not_installed(url, error) from None


def _from_entry_points(scheme: str, url: str) -> Opener:
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    for entry in found.select(name=scheme):
        return cast(Opener, entry.load())
    raise StoreError(
        f"no store is registered for {scheme}:// (in {url})",
        hint=did_you_mean(scheme, {*OWN, *found.names}),
    )


def _not_installed(url: str, error: ModuleNotFoundError) -> StoreError:
    missing = (error.name or "").split(".")[0]
    if missing != "ml_metadata":
        return StoreError(
            f"the store {url} needs the package {missing!r}, which is not installed",
            hint=f"install {missing}",
        )
    if importlib.util.find_spec("airflow") is not None:
        return StoreError(
            f"the store {url} needs ml-metadata, which cannot be installed beside Airflow",
            hint="install mlops-pipeline[local] into an environment of its own, "
            "and let the Airflow tasks run that one's `mlops`",
        )
    return StoreError(
        f"the store {url} needs ml-metadata, which is not installed",
        hint="pip install 'mlops-pipeline[local]'",
    )
