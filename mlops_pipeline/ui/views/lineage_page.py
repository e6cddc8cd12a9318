"""The page of a lineage: what an artifact was made from and what it reaches, as nested lists.

It opens with one step each way and goes on by links, so that its size follows what is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlops_pipeline.inspection import Lineage, LineageStart, downstream, node_name, upstream
from mlops_pipeline.store import ArtifactRecord, Direction, Event, Execution
from mlops_pipeline.ui.views.artifact_pages import find_artifact
from mlops_pipeline.ui.views.links import GONE, ArtifactLink, artifact_link
from mlops_pipeline.ui.views.reader import Reader

MOST_STEPS = 8
"""Steps each way that one page goes."""

MOST_ITEMS = 300
"""Items each way that one page lists."""

FOLDED = 6
"""Alike items that are listed in full; of more there are three and a number."""


@dataclass(frozen=True)
class LineageItem:
    """An artifact or an execution in a lineage, and what follows from it.

    Args:
        kind: `artifact` or `execution`.
        title: type of the artifact, or node of the execution.
        key: the input or output by which it is linked.
        again: whether it stands further up on the page, with what follows.
        more: number of items like it that are left out after it.
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


@dataclass(frozen=True)
class LineagePage:
    """The lineage of an artifact.

    Args:
        up, down: steps that the page goes each way.
        made_from, reaches: the first step each way.
        whole_up, whole_down: whether there is nothing further.
    """

    of: ArtifactLink
    up: int
    down: int
    made_from: tuple[LineageItem, ...]
    reaches: tuple[LineageItem, ...]
    whole_up: bool
    whole_down: bool
    most_steps: int = MOST_STEPS


def read_lineage_page(reader: Reader, number: str, up: int = 1, down: int = 1) -> LineagePage:
    """Read the lineage of an artifact, some steps each way.

    Raises:
        NotFoundError: there is no such artifact.
    """
    record = find_artifact(reader.store, number)
    start = LineageStart(artifacts=(record.id,))
    up, down = (max(0, min(steps, MOST_STEPS)) for steps in (up, down))
    before = upstream(reader.store, start, levels=up)
    after = downstream(reader.store, start, levels=down)
    return LineagePage(
        of=artifact_link(record),
        up=up,
        down=down,
        made_from=_Tree(before).below_artifact(record.id),
        reaches=_Tree(after).below_artifact(record.id),
        whole_up=before.whole,
        whole_down=after.whole,
    )


class _Tree:
    """The items of one walk, of which each is unfolded once."""

    def __init__(self, walk: Lineage) -> None:
        self._walk = walk
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
        return self._unfolded(_folded(items))

    def _below_execution(self, execution: int) -> tuple[LineageItem, ...]:
        items = [self._artifact(event) for event in self._from_execution.get(execution, ())]
        return self._unfolded(_folded(items))

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
            found.append(replace(item, again=again, items=() if again else below(item.id)))
        return tuple(found)

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


def _folded(items: Sequence[LineageItem]) -> list[LineageItem]:
    """Return items, of which many alike are cut to three and a number."""
    alike: dict[tuple[str, str, str], list[LineageItem]] = defaultdict(list)
    for item in items:
        title = item.title.partition("[")[0]
        name = item.pipeline if item.kind == "execution" else item.key
        alike[item.kind, name, title].append(item)
    found: list[LineageItem] = []
    for members in alike.values():
        if len(members) <= FOLDED:
            found += members
        else:
            found += [*members[:2], replace(members[2], more=len(members) - 3)]
    return found
