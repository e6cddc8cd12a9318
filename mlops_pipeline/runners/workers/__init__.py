"""Worker processes, each for one task at a time.

They are started ahead, have imported what tasks need, and are replaced when they die or when
their surroundings change.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.runners.workers.forked import Forked, ForkOptions, fork, may_fork
    from mlops_pipeline.runners.workers.idle import Spares
    from mlops_pipeline.runners.workers.pool import WorkerPool
else:
    # A worker, which is in this package, too, needs neither.
    __getattr__ = lazy_names(
        __name__,
        {"forked": "Forked ForkOptions fork may_fork", "idle": "Spares", "pool": "WorkerPool"},
    )

__all__ = ["ForkOptions", "Forked", "Spares", "WorkerPool", "fork", "may_fork"]
