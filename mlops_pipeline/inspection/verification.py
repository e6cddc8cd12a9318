"""Verification of artifacts: all that is stored is read, and compared with its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mlops_pipeline.cache import why_row_altered
from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.run_state import Workspace, load_links
from mlops_pipeline.store import ArtifactRecord, ArtifactState, Direction


@dataclass(frozen=True)
class Verified:
    """An artifact that was read.

    Args:
        problem: the fault; empty if there is none.
        known: whether the store has a digest to compare with.
    """

    artifact: ArtifactRecord
    problem: str
    known: bool


_ALL = 1_000_000


def verify(workspace: Workspace, run_ids: Iterable[str] | None = None) -> Iterator[Verified]:
    """Read each live artifact that runs wrote or took from the cache, once.

    Artifacts that the project has marked as deleted are left out.

    Args:
        run_ids: of the runs; all of the store if left out.
    """
    if run_ids is None:
        run_ids = [run.id for run in workspace.store.list_runs(limit=_ALL)]
    reading = replace(workspace, verify="always")
    seen: set[int] = set()
    for run_id in run_ids:
        published = [e for e in workspace.store.executions_of_run(run_id) if e.published]
        links = load_links(workspace.store, published, Direction.OUTPUT, lenient=True)
        for outputs in links.values():
            for record in (each for records in outputs.values() for each in records):
                live = record.state is not ArtifactState.DELETED or record.damage
                if record.id not in seen and live:
                    yield Verified(record, _problem(reading, record), bool(record.digest))
                seen.add(record.id)


def _problem(workspace: Workspace, record: ArtifactRecord) -> str:
    if record.damage:
        return f"its record is damaged: {record.damage}"
    try:
        found = workspace.digest(record)
    except NotFoundError:
        return "it is gone"
    except PipelineError as error:
        return f"it cannot be read: {error.message}"
    if record.digest and found != record.digest:
        return "its content was altered"
    return why_row_altered(workspace.store, record)
