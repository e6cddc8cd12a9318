"""Worker processes, each for one task at a time.

They are started ahead, have imported what tasks need, and are replaced when they die or when
their surroundings change.
"""

from mlops_pipeline.runners.workers.idle import Spares
from mlops_pipeline.runners.workers.pool import WorkerPool

__all__ = ["Spares", "WorkerPool"]
