"""Verification of artifacts: all that is stored is read, and compared with its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_pipeline.cache import why_row_altered
from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection.lineage import LineageStart, upstream
from mlops_pipeline.roots import digest_path
from mlops_pipeline.run_state import Workspace, load_links
from mlops_pipeline.store import ArtifactRecord, ArtifactState, Direction, deletion_of


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

    @property
    def status(self) -> str:
        """Result in one word: `verified`, `altered`, `gone`, `deleted` or `unknown`."""
        if self.artifact.state is ArtifactState.DELETED and not self.artifact.damage:
            return "deleted"
        if self.problem:
            return "gone" if self.problem == _GONE else "altered"
        return "verified" if self.known else "unknown"


_ALL = 1_000_000

_GONE = "it is gone"


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


def verify_lineage(workspace: Workspace, start: LineageStart) -> Iterator[Verified]:
    """Read each artifact that went into some artifacts or executions, and these, once.

    Those that the project has marked as deleted are told, and not read.
    """
    reading = replace(workspace, verify="always")
    found = upstream(workspace.store, start)
    for number in sorted(found.artifacts):
        record = found.artifacts[number]
        deleted = record.state is ArtifactState.DELETED and not record.damage
        problem = deletion_of(record) if deleted else _problem(reading, record)
        yield Verified(record, problem or "", bool(record.digest))


def digest_lines(verified: Iterable[Verified]) -> Iterator[str]:
    """Yield a line for each file of the artifacts that are as published, as `sha256sum` prints it.

    Files that are kept elsewhere are left out: `sha256sum` cannot read them.
    """
    for each in verified:
        if each.status != "verified" or "://" in each.artifact.uri:
            continue
        top = Path(each.artifact.uri)
        files = [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.is_file())
        for file in files:
            name, mark = str(file), ""
            if "\\" in name or "\n" in name or "\r" in name:
                name = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
                mark = "\\"
            yield f"{mark}{digest_path(file)}  {name}"


def _problem(workspace: Workspace, record: ArtifactRecord) -> str:
    if record.damage:
        return f"its record is damaged: {record.damage}"
    try:
        found = workspace.digest(record)
    except NotFoundError:
        return _GONE
    except PipelineError as error:
        return f"it cannot be read: {error.message}"
    if record.digest and found != record.digest:
        return "its content was altered"
    return why_row_altered(workspace.store, record)
