"""What a node reads, compared with what was published."""

from __future__ import annotations

from dataclasses import replace

from mlops_pipeline.cache import why_altered, why_row_altered
from mlops_pipeline.errors import NotFoundError, ResolutionError
from mlops_pipeline.run_state import History, Outcome, Workspace, node_label
from mlops_pipeline.store import ArtifactRecord, deletion_of

_MAKE_ANEW = "run what made it again, in a new run: it is not taken from the cache then"


def intact(workspace: Workspace, record: ArtifactRecord, name: str) -> ArtifactRecord:
    """Return the record of an input with the digest of what is there.

    Args:
        name: what to call the input in errors.

    Raises:
        ResolutionError: it is gone, or not as it was published.
    """
    if record.damage:
        raise ResolutionError(f"the record of {name} is damaged: {record.damage}", hint=_MAKE_ANEW)
    if deleted := deletion_of(record):
        raise ResolutionError(f"{name} was {deleted}: {record.uri}", hint=_MAKE_ANEW)
    try:
        found = workspace.digest(record)
    except NotFoundError:
        raise ResolutionError(f"{name} is gone: {record.uri}", hint=_MAKE_ANEW) from None
    if record.digest and found != record.digest:
        raise ResolutionError(
            f"{name} was altered after it was published: {record.uri}", hint=_MAKE_ANEW
        )
    if workspace.verify == "always":
        altered = why_row_altered(workspace.store, record)
        if altered:
            raise ResolutionError(f"{name}: {altered}: {record.uri}", hint=_MAKE_ANEW)
    return replace(record, digest=found)


def refuse_altered(history: History, outcome: Outcome) -> None:
    """Refuse a result whose rows were edited since it was published, as in a run that is resumed.

    Each execution is looked at once, without a request to the store.

    Raises:
        ResolutionError: they were.
    """
    execution = outcome.execution
    if execution.id in history.intact:
        return
    altered = why_altered(execution, outcome.outputs)
    if altered:
        node = node_label(outcome.node_id, outcome.iteration)
        raise ResolutionError(
            f"the result of {node}, execution {execution.id}, cannot be read: {altered}",
            hint=_MAKE_ANEW,
        )
    history.intact.add(execution.id)
