"""The first page, and the list of runs: pipelines, the latest runs, and what needs attention."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.inspection import settled
from mlops_pipeline.run_state import as_it_is, run_seconds
from mlops_pipeline.store import Run, State
from mlops_pipeline.ui.views.nodes import NodeRow, node_rows
from mlops_pipeline.ui.views.plain_values import finite
from mlops_pipeline.ui.views.reader import Reader

LATEST = 20
"""Runs on the first page."""

LOOKED_AT = 200
"""Newest runs among which the first page looks for pipelines."""

PIPELINES = 20
"""Pipelines whose newest run the first page looks into."""

MOST = 500
"""Runs that one list has at most."""


@dataclass(frozen=True)
class RunRow:
    """One run in a list.

    Args:
        seconds: spent on it, so far if it goes on; None if nothing says.
    """

    id: str
    pipeline: str
    state: str
    started: float
    seconds: float | None
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class PipelineRow:
    """A pipeline: its newest run, and its latest runs, newest first."""

    name: str
    newest: RunRow
    latest: tuple[RunRow, ...]


@dataclass(frozen=True)
class Concern:
    """Something of a pipeline's newest run that needs attention.

    Args:
        kind: `failed`, `canceled`, `warned` or `skipped`.
        command: what to do, as a command; empty where there is none.
    """

    run: str
    pipeline: str
    node: str
    kind: str
    text: str
    command: str = ""


@dataclass(frozen=True)
class Overview:
    """The first page.

    Args:
        store: URL of the store.
        there: whether it exists.
        looked_at: number of the newest runs among which pipelines were looked for.
        more: whether there are more runs than these.
    """

    store: str
    there: bool
    concerns: tuple[Concern, ...]
    pipelines: tuple[PipelineRow, ...]
    runs: tuple[RunRow, ...]
    looked_at: int
    more: bool

    @property
    def live(self) -> bool:
        """True while a run goes on."""
        return any(run.state == State.RUNNING.value for run in self.runs)


@dataclass(frozen=True)
class RunList:
    """The newest runs, of all pipelines or of one.

    Args:
        more: whether there are older ones.
        most: the largest limit.
    """

    pipeline: str
    limit: int
    runs: tuple[RunRow, ...]
    more: bool
    most: int = MOST

    @property
    def live(self) -> bool:
        """True while a run goes on."""
        return any(run.state == State.RUNNING.value for run in self.runs)


def read_overview(reader: Reader) -> Overview:
    """Read the first page."""
    newest = reader.store.list_runs(limit=LOOKED_AT + 1)
    by_pipeline: dict[str, list[Run]] = {}
    for run in newest[:LOOKED_AT]:
        by_pipeline.setdefault(run.pipeline, []).append(run)
    runs = [as_it_is(reader.store, run, reader.lease) for run in newest[:LATEST]]
    known = {run.id: run for run in runs}
    pipelines = []
    for name, own in by_pipeline.items():
        latest = [known.get(run.id, run) for run in own[:LATEST]]
        pipelines.append(PipelineRow(name, run_row(latest[0]), tuple(map(run_row, latest))))
    first = [own[0] for own in by_pipeline.values()]
    return Overview(
        store=reader.place,
        there=reader.there,
        concerns=tuple(c for run in first[:PIPELINES] for c in _concerns(reader, run)),
        pipelines=tuple(pipelines),
        runs=tuple(map(run_row, runs)),
        looked_at=min(len(newest), LOOKED_AT),
        more=len(newest) > LATEST,
    )


def read_run_list(reader: Reader, pipeline: str = "", limit: int = 50) -> RunList:
    """Read the list of runs."""
    limit = max(1, min(limit, MOST))
    found = reader.store.list_runs(pipeline=pipeline, limit=limit + 1)
    rows = [run_row(as_it_is(reader.store, run, reader.lease)) for run in found[:limit]]
    return RunList(pipeline, limit, tuple(rows), len(found) > limit)


def run_row(run: Run) -> RunRow:
    """Return a run as a row of a list."""
    over = run.finished or run.state is State.RUNNING
    return RunRow(
        id=run.id,
        pipeline=run.pipeline,
        state=run.state.value,
        started=finite(run.started),
        seconds=seconds_spent(run) if over else None,
        parameters=run.parameters,
    )


def can_go_on(run: Run) -> bool:
    """Return True if we can resume a run: the store has its pipeline, and nobody else ran it."""
    return bool(run.ir) and "imported_from" not in run.properties


def seconds_spent(run: Run, ended: float = 0.0) -> float:
    """Return the seconds spent on a run, 0 where its record says nothing that is a number."""
    try:
        return finite(run_seconds(run, ended))
    except (TypeError, ValueError):
        return 0.0


def _concerns(reader: Reader, run: Run) -> Sequence[Concern]:
    """Return what needs attention in the newest run of a pipeline."""
    state, executions = settled(run, reader.store.executions_of_run(run.id), reader.lease)
    nodes = node_rows(run, executions, {})
    found = [_concern(run, node, "failed", node.error) for node in nodes if node.state == "FAILED"]
    if state is State.CANCELED or (state is State.FAILED and not found):
        text = "it was stopped" if state is State.CANCELED else "it ended before a node failed"
        found.append(Concern(run.id, run.pipeline, "", state.value.lower(), text))
    if state in (State.FAILED, State.CANCELED) and can_go_on(run):
        found = [
            Concern(**{**vars(each), "command": f"mlops resume {shlex.quote(run.id)}"})
            for each in found
        ]
    for node in nodes:
        if node.gate and node.state in ("COMPLETE", "CACHED"):
            kind = {"warn": "warned", "skip": "skipped"}.get(node.gate.action, node.gate.action)
            found.append(_concern(run, node, kind, node.gate.findings[0].reason))
    return found


def _concern(run: Run, node: NodeRow, kind: str, text: str) -> Concern:
    return Concern(run.id, run.pipeline, node.name, kind, text)
