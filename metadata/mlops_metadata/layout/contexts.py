"""The contexts of an execution: those of its run and node, or of a registered model."""

from __future__ import annotations

from mlops_metadata.layout.records import CACHE, MODEL, NODE, PIPELINE, RUN
from mlops_pipeline.store import Execution, State, group_of, is_model_record


def places_of(execution: Execution, has_outputs: bool) -> list[tuple[str, str]]:
    """Return type and name of the contexts that an execution is put into.

    Args:
        has_outputs: of an execution that is stored already, only they have to be put there, too.
    """
    wanted = []
    if has_outputs or not execution.id:
        if is_model_record(execution.component):
            names = [(MODEL, execution.pipeline)]
        else:
            names = [(PIPELINE, execution.pipeline), (RUN, execution.run_id)]
            names.append((NODE, group_of(execution)))
        wanted += [(kind, name) for kind, name in names if name]
    if execution.state is State.COMPLETE and execution.cache_key:
        wanted.append((CACHE, execution.cache_key))
    return wanted


def group_kind(component: str) -> str:
    """Return the type of the contexts that group executions of a component."""
    return MODEL if is_model_record(component) else NODE
