"""The ledger of the cache: what was reused, the seconds that it saved, and what each miss cost."""

from __future__ import annotations

import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlops_pipeline.cache import Why, why_node
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection.lineage import in_chunks
from mlops_pipeline.inspection.results import node_name
from mlops_pipeline.store import Direction, Event, Execution, MetadataStore, Run, State

MOST_RUNS = 200
"""Newest runs that are looked at."""

EXPLAINED = 50
"""Misses that took longest, of which the cause is looked up."""

FIRST_RUN, UNKNOWN, NO_CHANGE = "nothing to compare with", "not looked up", "no change"


@dataclass(frozen=True)
class NodeReuse:
    """A node of a pipeline over some runs.

    Args:
        ran, reused: times that it did.
        spent: seconds of those that ran.
        saved: seconds that the reused results took when they were made.
    """

    pipeline: str
    node: str
    ran: int
    reused: int
    spent: float
    saved: float


@dataclass(frozen=True)
class Miss:
    """A node that ran although there were earlier results.

    Args:
        cause: what had changed, in words; of a change that came through an input, what had
            changed further up in the run.
        place: file and line of changed code.
        through: nodes by whose outputs the change came, the first one first.
    """

    run: str
    pipeline: str
    node: str
    seconds: float
    cause: str
    place: str = ""
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edit:
    """A change and all that ran again because of it.

    Args:
        name: the function with its file, the package, the parameter...
        place: file and line where it was changed last.
    """

    name: str
    place: str
    seconds: float
    misses: int
    runs: int


@dataclass(frozen=True)
class Ledger:
    """Runs of some days.

    Args:
        nodes: those that spent most first.
        misses: those that took longest first.
        edits: those that cost most first.
        explained: largest number of misses whose cause is looked up.
        whole: False if there are more runs than were looked at.
    """

    days: float
    runs: int
    nodes: tuple[NodeReuse, ...]
    misses: tuple[Miss, ...]
    edits: tuple[Edit, ...]
    spent: float = 0.0
    saved: float = 0.0
    explained: int = EXPLAINED
    whole: bool = True


def read_ledger(
    store: MetadataStore, pipeline: str = "", days: float = 7.0, now: float | None = None
) -> Ledger:
    """Read the ledger of the newest runs of some days."""
    since = (time.time() if now is None else now) - 86_400 * days
    found = store.list_runs(pipeline=pipeline, limit=MOST_RUNS + 1)
    runs = [run for run in found[:MOST_RUNS] if run.started >= since]
    executions = {run.id: store.executions_of_run(run.id) for run in runs}
    saved = _saved(store, [each for many in executions.values() for each in many])
    nodes = _nodes(executions, saved)
    misses = _misses(store, runs, executions)
    return Ledger(
        days=days,
        runs=len(runs),
        nodes=nodes,
        misses=tuple(misses),
        edits=_edits(misses),
        spent=sum(each.spent for each in nodes),
        saved=sum(each.saved for each in nodes),
        whole=len(runs) < MOST_RUNS or len(found) <= MOST_RUNS,
    )


def compute_seconds(execution: Execution) -> float:
    """Return the seconds of an execution that is over, and 0 where its record has none."""
    seconds = execution.finished - execution.started if execution.finished else 0.0
    return seconds if math.isfinite(seconds) and 0 < seconds < 1e9 else 0.0


def _saved(store: MetadataStore, executions: Iterable[Execution]) -> dict[int, float]:
    """Return the seconds that the results of cached executions took when they were made."""
    cached = {each.id for each in executions if each.state is State.CACHED}
    written: dict[int, int] = {}
    for event in in_chunks(store.events_by_execution, cached):
        if event.direction is Direction.OUTPUT:
            written.setdefault(event.execution_id, event.artifact_id)
    makers: dict[int, int] = {}
    for event in in_chunks(store.events_by_artifact, set(written.values())):
        if event.direction is Direction.OUTPUT and event.execution_id not in cached:
            known = makers.get(event.artifact_id, event.execution_id)
            makers[event.artifact_id] = min(known, event.execution_id)
    records = {each.id: each for each in in_chunks(store.executions, set(makers.values()))}
    return {
        execution: compute_seconds(records[makers[artifact]])
        for execution, artifact in written.items()
        if makers.get(artifact) in records
    }


def _nodes(
    executions: Mapping[str, Sequence[Execution]], saved: Mapping[int, float]
) -> tuple[NodeReuse, ...]:
    by_node: dict[tuple[str, str], list[Execution]] = defaultdict(list)
    for many in executions.values():
        for each in many:
            by_node[each.pipeline, each.node_id].append(each)
    rows = [
        NodeReuse(
            pipeline,
            node,
            ran=sum(each.state in _RAN for each in many),
            reused=sum(each.state is State.CACHED for each in many),
            spent=sum(compute_seconds(each) for each in many if each.state in _RAN),
            saved=sum(saved.get(each.id, 0.0) for each in many),
        )
        for (pipeline, node), many in by_node.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.spent, -row.saved, row.pipeline, row.node)))


