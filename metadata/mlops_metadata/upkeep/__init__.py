"""Upkeep of the databases of stores: backups, rows that do not fit, copies, artifacts that go.

The framework finds these functions by name when they are asked for: `mlops_pipeline.store.upkeep`.
"""

from mlops_metadata.upkeep.at_once import all_at_once
from mlops_metadata.upkeep.backup import back_up
from mlops_metadata.upkeep.copy import copy_store
from mlops_metadata.upkeep.fsck import (
    check_tables,
    live_artifacts,
    marked_artifacts,
    running_executions,
)
from mlops_metadata.upkeep.removal import finish_deleted, mark_deleted, read_contents

__all__ = [
    "all_at_once",
    "back_up",
    "check_tables",
    "copy_store",
    "finish_deleted",
    "live_artifacts",
    "mark_deleted",
    "marked_artifacts",
    "read_contents",
    "running_executions",
]
