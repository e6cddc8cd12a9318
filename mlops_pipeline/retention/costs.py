"""The costs of a removal: lineage that is left without files, and lost results of the cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from mlops_pipeline.retention.choice import Graph
from mlops_pipeline.store import ArtifactState, Execution, State


@dataclass(frozen=True)
class LostLineage:
    """An artifact that stays, and what it was made of that goes."""

    artifact: int
    type: str
    run: str
    sources: tuple[int, ...]


@dataclass(frozen=True)
class LostCache:
    """Results of a node that can no longer be reused.

    Args:
        results: number of executions with a key of their own.
        seconds: how long they took.
    """

    pipeline: str
    node: str
    results: int
    seconds: float


def lost_lineage(graph: Graph, going: Collection[int]) -> list[LostLineage]:
    """Return the live artifacts that stay, and whose sources go."""
    found = []
    for record in graph.contents.artifacts.values():
        maker = graph.makers.get(record.id)
        if maker is None or record.id in going or record.state is not ArtifactState.LIVE:
            continue
        sources = tuple(sorted(graph.read.get(maker.id, set()).intersection(going)))
        if sources:
            found.append(LostLineage(record.id, record.type, maker.run_id, sources))
    return found


def lost_cache(graph: Graph, going: Collection[int]) -> list[LostCache]:
    """Return the results that a run could reuse today, and not after the removal, by node."""
    artifacts = graph.contents.artifacts
    lost: dict[tuple[str, str], list[Execution]] = defaultdict(list)
    for each in graph.contents.executions.values():
        outputs = graph.written.get(each.id, set())
        if not each.cache_key or each.state is not State.COMPLETE or not outputs & set(going):
            continue
        if all(i in artifacts and artifacts[i].state is ArtifactState.LIVE for i in outputs):
            lost[each.pipeline, each.node_id].append(each)
    return [
        LostCache(pipeline, node, len({e.cache_key for e in found}), sum(map(_seconds, found)))
        for (pipeline, node), found in sorted(lost.items())
    ]


def _seconds(execution: Execution) -> float:
    return max(0.0, execution.finished - execution.started) if execution.started else 0.0
