"""Metadata stores over ML Metadata, for more than one process and for keeping."""

from typing import Any

__all__ = ["import_tfx_store"]


def __getattr__(name: str) -> Any:
    # ML Metadata is loaded by those who use it.
    if name == "import_tfx_store":
        from mlops_metadata.tfx_import import import_tfx_store

        return import_tfx_store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
