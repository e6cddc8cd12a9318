"""The page of a run, and that of one of its nodes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_pipeline.cache import why_node
from mlops_pipeline.errors import NotFoundError, PipelineError, did_you_mean
from mlops_pipeline.inspection import find_run, settled
from mlops_pipeline.run_state import last_sign
from mlops_pipeline.store import (
    Execution,
    Mark,
    Run,
    State,
    notes_of,
    read_marks,
    run_target,
    tags_of,
)
from mlops_pipeline.ui.views.files import LogTail, read_log
from mlops_pipeline.ui.views.graphs import PageGraph, run_graph
from mlops_pipeline.ui.views.links import ExecutionLink, execution_link, read_links
from mlops_pipeline.ui.views.nodes import (
    NodeGroup,
    NodeRow,
    attempts_by_node,
    groups_of,
    node_row,
    node_rows,
)
from mlops_pipeline.ui.views.overview import can_go_on, seconds_spent
from mlops_pipeline.ui.views.plain_values import finite
from mlops_pipeline.ui.views.reader import Reader

TIME_LINE: Mapping[str, Any] = {
    "description": "When each node ran",
    "width": "container",
    "height": {"step": 20},
    "transform": [
        {"filter": "isValid(datum.start) && isValid(datum.time)"},
        {"calculate": "datum.start + datum.time", "as": "end"},
    ],
    "mark": {"type": "bar", "cornerRadius": 2, "minBandSize": 4},
    "encoding": {
        "y": {"field": "node", "type": "nominal", "sort": None, "title": None},
        "x": {"field": "start", "type": "quantitative", "title": "seconds from the beginning"},
        "x2": {"field": "end"},
        "color": {
            "field": "decision",
            "type": "nominal",
            "title": None,
            "scale": {"domain": ["run", "cached", "failed", "running", "canceled", "skipped"]},
            "legend": {"orient": "top"},
        },
        "tooltip": [{"field": name} for name in ("node", "decision", "start", "time")],
    },
}
"""How the table of nodes is drawn: Vega-Lite, whose fields are its columns."""


@dataclass(frozen=True)
class RunPage:
    """A run.

    Args:
        origin: the store or scheduler that it was imported from; empty for our own.
        span: seconds from its beginning to the end of its last node, for a time line.
        decisions: how many nodes there are of each decision.
        commands: what to do next, each with its purpose.
        tags, notes: what people have marked it with; the notes oldest first.
    """

    id: str
    pipeline: str
    state: str
    started: float
    finished: float
    seconds: float
    base_run: str
    origin: str
    parameters: Mapping[str, Any]
    span: float
    decisions: Mapping[str, int]
    groups: tuple[NodeGroup, ...]
    commands: tuple[tuple[str, str], ...]
    graph: PageGraph
    tags: tuple[str, ...] = ()
    notes: tuple[Mark, ...] = ()

    @property
    def time_line(self) -> Mapping[str, Any]:
        """How the table of nodes is drawn."""
        return TIME_LINE

    @property
    def live(self) -> bool:
        """True while the run goes on."""
        return self.state == State.RUNNING.value


@dataclass(frozen=True)
class NodePage:
    """A node of a run.

    Args:
        details: the tail of the traceback of its failure.
        compared_with: the earlier run that `changes` are the differences from.
        changes: what differs in the cache key, the likely cause first.
        attempts: all executions of the node in the run, oldest first.
    """

    run: str
    pipeline: str
    node: NodeRow
    component: str
    process: str
    parameters: Mapping[str, Any]
    details: str
    compared_with: str
    changes: tuple[str, ...]
    attempts: tuple[ExecutionLink, ...]
    log: LogTail | None

    @property
    def live(self) -> bool:
        """True while the node is running."""
        return self.node.state == State.RUNNING.value


def read_run_page(reader: Reader, name: str) -> RunPage:
    """Read the page of a run.

    Args:
        name: its id, the beginning of it, or `last`.

    Raises:
        NotFoundError: there is no such run.
    """
    run = find_run(reader.store, name)
    state, executions = settled(run, reader.store.executions_of_run(run.id), reader.lease)
    latest = [attempts[-1].id for attempts in attempts_by_node(executions).values()]
    rows = node_rows(run, executions, read_links(reader.store, latest))
    groups = groups_of(rows)
    decisions: dict[str, int] = {}
    for row in rows:
        decisions[row.decision] = decisions.get(row.decision, 0) + 1
    marks = read_marks(reader.store, run_target(run.id))
    ended = last_sign(run, executions) if state is not State.RUNNING else 0.0
    return RunPage(
        id=run.id,
        pipeline=run.pipeline,
        state=state.value,
        started=finite(run.started),
        finished=finite(run.finished),
        seconds=seconds_spent(run, ended),
        base_run=run.base_run,
        origin=str(run.properties.get("imported_from") or ""),
        parameters=run.parameters,
        span=max((row.offset + row.seconds for row in rows), default=0.0),
        decisions=decisions,
        groups=tuple(groups),
        commands=tuple(_commands(run, state, rows)),
        graph=run_graph(reader.store, replace(run, state=state), groups),
        tags=tags_of(marks),
        notes=notes_of(marks),
    )


def read_node_page(reader: Reader, run_name: str, node_name: str) -> NodePage:
    """Read the page of a node.

    Raises:
        NotFoundError: there is no such run or node.
    """
    run = find_run(reader.store, run_name)
    _, executions = settled(run, reader.store.executions_of_run(run.id), reader.lease)
    by_node = attempts_by_node(executions)
    if node_name not in by_node:
        raise NotFoundError(
            f"run {run.id} has no node {node_name[:200]!r}", hint=did_you_mean(node_name, by_node)
        )
    attempts = by_node[node_name]
    last = attempts[-1]
    links = read_links(reader.store, [last.id])[last.id]
    compared_with, changes = _changes(reader, last)
    return NodePage(
        run=run.id,
        pipeline=run.pipeline,
        node=node_row(run, node_name, attempts, links),
        component=last.component,
        process=f"{last.host} pid {last.pid}" if last.host else "",
        parameters=last.parameters,
        details=last.details,
        compared_with=compared_with,
        changes=changes,
        attempts=tuple(execution_link(each) for each in attempts),
        log=read_log(reader, last.log),
    )


def _changes(reader: Reader, execution: Execution) -> tuple[str, tuple[str, ...]]:
    """Return the earlier run that a node was compared with, and what differs."""
    try:
        why = why_node(reader.store, execution.run_id, execution.node_id, execution.iteration)
    except PipelineError as error:
        return "", (error.message,)
    except Exception as error:  # noqa: BLE001 - a damaged manifest hides no other fact of the page
        return "", (f"the record of its cache key cannot be read: {type(error).__name__}",)
    before = why.previous.run_id if why.previous else ""
    return before, tuple(map(str, why.changes))


def _commands(run: Run, state: State, rows: Sequence[NodeRow]) -> list[tuple[str, str]]:
    if state not in (State.FAILED, State.CANCELED) or not can_go_on(run):
        return []
    name = shlex.quote(run.id)
    commands = [(f"mlops resume {name}", "continue the run")]
    for row in rows:
        if row.state == State.FAILED.value and not row.gate:
            node = shlex.quote(row.name)
            commands.append((f"mlops replay {name} {node} --pdb", "debug only this node"))
            break
    return commands
