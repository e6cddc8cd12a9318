"""The plan of a removal: what goes, by place, what it costs, and what nobody owns.

An artifact goes with its place, the folder of one output of one execution, and only where all
artifacts in that place go. The places are listed before the store is read, so that whatever an
execution publishes meanwhile has its execution in what is read.
"""

from __future__ import annotations

import getpass
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.retention.choice import SILENT, Graph, choose_kept, find_ended
from mlops_pipeline.retention.costs import LostCache, LostLineage, lost_cache, lost_lineage
from mlops_pipeline.retention.policy import Policy
from mlops_pipeline.roots import STAGING, Places, open_places, place_by_tail
from mlops_pipeline.run_state import found_below, host
from mlops_pipeline.store import (
    DELETION,
    ArtifactRecord,
    Contents,
    Doomed,
    Ended,
    Execution,
    Seen,
    State,
    read_contents,
)

STAGED = "/.staging/"
"""Part of a place in which an execution puts what is not published yet."""

SHARED = "in one folder with what is kept"


@dataclass(frozen=True)
class Going:
    """Artifacts in one place, which go."""

    place: str
    artifacts: tuple[ArtifactRecord, ...]
    pipeline: str
    node: str
    run: str
    size: int
    files: int


@dataclass(frozen=True)
class Orphan:
    """A place that no record of the store owns.

    Args:
        ours: an execution of this store has written it, and has ended.
    """

    place: str
    size: int
    files: int
    ours: bool


@dataclass(frozen=True)
class GcPlan:
    """All that a removal would do.

    Args:
        unfinished: artifacts that an earlier removal has marked, and whose files may be there.
        kept: numbers of artifacts that stay, by reason.
        elsewhere: number of live artifacts that are not below the root, and stay.
    """

    going: Sequence[Going] = ()
    orphans: Sequence[Orphan] = ()
    unfinished: Mapping[int, str] = field(default_factory=dict)
    lineage: Sequence[LostLineage] = ()
    cache: Sequence[LostCache] = ()
    kept: Mapping[str, int] = field(default_factory=dict)
    elsewhere: int = 0
    damaged: Sequence[str] = ()
    seen: Mapping[int, Seen] = field(default_factory=dict)
    ended: Ended = field(default_factory=Ended)

    @property
    def size(self) -> int:
        """Bytes that go with artifacts."""
        return sum(each.size for each in self.going)

    def doomed(self, going: Iterable[Going]) -> list[Doomed]:
        """Return what is to be marked, with the note that stays."""
        return [
            Doomed(
                each.place,
                {record.id: self.seen[record.id] for record in each.artifacts},
                deletion_note(each),
            )
            for each in going
        ]


