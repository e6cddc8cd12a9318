"""The page of a lineage: what an artifact was made from and what it reaches, as nested lists.

It opens with one step each way and goes on by links, so that its size follows what is asked for.
The graph beside the lists has the same boxes; what is unfolded stands in the address.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection import Lineage, LineageStart, downstream, node_name, upstream
from mlops_pipeline.store import ArtifactRecord, Direction, Event, Execution, MetadataStore
from mlops_pipeline.ui.views.artifact_pages import find_artifact
from mlops_pipeline.ui.views.graphs import GraphEdge, GraphNode, GraphStep, PageGraph, first_boxes
from mlops_pipeline.ui.views.links import GONE, ArtifactLink, address_of, artifact_link
from mlops_pipeline.ui.views.reader import Reader

MOST_STEPS = 8
"""Steps each way that one page goes."""

MOST_ITEMS = 300
"""Items each way that one page lists."""

FOLDED = 6
"""Alike items that are listed in full; of more there are three and a number."""

MORE_AT_A_TIME = 50
"""Alike items that are listed in full when a reader asks for more."""

MOST_OPENED = 40
"""Artifacts that one address unfolds."""

LONGEST_PATH = 64
"""Executions of a path that is looked for."""


@dataclass(frozen=True)
class LineageItem:
    """An artifact or an execution in a lineage, and what follows from it.

    Args:
        kind: `artifact` or `execution`.
        title: type of the artifact, or node of the execution.
        key: the input or output by which it is linked.
        again: whether it stands further up on the page, with what follows.
        more: number of items like it that are left out after it.
        step: unfolds what follows from it, or folds it.
        readers: executions that read it, if it is an artifact.
    """

    kind: str
    id: int
    title: str
    key: str = ""
    state: str = GONE
    run: str = ""
    pipeline: str = ""
    items: tuple[LineageItem, ...] = ()
    again: bool = False
    more: int = 0
    step: GraphStep | None = None
    readers: int = 0


@dataclass(frozen=True)
class LineagePart:
    """The part of a lineage that an address asks for.

    Args:
        up, down: steps each way.
        opened: artifacts from which it goes one step further, as `u12` or `d12`: up or down.
        alike: alike items that are listed in full.
        to: number of an artifact to which a path is looked for.
    """

    up: int = 1
    down: int = 1
    opened: tuple[str, ...] = ()
    alike: int = FOLDED
    to: str = ""


@dataclass(frozen=True)
class LineagePage:
    """The lineage of an artifact.

    Args:
        up, down: steps that the page goes each way.
        made_from, reaches: the first step each way.
        whole_up, whole_down: whether there is nothing further.
        more_href: leads to the page with more of what is alike; empty if it has all it may.
        to: number of the artifact that `path` leads to, and `path` from what was made first.
    """

    of: ArtifactLink
    up: int
    down: int
    made_from: tuple[LineageItem, ...]
    reaches: tuple[LineageItem, ...]
    whole_up: bool
    whole_down: bool
    graph: PageGraph
    more_href: str = ""
    to: str = ""
    path: tuple[LineageItem, ...] = ()
    most_steps: int = MOST_STEPS


OPENING = LineagePart()
"""The part that a lineage opens with."""


def read_lineage_page(reader: Reader, number: str, asked: LineagePart = OPENING) -> LineagePage:
    """Read the lineage of an artifact, as far as it is asked for.

    Raises:
        NotFoundError: there is no such artifact.
    """
    record = find_artifact(reader.store, number)
    up, down = (max(0, min(steps, MOST_STEPS)) for steps in (asked.up, asked.down))
    asked = replace(asked, up=up, down=down, alike=max(1, min(asked.alike, MOST_ITEMS)))
    start = LineageStart(artifacts=(record.id,))
    before = _opened(reader.store, upstream(reader.store, start, levels=up), asked)
    after = _opened(reader.store, downstream(reader.store, start, levels=down), asked)
    events = reader.store.events_by_artifact({*before.artifacts, *after.artifacts})
    made_from, reaches = (
        _Tree(walk, asked.alike, _Steps(record.id, asked, walk.upstream, events)).below_artifact(
            record.id
        )
        for walk in (before, after)
    )
    path = _path(reader.store, record, asked.to) if asked.to else ()
    more = replace(asked, alike=MORE_AT_A_TIME if asked.alike < MORE_AT_A_TIME else MOST_ITEMS)
    more_href = _address(record.id, more) if asked.alike < MOST_ITEMS else ""
    return LineagePage(
        of=artifact_link(record),
        up=up,
        down=down,
        made_from=made_from,
        reaches=reaches,
        whole_up=before.whole,
        whole_down=after.whole,
        graph=_graph(record, (made_from, reaches), path, more_href),
        more_href=more_href,
        to=asked.to,
        path=path,
    )


def read_opened(text: str) -> tuple[str, ...]:
    """Return what an address unfolds, as `u12.d34`.

    Raises:
        ParameterError: it is something else, or too much.
    """
    found = tuple(dict.fromkeys(part for part in text.split(".") if part))
    if len(found) > MOST_OPENED:
        raise ParameterError(
            f"{len(found)} artifacts are unfolded", hint=f"unfold {MOST_OPENED} at most"
        )
    for part in found:
        if part[0] not in "ud" or not (part[1:].isascii() and part[1:].isdecimal()):
            raise ParameterError(f"open is {text[:50]!r}", hint="write it as u12.d34")
        if len(part) > 19:
            raise ParameterError(f"there is no artifact {part[1:50]}", hint="take a smaller number")
    return found


def _address(of: int, asked: LineagePart) -> str:
    """Return the address of a lineage; what is as it is anyway is left out."""
    plain = OPENING
    parts = {"up": asked.up, "down": asked.down, "open": ".".join(asked.opened)}
    parts |= {"alike": asked.alike, "to": asked.to}
    usual = {"up": plain.up, "down": plain.down, "open": "", "alike": plain.alike, "to": ""}
    kept = {name: value for name, value in parts.items() if value != usual[name]}
    return address_of("lineage", id=of, **kept)


def _opened(store: MetadataStore, walk: Lineage, asked: LineagePart) -> Lineage:
    """Return a walk that goes one step further from what is unfolded."""
    side, go = ("u", upstream) if walk.upstream else ("d", downstream)
    ids = tuple(int(each[1:]) for each in asked.opened if each[0] == side)
    if not ids:
        return walk
    further = go(store, LineageStart(artifacts=ids), levels=1)
    return replace(
        walk,
        artifacts={**walk.artifacts, **further.artifacts},
        executions={**walk.executions, **further.executions},
        events=tuple(dict.fromkeys((*walk.events, *further.events))),
    )


class _Steps:
    """Links that unfold artifacts of one side of a lineage, or fold them."""

    def __init__(self, of: int, asked: LineagePart, up: bool, events: Sequence[Event]) -> None:
        self._of = of
        self._asked = asked
        self._up = up
        self._counts: dict[Direction, dict[int, set[int]]] = {each: {} for each in Direction}
        for event in events:
            found = self._counts[event.direction].setdefault(event.artifact_id, set())
            found.add(event.execution_id)

    def readers(self, artifact: int) -> int:
        """Return the number of executions that read an artifact."""
        return len(self._counts[Direction.INPUT].get(artifact, ()))

    def of(self, artifact: int, unfolded: bool) -> GraphStep | None:
        """Return the link of an artifact; None where there is nothing to unfold or fold."""
        token = f"{'u' if self._up else 'd'}{artifact}"
        opened = self._asked.opened
        if token in opened:
            rest = tuple(each for each in opened if each != token)
            return GraphStep("fold", _address(self._of, replace(self._asked, opened=rest)))
        direction = Direction.OUTPUT if self._up else Direction.INPUT
        count = len(self._counts[direction].get(artifact, ()))
        if unfolded or not count or len(opened) >= MOST_OPENED:
            return None
        label = "made from ..." if self._up else f"read by {count:,} ..."
        more = replace(self._asked, opened=(*opened, token))
        return GraphStep(label, _address(self._of, more))


def _path(store: MetadataStore, record: ArtifactRecord, to: str) -> tuple[LineageItem, ...]:
    """Return the shortest path between two artifacts, from what was made first; or nothing.

    Raises:
        NotFoundError: there is no such artifact.
    """
    goal = find_artifact(store, to)
    for last, first in ((record.id, goal.id), (goal.id, record.id)):
        walk = upstream(store, LineageStart(artifacts=(last,)), levels=LONGEST_PATH)
        if first in walk.artifacts:
            return _Tree(walk, 1, _Steps(last, OPENING, True, ())).path(last, first)
    return ()


def _graph(
    record: ArtifactRecord,
    sides: tuple[Sequence[LineageItem], Sequence[LineageItem]],
    path: Sequence[LineageItem],
    more_href: str,
) -> PageGraph:
    """Return the items of both sides, and of a path, as boxes."""
    of = LineageItem("artifact", record.id, record.type, state=str(record.state))
    on_path = {_box_name(item) for item in path}
    boxes = {_box_name(of): replace(_box(of), chosen=True)}
    edges: dict[GraphEdge, None] = {}

    def add(item: LineageItem, parent: str, up: bool) -> None:
        name = _box_name(item)
        known = boxes.get(name)
        if known is None or (item.step and not known.steps):
            boxes[name] = replace(
                _box(item), chosen=name in on_path or bool(known and known.chosen)
            )
        edges[GraphEdge(name, parent) if up else GraphEdge(parent, name)] = None
        for each in item.items:
            add(each, name, up)
        if item.more:
            rest = f"{name} more"
            title = f"{item.title.partition('[')[0]} × {item.more:,} more"  # noqa: RUF001
            boxes[rest] = GraphNode(rest, title, item.kind, href=more_href, note="folded")
            edges[GraphEdge(rest, parent) if up else GraphEdge(parent, rest)] = None

    for items, up in zip(sides, (True, False), strict=True):
        for item in items:
            add(item, _box_name(of), up)
    for item in path:
        boxes.setdefault(_box_name(item), replace(_box(item), chosen=True))
    for earlier, later in itertools.pairwise(path):
        edges[GraphEdge(_box_name(earlier), _box_name(later))] = None
    return first_boxes(boxes, edges)


def _box_name(item: LineageItem) -> str:
    return f"{item.kind[0]}{item.id}"


def _box(item: LineageItem) -> GraphNode:
    steps = (item.step,) if item.step else ()
    if item.kind == "artifact":
        note = f"read by {item.readers:,}" if item.readers > 1 else ""
        state = "" if item.state == "LIVE" else item.state
        href = address_of("lineage", id=item.id)
        label = f"{item.title} #{item.id}"
        return GraphNode(_box_name(item), label, item.kind, state, href, note, steps=steps)
    state = "" if item.state == "COMPLETE" else item.state
    href = address_of("node", run=item.run, name=item.title) if item.run else ""
    note = f"run {item.run}" if item.run else ""
    return GraphNode(_box_name(item), item.title, item.kind, state, href, note, steps=steps)


class _Tree:
    """The items of one walk, of which each is unfolded once."""

    def __init__(self, walk: Lineage, alike: int, steps: _Steps) -> None:
        self._walk = walk
        self._alike = alike
        self._steps = steps
        self._from_artifact: Mapping[int, list[Event]] = defaultdict(list)
        self._from_execution: Mapping[int, list[Event]] = defaultdict(list)
        leave = Direction.INPUT if walk.upstream else Direction.OUTPUT
        for event in sorted(walk.events, key=lambda e: (e.execution_id, e.key, e.index)):
            if event.direction is leave:
                self._from_execution[event.execution_id].append(event)
            else:
                self._from_artifact[event.artifact_id].append(event)
        self._seen: set[tuple[str, int]] = set()
        self._left = MOST_ITEMS

    def below_artifact(self, artifact: int) -> tuple[LineageItem, ...]:
        """Return the executions that an artifact leads to."""
        events = {e.execution_id: e for e in reversed(self._from_artifact.get(artifact, ()))}
        newest_first = sorted(events.values(), key=lambda event: -event.execution_id)
        items = [self._execution(event) for event in newest_first]
        return self._unfolded(_folded(items, self._alike))

    def _below_execution(self, execution: int) -> tuple[LineageItem, ...]:
        items = [self._artifact(event) for event in self._from_execution.get(execution, ())]
        return self._unfolded(_folded(items, self._alike))

    def _unfolded(self, items: Sequence[LineageItem]) -> tuple[LineageItem, ...]:
        found: list[LineageItem] = []
        for item in items:
            if self._left <= 0:
                rest = len(items) - len(found)
                return (*found[:-1], replace(found[-1], more=rest)) if found else ()
            self._left -= 1
            name = (item.kind, item.id)
            again = name in self._seen
            self._seen.add(name)
            below = self.below_artifact if item.kind == "artifact" else self._below_execution
            item = replace(item, again=again, items=() if again else below(item.id))
            if item.kind == "artifact":
                step = None if again else self._steps.of(item.id, bool(item.items))
                item = replace(item, step=step, readers=self._steps.readers(item.id))
            found.append(item)
        return tuple(found)

    def path(self, start: int, goal: int) -> tuple[LineageItem, ...]:
        """Return the shortest way from one artifact to another, the goal first."""
        came: dict[int, tuple[Event, Event]] = {}
        level = [start]
        while level and goal not in came:
            found = [
                (after, into, out)
                for artifact in level
                for into in self._from_artifact.get(artifact, ())
                for out in self._from_execution.get(into.execution_id, ())
                for after in (out.artifact_id,)
                if after not in came and after != start
            ]
            level = []
            for after, into, out in found:
                if after not in came:
                    came[after] = (into, out)
                    level.append(after)
        return tuple(self._way(start, goal, came))

    def _way(
        self, start: int, goal: int, came: Mapping[int, tuple[Event, Event]]
    ) -> Iterator[LineageItem]:
        at = goal
        while at != start:
            into, out = came[at]
            yield self._artifact(out)
            yield self._execution(into)
            at = into.artifact_id
        yield self._artifact(Event(0, start, Direction.OUTPUT, "", 0))

    def _execution(self, event: Event) -> LineageItem:
        execution: Execution | None = self._walk.executions.get(event.execution_id)
        if execution is None:
            return LineageItem("execution", event.execution_id, "execution", event.key)
        return LineageItem(
            kind="execution",
            id=execution.id,
            title=node_name(execution),
            key=event.key,
            state=execution.state.value,
            run=execution.run_id,
            pipeline=execution.pipeline,
        )

    def _artifact(self, event: Event) -> LineageItem:
        record: ArtifactRecord | None = self._walk.artifacts.get(event.artifact_id)
        if record is None:
            return LineageItem("artifact", event.artifact_id, "artifact", event.key)
        return LineageItem("artifact", record.id, record.type, event.key, str(record.state))


def _folded(items: Sequence[LineageItem], most: int) -> list[LineageItem]:
    """Return items, of which many alike are cut to a few and a number."""
    alike: dict[tuple[str, str, str], list[LineageItem]] = defaultdict(list)
    for item in items:
        title = item.title.partition("[")[0]
        name = item.pipeline if item.kind == "execution" else item.key
        alike[item.kind, name, title].append(item)
    found: list[LineageItem] = []
    for members in alike.values():
        kept = 3 if most <= FOLDED else most
        if len(members) <= max(most, kept):
            found += members
        else:
            last = replace(members[kept - 1], more=len(members) - kept)
            found += [*members[: kept - 1], last]
    return found
