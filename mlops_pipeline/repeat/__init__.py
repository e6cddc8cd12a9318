"""Repeat a run: its code in a work tree, its nodes run again, its artifacts compared.

Nothing of the user's is written over: the work tree is a folder of its own, and what a repetition
writes is a run like any other.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.repeat.comparing_bytes import ComparedArtifact, Verdict, compare_artifacts
    from mlops_pipeline.repeat.environment import environment_changes, make_environment
    from mlops_pipeline.repeat.repeating import RepeatOptions, Repetition, repeat_run
    from mlops_pipeline.repeat.restoring import WorkTree, restore_code
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "comparing_bytes": "ComparedArtifact Verdict compare_artifacts",
            "environment": "environment_changes make_environment",
            "repeating": "RepeatOptions Repetition repeat_run",
            "restoring": "WorkTree restore_code",
        },
    )

__all__ = [
    "ComparedArtifact",
    "RepeatOptions",
    "Repetition",
    "Verdict",
    "WorkTree",
    "compare_artifacts",
    "environment_changes",
    "make_environment",
    "repeat_run",
    "restore_code",
]
