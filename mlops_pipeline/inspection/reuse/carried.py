"""Earlier state that runs used: warm starts, analyzer caches, champions, and how deep they go."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_pipeline.inspection.comparison import Link, read_records
from mlops_pipeline.store import ArtifactRecord, Direction, MetadataStore, State

NEWEST = 20
"""Newest runs whose state is read."""

DEEPEST = 100
"""Steps up to which a chain of state is followed."""

_KINDS = {
    "Model": "warm start",
    "TransformCache": "analyzer cache",
    "ModelBlessing": "verdict",
    "Examples": "earlier data",
    "Schema": "earlier schema",
}


@dataclass(frozen=True)
class CarriedState:
    """State of an earlier run that a node used.

    Args:
        kind: `warm start`, `champion`, `analyzer cache`...
        maker: the run that made it.
        depth: how many artifacts of its type were each made of the next; 1 for one that began.
    """

    run: str
    node: str
    kind: str
    input: str
    artifact: int
    type: str
    maker: str
    depth: int
    is_whole: bool = True


def read_carried(
    store: MetadataStore, pipeline: str = "", lease: float = 60.0
) -> tuple[CarriedState, ...]:
    """Return the earlier state that the newest runs used, newest run first."""
    runs = store.list_runs(pipeline=pipeline, limit=NEWEST)
    depths: dict[int, int] = {}
    found = []
    for record in read_records(store, runs, lease):
        for node in record.nodes.values():
            written = {link.artifact.id for link in node.outputs}
            for link in node.inputs:
                if not link.maker or link.artifact.id in written or link.key.startswith("_"):
                    continue
                depth = _depth(store, link.artifact, depths)
                found.append(_state(record.run.id, node.name, link, depth))
    return tuple(found)


def _state(run: str, node: str, link: Link, depth: int) -> CarriedState:
    record = link.artifact
    kind = _KINDS.get(record.type, "earlier result")
    if "baseline" in link.key or "champion" in link.key:
        kind = "champion"
    return CarriedState(
        run, node, kind, link.key, record.id, record.type, link.maker, depth, depth < DEEPEST
    )


def _depth(store: MetadataStore, start: ArtifactRecord, known: dict[int, int]) -> int:
    """Return how many artifacts of a type were each made of the next, this one among them."""
    chain: list[int] = []
    at: int | None = start.id
    while at is not None and at not in known and at not in chain and len(chain) < DEEPEST:
        chain.append(at)
        at = _made_of(store, at, start.type)
    below = known.get(at, 0) if at is not None else 0
    for number, each in enumerate(reversed(chain), 1):
        known[each] = min(DEEPEST, below + number)
    return known[start.id]


def _made_of(store: MetadataStore, artifact: int, kind: str) -> int | None:
    """Return an artifact of the same type that an artifact was made of."""
    events = store.events_by_artifact([artifact])
    writers = {e.execution_id for e in events if e.direction is Direction.OUTPUT}
    real = [e.id for e in store.executions(writers) if e.state is State.COMPLETE]
    if not real:
        return None
    read = [
        event.artifact_id
        for event in store.events_by_execution([min(real)])
        if event.direction is Direction.INPUT and not event.key.startswith(("_", "baseline"))
    ]
    found = [r.id for r in store.artifacts(read) if r.type == kind and r.id != artifact]
    return max(found, default=None)
