"""Upkeep of the databases of stores: backup of a file in use, rows that do not fit, copies.

The framework finds these functions by name when they are asked for: `mlops_pipeline.store.upkeep`.
"""

from mlops_metadata.upkeep.backup import back_up
from mlops_metadata.upkeep.copy import copy_store
from mlops_metadata.upkeep.fsck import check_tables, live_artifacts, running_executions

__all__ = ["back_up", "check_tables", "copy_store", "live_artifacts", "running_executions"]