def deletion_note(going: Going) -> dict[str, Any]:
    """Return what stays of a place: when, why and by whom it went, and its size."""
    return {
        "at": time.time(),
        "by": f"{_user()}@{host()}",
        "why": "the retention policy keeps it no longer",
        "size": going.size,
        "files": going.files,
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"


def plan_gc(url: str, root: str, policy: Policy) -> GcPlan:
    """Find what goes by a policy, and what that costs; changes nothing.

    Args:
        url: of the store, which is read by itself.
        root: folder or URL below which artifacts are kept.

    Raises:
        StoreError: the store cannot be read, or is not in a database.
        RootError: the root cannot be reached.
    """
    places = open_places(root)
    listed = [*places.outputs(), *places.staged()]
    contents = read_contents(url)
    graph = Graph(contents)
    ended = find_ended(graph, time.time())
    where = _where(contents, places, root)
    reasons = choose_kept(graph, policy, ended)
    going, reasons = _going(graph, places, where, reasons)
    ids = {record.id for each in going for record in each.artifacts}
    needed = {p for a in contents.artifacts.values() if DELETION not in a.notes for p in _all(a)}
    marked = {each: where.get(each, "") for each in sorted(contents.marked)}
    unfinished = {i: p if p and _owner(graph, p, [i]) else "" for i, p in marked.items()}
    alive = [a for a in contents.artifacts.values() if a.uri and DELETION not in a.notes]
    return GcPlan(
        going,
        _orphans(contents, places, listed, ended),
        {each: place if place not in needed else "" for each, place in unfinished.items()},
        lost_lineage(graph, ids),
        lost_cache(graph, ids),
        Counter(reasons[a.id] for a in alive if where.get(a.id) and a.id in reasons),
        sum(not where.get(a.id) for a in alive),
        contents.damaged,
        contents.seen,
        ended,
    )


def _all(record: ArtifactRecord) -> tuple[str, ...]:
    return place_by_tail(record.uri)


def _where(contents: Contents, places: Places, root: str) -> dict[int, str]:
    """Return the place of each artifact that is in one."""
    found = {
        record.id: places.place_of(found_below(root, record.uri))
        for record in contents.artifacts.values()
        if record.uri and "\0" not in record.uri
    }
    return {each: place for each, place in found.items() if place}


def _going(
    graph: Graph, places: Places, where: Mapping[int, str], reasons: Mapping[int, str]
) -> tuple[list[Going], dict[int, str]]:
    """Return what goes, and the reasons of all that stays."""
    artifacts, reasons = graph.contents.artifacts, dict(reasons)
    owned: dict[str, set[int]] = defaultdict(set)
    for record in artifacts.values():
        if DELETION not in record.notes:
            for place in {where.get(record.id, ""), *place_by_tail(record.uri)} - {""}:
                owned[place].add(record.id)
    found = []
    for place, ids in sorted(owned.items()):
        here = {each for each in ids if where.get(each) == place}
        if here != ids or not reasons.keys().isdisjoint(ids):
            reasons.update((each, SHARED) for each in here if each not in reasons)
            continue
        measured = places.measure(place)
        maker = _owner(graph, place, ids)
        if not (measured.files or measured.newest) or maker is None:
            reasons.update((each, "without files of its own") for each in here)
            continue
        records = tuple(artifacts[each] for each in sorted(ids))
        going = (maker.pipeline, maker.node_id, maker.run_id, measured.size, measured.files)
        found.append(Going(place, records, *going))
    return found, reasons


def _owner(graph: Graph, place: str, ids: Iterable[int]) -> Execution | None:
    """Return the execution that has published a place, which its name tells.

    What somebody has imported, or a store that was handed over only claims, has none.
    """
    pipeline, node, _, name = place.split("/")
    number, _, nonce = name.partition("-")
    for maker in filter(None, map(graph.makers.get, sorted(ids))):
        its_name = (maker.pipeline, maker.node_id, str(maker.id))
        if its_name == (pipeline, node, number) and nonce in ("", maker.properties.get(STAGING)):
            return maker
    return None


def _orphans(
    contents: Contents, places: Places, listed: Iterable[str], ended: Ended
) -> list[Orphan]:
    """Return the listed places that no record owns, and that nothing which runs is writing."""
    owned = {p for record in contents.artifacts.values() for p in place_by_tail(record.uri)}
    owned |= {places.place_of(record.uri) for record in contents.artifacts.values()}
    found = []
    for place in sorted(set(listed) - owned):
        name = place.rpartition("/")[2].removesuffix(".moving")
        number, _, nonce = name.partition("-")
        execution = contents.executions.get(int(number))
        ours = execution is not None and nonce == execution.properties.get(STAGING)
        runs = execution is not None and execution.state is State.RUNNING
        if runs and int(number) not in ended.executions:
            continue
        measured = places.measure(place)
        # It may be of another store, whose runs go on; some object stores tell no times.
        if not ours and time.time() - (measured.newest or time.time()) < SILENT:
            continue
        found.append(Orphan(place, measured.size, measured.files, ours))
    return found
