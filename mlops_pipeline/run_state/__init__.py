"""The state of a run that goes on.

Begin, resume and end a run; know which nodes it covers, what they have done so far, whose
process is still alive, and in which workspace all of it happens.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.run_state.history import (
        History,
        Iteration,
        Outcome,
        load_history,
        load_links,
        load_outputs,
        node_label,
    )
    from mlops_pipeline.run_state.lifecycle import (
        FRESH,
        LAST,
        RESUMED,
        Start,
        elapsed,
        end_run,
        go_on,
        last_sign,
        new_run,
        pipeline_of,
        refuse_run_by_another,
        refuse_taken,
        run_seconds,
    )
    from mlops_pipeline.run_state.liveness import (
        LEASE,
        LOST,
        POLL,
        Heart,
        LostError,
        cancel_own,
        heed_loss,
        host,
        is_dead,
        is_gone,
        lease_of,
        process_of,
        reap,
        state_of,
        sweep,
        this_process,
    )
    from mlops_pipeline.run_state.lock_file import (
        PROJECT_FILES,
        describe_environment,
        find_lock,
        lock_digest,
    )
    from mlops_pipeline.run_state.moved import follow, found_below, moved_path
    from mlops_pipeline.run_state.origin import ORIGIN, refuse_foreign
    from mlops_pipeline.run_state.quiet import as_it_is, quiet_state
    from mlops_pipeline.run_state.selection import (
        BASE,
        FORCE,
        RESERVED,
        SELECTION,
        WHOLE,
        Selection,
        chosen,
        refuse_reserved,
        select,
        selection_of,
    )
    from mlops_pipeline.run_state.workspace import (
        TAG,
        Workspace,
        copies_in,
        open_workspace,
        scratch_folder,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "history": "History Iteration Outcome load_history load_links load_outputs node_label",
            "lifecycle": (
                "FRESH LAST RESUMED Start elapsed end_run go_on last_sign new_run "
                "pipeline_of refuse_run_by_another refuse_taken run_seconds"
            ),
            "liveness": (
                "Heart LEASE LOST LostError POLL cancel_own heed_loss host is_dead is_gone "
                "lease_of process_of reap state_of sweep this_process"
            ),
            "lock_file": "PROJECT_FILES describe_environment find_lock lock_digest",
            "moved": "follow found_below moved_path",
            "quiet": "as_it_is quiet_state",
            "origin": "ORIGIN refuse_foreign",
            "selection": (
                "BASE FORCE RESERVED SELECTION Selection WHOLE chosen refuse_reserved "
                "select selection_of"
            ),
            "workspace": "TAG Workspace copies_in open_workspace scratch_folder",
        },
    )

__all__ = [
    "BASE",
    "FORCE",
    "FRESH",
    "LAST",
    "LEASE",
    "LOST",
    "ORIGIN",
    "POLL",
    "PROJECT_FILES",
    "RESERVED",
    "RESUMED",
    "SELECTION",
    "TAG",
    "WHOLE",
    "Heart",
    "History",
    "Iteration",
    "LostError",
    "Outcome",
    "Selection",
    "Start",
    "Workspace",
    "as_it_is",
    "cancel_own",
    "chosen",
    "copies_in",
    "describe_environment",
    "elapsed",
    "end_run",
    "find_lock",
    "follow",
    "found_below",
    "go_on",
    "heed_loss",
    "host",
    "is_dead",
    "is_gone",
    "last_sign",
    "lease_of",
    "load_history",
    "load_links",
    "load_outputs",
    "lock_digest",
    "moved_path",
    "new_run",
    "node_label",
    "open_workspace",
    "pipeline_of",
    "process_of",
    "quiet_state",
    "reap",
    "refuse_foreign",
    "refuse_reserved",
    "refuse_run_by_another",
    "refuse_taken",
    "run_seconds",
    "scratch_folder",
    "select",
    "selection_of",
    "state_of",
    "sweep",
    "this_process",
]
