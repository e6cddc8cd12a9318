"""Upkeep of the databases of stores: a copy of a file that is in use.

The framework finds these functions by name when they are asked for: `mlops_pipeline.store.upkeep`.
"""

from mlops_metadata.upkeep.backup import back_up

__all__ = ["back_up"]
