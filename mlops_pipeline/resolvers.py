"""Chooses artifacts from the store when a node is about to run.

A resolver is a function that takes a `Query` and returns artifacts of the store; one of your own
is named with `query("my_module:my_resolver", Type)`. Only LIVE artifacts are ever chosen, and
no read grows with the whole store: artifacts are looked at newest first, page by page.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_pipeline.errors import ExecutorError, ResolutionError, did_you_mean
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Direction,
    Event,
    Execution,
    MetadataStore,
)
from mlops_pipeline.user_code import load_target

PAGES = (10, 100, 1_000, 10_000)
"""Numbers of the newest artifacts of a type to read: more only if fewer were not enough."""

RUNS = 50
"""Number of the newest runs of another pipeline to search."""

ANY_PIPELINE = "*"


@dataclass(frozen=True)
class Query:
    """Request to a resolver.

    Args:
        pipeline: the pipeline that asks, in its run `run_id`.
        type: name of the artifact type that is looked for.
        arguments: what the author passed to the query, by name.
    """

    store: MetadataStore
    pipeline: str
    run_id: str
    type: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def live(self, type: str = "") -> Iterator[ArtifactRecord]:
        """Yield the LIVE artifacts of a type, newest first.

        With the arguments `pipeline`, `node` and `output` only those that these wrote; without
        `pipeline`, those of the pipeline that asks.

        Args:
            type: another type than the one that is looked for.
        """
        seen: set[int] = set()
        for limit in PAGES:
            page = self.store.artifacts_by_type(type or self.type, limit=limit)
            fresh = [a for a in page if a.state is ArtifactState.LIVE and a.id not in seen]
            yield from self._within(fresh)
            seen.update(artifact.id for artifact in page)
            if len(page) < limit:
                return

    def _within(self, artifacts: list[ArtifactRecord]) -> Iterator[ArtifactRecord]:
        pipeline = self.arguments.get("pipeline") or self.pipeline
        wanted = {key: self.arguments.get(key) or "" for key in ("node", "output")}
        if pipeline == ANY_PIPELINE and not any(wanted.values()):
            yield from artifacts
            return
        # The newest are nearly always enough, so they are asked about first.
        for start in range(0, len(artifacts), 20):
            part = artifacts[start : start + 20]
            events = self.store.events_by_artifact([a.id for a in part])
            written = [e for e in events if e.direction is Direction.OUTPUT]
            executions = {
                e.id: e for e in self.store.executions(event.execution_id for event in written)
            }
            fitting = {
                event.artifact_id
                for event in written
                if _is_by(executions.get(event.execution_id), pipeline, wanted["node"])
                and wanted["output"] in ("", event.key)
            }
            yield from (a for a in part if a.id in fitting)


Resolver = Callable[[Query], Sequence[ArtifactRecord]]


class TooFewSpansError(ResolutionError):
    """Fewer spans are there than a node needs: it is skipped, and what depends on it."""


def _is_by(execution: Execution | None, pipeline: str, node: str) -> bool:
    return (
        execution is not None
        and pipeline in (ANY_PIPELINE, execution.pipeline)
        and node in ("", execution.node_id)
    )


def find_resolver(name: str, import_paths: Iterable[str] = ()) -> Resolver:
    """Import the resolver `module:qualname`.

    Raises:
        ResolutionError: there is none of this name.
    """
    try:
        found: Resolver = load_target(name, import_paths)
    except ExecutorError as error:
        raise ResolutionError(
            f"cannot import the resolver {name}: {error.message}", hint=error.hint
        ) from error
    return found


def ask_resolver(name: str, query: Query, import_paths: Iterable[str] = ()) -> list[ArtifactRecord]:
    """Call the resolver `module:qualname`.

    Raises:
        ResolutionError: there is no such resolver, or it gives something else than artifacts.
    """
    chosen: Any = find_resolver(name, import_paths)(query)
    several = isinstance(chosen, Iterable) and not isinstance(chosen, str | bytes | Mapping)
    records = list(chosen) if several else [chosen]
    for record in records:
        if not isinstance(record, ArtifactRecord):
            raise ResolutionError(
                f"the resolver {name} returned {type(record).__name__} {record!r:.60}"
                if record is not None
                else f"the resolver {name} returned None",
                hint="return a list of artifacts of the store, such as list(query.live())",
            )
    return records


def latest(query: Query) -> list[ArtifactRecord]:
    """Return the newest artifacts of the type; arguments `count` and `other_than`, a URI.

    With `other_than`, those of the same output of the same node, unless the arguments name another.
    """
    count = query.arguments.get("count", 1)
    unwanted = _same_as(query)
    found = replace(query, arguments={**query.arguments, **_its_output(query)}).live()
    wanted = (each for each in found if unwanted.isdisjoint((each.id, each.digest)))
    return list(itertools.islice(wanted, count))


def _same_as(query: Query) -> set[int | str]:
    """Return ids and digests of the artifacts at the URI in the argument `other_than`."""
    others = _others(query)
    return {record.id for record in others} | {r.digest for r in others if r.digest}


def _others(query: Query) -> Sequence[ArtifactRecord]:
    uri = query.arguments.get("other_than")
    return query.store.artifacts_by_uri(uri) if uri else []


def _its_output(query: Query) -> dict[str, str]:
    """Return the node and the output that wrote `other_than`, where the query names neither.

    Other nodes write the same type, as Transform writes statistics, too.
    """
    if any(query.arguments.get(name) for name in ("pipeline", "node", "output")):
        return {}
    written = query.store.events_by_artifact([record.id for record in _others(query)])
    keys = {e.execution_id: e.key for e in _only(written, Direction.OUTPUT)}
    executions = query.store.executions(keys)
    own = [each for each in executions if each.pipeline == query.pipeline]
    newest = max(own, key=lambda execution: execution.id, default=None)
    return {} if newest is None else {"node": newest.node_id, "output": keys[newest.id]}


def latest_blessed_model(query: Query) -> list[ArtifactRecord]:
    """Return the newest model that has a blessing, as TFX finds it; argument `other_than`, a URI.

    A blessing tells its model in `current_model_id`; where that is missing, the model is the
    one that the blessing's evaluator read.
    """
    best: ArtifactRecord | None = None
    unwanted = _same_as(query)
    for blessing in query.live("ModelBlessing"):
        # A blessing is newer than its model: what comes now cannot bless a newer one.
        if best is not None and blessing.id < best.id:
            break
        if int(blessing.properties.get("blessed") or 0) == 1:
            for model in _blessed_by(query, blessing):
                if unwanted.isdisjoint((model.id, model.digest)):
                    best = model if best is None or model.id > best.id else best
    return [] if best is None else [best]


def _blessed_by(query: Query, blessing: ArtifactRecord) -> Iterator[ArtifactRecord]:
    told = int(blessing.properties.get("current_model_id") or 0)
    ids = {told} if told else _read_beside(query.store, blessing)
    for artifact in query.store.artifacts(ids):
        if artifact.type == query.type and artifact.state is ArtifactState.LIVE:
            yield artifact


def _read_beside(store: MetadataStore, artifact: ArtifactRecord) -> set[int]:
    """Return ids of what the executions that wrote an artifact have read, baselines left out."""
    written = _only(store.events_by_artifact([artifact.id]), Direction.OUTPUT)
    read = store.events_by_execution({event.execution_id for event in written})
    return {
        event.artifact_id
        for event in _only(read, Direction.INPUT)
        # Those that begin with _ are of conditions and values, not what was evaluated.
        if not event.key.startswith(("baseline", "_"))
    }


def _only(events: Iterable[Event], direction: Direction) -> list[Event]:
    return [event for event in events if event.direction is direction]


def span_range(query: Query) -> list[ArtifactRecord]:
    """Return the newest version of each span from `start` to `end`, in order.

    Raises:
        ResolutionError: one is missing, and the argument `missing_ok` is not true.
    """
    start, end = query.arguments["start"], query.arguments["end"]
    spans = {span: a for span, a in _spans(query).items() if start <= span <= end}
    missing = [span for span in range(start, end + 1) if span not in spans]
    if missing and not query.arguments.get("missing_ok"):
        raise ResolutionError(
            f"of {query.type} of spans {start} to {end} there is none of "
            f"{', '.join(map(str, missing[:10]))}{', ...' if len(missing) > 10 else ''}",
            hint="make them first, or write missing_ok=True",
        )
    return [spans[span] for span in sorted(spans)]


def rolling_window(query: Query) -> list[ArtifactRecord]:
    """Return the newest version of each of the last `count` spans, in order.

    Raises:
        TooFewSpansError: there are fewer than the argument `at_least`.
    """
    count, skip = query.arguments["count"], query.arguments.get("skip", 0)
    spans = _spans(query)
    chosen = sorted(spans)[: len(spans) - skip][-count:]
    least = query.arguments.get("at_least", 1)
    if len(chosen) < least:
        raise TooFewSpansError(
            f"{len(chosen)} spans of {query.type} are there, {least} are needed",
            hint="make more of them first, or lower at_least",
        )
    return [spans[span] for span in chosen]


def _spans(query: Query) -> dict[int, ArtifactRecord]:
    """Return the artifact with the highest version, then id, of each span."""
    spans: dict[int, ArtifactRecord] = {}
    for artifact in query.live():
        span = artifact.properties.get("span")
        if span is None:
            continue
        other = spans.get(int(span))
        if other is None or _version(artifact) > _version(other):
            spans[int(span)] = artifact
    return spans


def _version(artifact: ArtifactRecord) -> tuple[int, int]:
    return int(artifact.properties.get("version") or 0), artifact.id


def external(query: Query) -> list[ArtifactRecord]:
    """Return the output of a node in another pipeline, from its newest run that has it."""
    store, arguments = query.store, query.arguments
    wanted = arguments.get("run_id")
    runs = (
        [wanted]
        if wanted
        else [r.id for r in store.list_runs(pipeline=arguments["pipeline"], limit=RUNS)]
    )
    for run_id in runs:
        found = _written_in(query, run_id)
        if found:
            return found
    raise ResolutionError(
        f"pipeline {arguments['pipeline']} has no {arguments['output']} of "
        f"{arguments['node']}{f' in run {wanted}' if wanted else ''}",
        hint=_near_external(query, runs) or "run it first, with `mlops run`",
    )


def _near_external(query: Query, runs: Sequence[str]) -> str:
    """Return a hint to the first of pipeline, node and output that does not exist."""
    store, arguments = query.store, query.arguments
    if not runs:
        pipelines = {run.pipeline for run in store.list_runs(limit=RUNS)}
        return _near(arguments["pipeline"], pipelines)
    executions = store.executions_of_run(runs[0])
    if arguments["node"] not in (nodes := {execution.node_id for execution in executions}):
        return _near(arguments["node"], nodes)
    ids = [e.id for e in executions if e.node_id == arguments["node"]]
    events = _only(store.events_by_execution(ids), Direction.OUTPUT)
    return _near(arguments["output"], {event.key for event in events})


def _near(wrong: str, known: set[str]) -> str:
    return did_you_mean(wrong, known - {wrong}) if known - {wrong} else ""


def _written_in(query: Query, run_id: str) -> list[ArtifactRecord]:
    store = query.store
    executions = sorted(
        (
            e
            for e in store.executions_of_run(run_id)
            if e.state.succeeded and _is_by(e, query.arguments["pipeline"], query.arguments["node"])
        ),
        key=lambda execution: execution.iteration,
    )
    events = _only(store.events_by_execution(e.id for e in executions), Direction.OUTPUT)
    place = {execution.id: position for position, execution in enumerate(executions)}
    events.sort(key=lambda event: (place[event.execution_id], event.index))
    ids = [event.artifact_id for event in events if event.key == query.arguments["output"]]
    found = {artifact.id: artifact for artifact in store.artifacts(ids)}
    live = [found[i] for i in ids if i in found and found[i].state is ArtifactState.LIVE]
    return live if len(live) == len(ids) else []
