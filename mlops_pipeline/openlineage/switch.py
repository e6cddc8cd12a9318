"""The switch of recording: a project that asks for no events pays nothing for them."""

from __future__ import annotations

from mlops_pipeline.settings import Settings
from mlops_pipeline.store import MetadataStore


def recorded(store: MetadataStore, settings: Settings) -> MetadataStore:
    """Return a store that records events of runs, if the settings ask for them."""
    if not settings.openlineage_spool:
        return store
    # Loaded here: most projects record nothing.
    from mlops_pipeline.openlineage.recording import recording_store

    return recording_store(store, settings)
