"""Upkeep of the databases of stores: a copy of a file that is in use, and rows that do not fit.

The framework finds these functions by name when they are asked for: `mlops_pipeline.store.upkeep`.
"""

from mlops_metadata.upkeep.backup import back_up
from mlops_metadata.upkeep.fsck import check_tables, live_artifacts, running_executions

__all__ = ["back_up", "check_tables", "live_artifacts", "running_executions"]