_RAN = (State.COMPLETE, State.FAILED)


def _misses(
    store: MetadataStore, runs: Sequence[Run], executions: Mapping[str, Sequence[Execution]]
) -> list[Miss]:
    """Return what ran with a cache key, with the causes of those that took longest."""
    last: dict[tuple[str, str], Execution] = {}
    for run in runs:
        for each in executions[run.id]:
            if each.state in _RAN and each.manifest:
                last[run.id, node_name(each)] = each
    order = sorted(last.values(), key=lambda each: (-compute_seconds(each), each.id))
    causes = _Causes(store, {each.id: each for each in last.values()})
    return [
        _miss(each, causes.root(each) if number < EXPLAINED else _Cause(UNKNOWN))
        for number, each in enumerate(order)
    ]


@dataclass(frozen=True)
class _Cause:
    name: str
    place: str = ""
    through: tuple[str, ...] = ()


class _Causes:
    """Causes of misses; one that came through an input is looked for further up in its run."""

    def __init__(self, store: MetadataStore, ran: Mapping[int, Execution]) -> None:
        self.store = store
        self.ran = ran
        self.found: dict[int, _Cause] = {}
        events = in_chunks(store.events_by_execution, set(ran))
        self.reads: dict[tuple[int, str], list[Event]] = defaultdict(list)
        self.makers: dict[tuple[str, int], int] = {}
        for event in events:
            run_id = ran[event.execution_id].run_id
            if event.direction is Direction.INPUT:
                self.reads[event.execution_id, event.key].append(event)
            else:
                self.makers[run_id, event.artifact_id] = event.execution_id

    def root(self, execution: Execution) -> _Cause:
        """Return the cause of a miss."""
        way: list[Execution] = []
        at: Execution | None = execution
        cause = _Cause(UNKNOWN)
        while at is not None and at not in way:
            if at.id in self.found:
                cause = self.found[at.id]
                break
            why = self._why(at)
            above = self._above(at, why)
            if above is None:
                cause = _cause(why)
                self.found[at.id] = cause
                break
            way.append(at)
            at = above
        for each in reversed(way):
            nodes = (*cause.through, node_name(at)) if at else cause.through
            cause = _Cause(cause.name, cause.place, nodes)
            self.found[each.id], at = cause, each
        return cause

    def _why(self, execution: Execution) -> Why | None:
        try:
            return why_node(self.store, execution.run_id, execution.node_id, execution.iteration)
        except (PipelineError, ValueError, KeyError, TypeError, AttributeError):
            # A damaged record hides no other miss.
            return None

    def _above(self, execution: Execution, why: Why | None) -> Execution | None:
        """Return the execution of the same run that wrote the input that changed."""
        change = why.changes[0] if why and why.changes else None
        if change is None or change.part != "input":
            return None
        for event in self.reads.get((execution.id, change.name), ()):
            maker = self.makers.get((execution.run_id, event.artifact_id))
            if maker is not None and maker != execution.id:
                return self.ran[maker]
        return None


def _cause(why: Why | None) -> _Cause:
    if why is None:
        return _Cause(UNKNOWN)
    if not why.changes:
        return _Cause(f"{NO_CHANGE}: {why.reason}"[:300] if why.previous else FIRST_RUN)
    change = why.changes[0]
    found = re.search(r"^\+\+\+ (.+:\d+)$", change.diff, re.MULTILINE) or re.search(
        r"^--- (.+:\d+)$", change.diff, re.MULTILINE
    )
    name = change.name.rpartition("::")[2] if found else change.name
    return _Cause(f"{change.part} {name}".strip(), found[1] if found else change.file)


def _miss(execution: Execution, cause: _Cause) -> Miss:
    return Miss(
        run=execution.run_id,
        pipeline=execution.pipeline,
        node=node_name(execution),
        seconds=compute_seconds(execution),
        cause=cause.name,
        place=cause.place,
        through=cause.through,
    )


def _edits(misses: Sequence[Miss]) -> tuple[Edit, ...]:
    by_name: dict[tuple[str, str], list[Miss]] = defaultdict(list)
    for each in misses:
        if each.cause not in (FIRST_RUN, UNKNOWN) and not each.cause.startswith(NO_CHANGE):
            by_name[each.cause, each.place.rpartition(":")[0]].append(each)
    edits = [
        Edit(
            name,
            many[0].place,
            sum(each.seconds for each in many),
            len(many),
            len({each.run for each in many}),
        )
        for (name, _), many in by_name.items()
    ]
    return tuple(sorted(edits, key=lambda edit: (-edit.seconds, edit.name)))
