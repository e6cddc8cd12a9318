"""Snapshots: what is needed to repeat a run, recorded as it begins.

`take_snapshot` keeps sources, lock file, commit, packages and machine in the store, each text once
however many runs have it; `read_snapshot` gives back what a run has recorded.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.snapshot.kept import (
        SNAPSHOT,
        Snapshot,
        is_own_snapshot,
        read_bundles,
        read_snapshot,
    )
    from mlops_pipeline.snapshot.machine import describe_machine
    from mlops_pipeline.snapshot.source_files import KEPT_SUFFIXES, KeptFile, list_sources
    from mlops_pipeline.snapshot.taking import snapshot_facts, take_snapshot
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "kept": "SNAPSHOT Snapshot is_own_snapshot read_bundles read_snapshot",
            "machine": "describe_machine",
            "source_files": "KEPT_SUFFIXES KeptFile list_sources",
            "taking": "snapshot_facts take_snapshot",
        },
    )

__all__ = [
    "KEPT_SUFFIXES",
    "SNAPSHOT",
    "KeptFile",
    "Snapshot",
    "describe_machine",
    "is_own_snapshot",
    "list_sources",
    "read_bundles",
    "read_snapshot",
    "snapshot_facts",
    "take_snapshot",
]
