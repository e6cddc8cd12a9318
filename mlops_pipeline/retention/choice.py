"""The artifacts that a policy keeps, each with the reason."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mlops_pipeline.models import changes_from, registered_from
from mlops_pipeline.retention.policy import ALL, BLESSED, PUSHED, TAGGED, Policy
from mlops_pipeline.run_state import is_gone, last_sign
from mlops_pipeline.store import (
    MODEL_CHANGE,
    ArtifactRecord,
    Contents,
    Direction,
    Ended,
    Execution,
    Run,
    State,
    artifact_target,
    names_of,
    run_target,
    tagged_targets,
)

SILENT = 86_400.0
"""Seconds without a sign of life until a run or an execution that runs elsewhere holds nothing."""

IN_USE = "used by what runs"


@dataclass(frozen=True)
class Graph:
    """What a store holds, by who has read and written what."""

    contents: Contents

    @cached_property
    def read(self) -> Mapping[int, set[int]]:
        """Artifacts that an execution has read, by its id; what only decided about it left out."""
        return self._linked(Direction.INPUT)

    @cached_property
    def written(self) -> Mapping[int, set[int]]:
        """Artifacts that an execution has written, or taken from another, by its id."""
        return self._linked(Direction.OUTPUT)

    def _linked(self, direction: Direction) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for event in self.contents.events:
            if event.direction is direction and not event.key.startswith("_"):
                found[event.execution_id].add(event.artifact_id)
        return found

    @cached_property
    def users(self) -> Mapping[int, list[Execution]]:
        """Executions that have read or written an artifact, oldest first, by its id."""
        found: dict[int, dict[int, Execution]] = defaultdict(dict)
        for event in self.contents.events:
            execution = self.contents.executions.get(event.execution_id)
            if execution is not None:
                found[event.artifact_id][execution.id] = execution
        return {each: [by[i] for i in sorted(by)] for each, by in found.items()}

    @cached_property
    def makers(self) -> Mapping[int, Execution]:
        """The execution that made an artifact, by its id: the first that wrote it."""
        found: dict[int, Execution] = {}
        for each in sorted(self.written):
            execution = self.contents.executions.get(each)
            for artifact in self.written[each] if execution is not None else ():
                found.setdefault(artifact, self.contents.executions[each])
        return found

    @cached_property
    def runs(self) -> Mapping[str, list[Execution]]:
        """Executions of each run."""
        found: dict[str, list[Execution]] = defaultdict(list)
        for execution in self.contents.executions.values():
            found[execution.run_id].append(execution)
        return found

    def upstream(self, start: Iterable[int]) -> Iterator[int]:
        """Yield all that went into artifacts."""
        due, seen = list(start), set(start)
        while due:
            maker = self.makers.get(due.pop())
            for each in self.read.get(maker.id, ()) if maker else ():
                if each not in seen:
                    seen.add(each)
                    due.append(each)
                    yield each


def find_ended(graph: Graph, now: float) -> Ended:
    """Return what is RUNNING in the records, and has ended: by its process, or by long silence."""
    contents = graph.contents
    return Ended(
        {
            name: contents.changed[name]
            for name, run in contents.runs.items()
            if run.state is State.RUNNING and _is_over(run, graph.runs.get(name, ()), now)
        },
        {
            each.id: round(each.heartbeat * 1000)
            for each in contents.executions.values()
            if each.state is State.RUNNING and _is_silent(each, now)
        },
        max(contents.artifacts, default=0),
    )


def _is_over(run: Run, executions: Iterable[Execution], now: float) -> bool:
    gone = is_gone(run.properties)
    if gone is not None:
        return gone
    # A scheduler may start the next node, or try one again, long after the last.
    return run.started > 0 and now - last_sign(run, executions) > SILENT


def _is_silent(execution: Execution, now: float) -> bool:
    gone = is_gone(execution.properties)
    if gone is not None:
        return gone
    return now - max(execution.heartbeat, execution.started) > SILENT


def choose_kept(graph: Graph, policy: Policy, ended: Ended) -> dict[int, str]:
    """Return the reason for which each artifact is kept; those that may go are left out."""
    kept: dict[int, str] = {}

    def keep(ids: Iterable[int], reason: str) -> None:
        for each in ids:
            kept.setdefault(each, reason)

    keep(_in_use(graph, ended), IN_USE)
    # What cannot be read is for somebody to look at.
    damaged = [a.id for a in graph.contents.artifacts.values() if a.damage]
    keep(damaged, "its record is damaged")
    for each, name in _registered(graph):
        keep([each], f"a version of {name}")
    chosen = dict(_chosen(graph, policy))
    for each, reason in chosen.items():
        keep([each], reason)
    artifacts = graph.contents.artifacts
    for each in graph.upstream(list(chosen)):
        if each in artifacts and policy.upstream & {ALL, artifacts[each].type}:
            keep([each], "upstream of what is kept")
    runs = _last_runs(graph, policy.keep_last)
    keep(_of_runs(graph, runs), "of the newest runs")
    keep(_young(graph, time.time() - policy.younger), "young")
    return kept


def _in_use(graph: Graph, ended: Ended) -> Iterator[int]:
    runs = {
        name: run
        for name, run in graph.contents.runs.items()
        if run.state is State.RUNNING and name not in ended.runs
    }
    alive = {
        each.id: each.run_id
        for each in graph.contents.executions.values()
        if each.state is State.RUNNING and each.id not in ended.executions
    }
    names = {*runs, *alive.values()} - {""}
    # A part of a run goes on from the results of another.
    bases = {graph.contents.runs[name].base_run for name in names & graph.contents.runs.keys()}
    needed = names | (bases - {""})
    for artifact, users in graph.users.items():
        if any(each.id in alive or each.run_id in needed for each in users):
            yield artifact


def _tagged(graph: Graph) -> Iterator[int]:
    """Yield artifacts that have a tag, or that a run with a tag has used."""
    targets = tagged_targets(graph.contents.executions)
    for number in graph.contents.artifacts:
        if artifact_target(number) in targets:
            yield number
    runs = {each for each in graph.contents.runs if run_target(each) in targets}
    yield from _of_runs(graph, runs) if runs else ()


def _chosen(graph: Graph, policy: Policy) -> Iterator[tuple[int, str]]:
    if TAGGED in policy.keep:
        yield from ((each, "tagged") for each in _tagged(graph))
    for record in graph.contents.artifacts.values():
        if TAGGED in policy.keep and names_of(record):
            yield record.id, "tagged"
        if PUSHED in policy.keep and record.type == "PushedModel":
            yield from ((each, "pushed") for each in (record.id, *_models_beside(graph, record)))
        if BLESSED in policy.keep and record.type == "ModelBlessing" and _is_blessed(record):
            yield from ((each, "blessed") for each in (record.id, *_models_beside(graph, record)))


def _registered(graph: Graph) -> Iterator[tuple[int, str]]:
    """Yield the versions of registered models that may be used, or gone back to, with the model."""
    found: dict[str, list[Execution]] = defaultdict(list)
    for each in graph.contents.executions.values():
        if each.component == MODEL_CHANGE:
            found[each.pipeline].append(each)
    for name, executions in found.items():
        changes, _ = changes_from(sorted(executions, key=lambda each: each.id), name)
        for version in registered_from(name, changes).versions:
            if version.state == "ready" or version.aliases:
                yield version.artifact, name


def _is_blessed(record: ArtifactRecord) -> bool:
    return record.properties.get("blessed") in (1, 1.0, True, "1")


def _models_beside(graph: Graph, record: ArtifactRecord) -> Iterator[int]:
    """Yield the models that a blessing or a push is about, whichever way it says so."""
    named = record.properties.get("current_model_id")
    if isinstance(named, int | float) and int(named) in graph.contents.artifacts:
        yield int(named)
    maker = graph.makers.get(record.id)
    for each in graph.read.get(maker.id, ()) if maker else ():
        found = graph.contents.artifacts.get(each)
        if found is not None and "Model" in found.type and "Blessing" not in found.type:
            yield each


def _last_runs(graph: Graph, count: int) -> set[str]:
    """Return the newest runs of each pipeline, and the newest complete ones."""
    by_pipeline: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(graph.contents.runs.values(), key=lambda run: -run.started):
        executions = graph.runs.get(run.id, ())
        names = {run.pipeline} if run.pipeline else {each.pipeline for each in executions}
        for name in names:
            by_pipeline[name].append(run)
    found: set[str] = set()
    for runs in by_pipeline.values() if count else ():
        complete = [run for run in runs if run.state is State.COMPLETE]
        found.update(run.id for run in (*runs[:count], *complete[:count]))
    return found


def _of_runs(graph: Graph, runs: set[str]) -> Iterator[int]:
    for artifact, users in graph.users.items():
        if any(each.run_id in runs for each in users):
            yield artifact


def _young(graph: Graph, since: float) -> Iterator[int]:
    for record in graph.contents.artifacts.values():
        users = graph.users.get(record.id, ())
        times = (max(each.started, each.finished, each.heartbeat) for each in users)
        # Of what nobody has written, nobody knows what it is for.
        if not users or max(record.created, *times) > since:
            yield record.id
