"""Search: runs and artifacts by conditions on what is recorded of them, tags, notes, and bytes."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.roots import digest_path
from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Mark,
    MetadataStore,
    Run,
    State,
    artifact_target,
    notes_of,
    run_target,
    tags_of,
)

_CONDITION = re.compile(r"\s*([\w.\-]{1,200})\s*(<=|>=|!=|==|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
_ALL = 1_000_000
_CHUNK = 500
_GAP = 20
"""Chunks of ids without an artifact after which there are no more."""
_FILES = 200_000
"""Most files that are looked at for one that lies inside an artifact."""


@dataclass(frozen=True)
class Condition:
    """A condition, such as `rate >= 0.1`.

    Args:
        operator: `=`, `!=`, `<`, `<=`, `>`, `>=`, or `~` for a text that holds another one.
    """

    name: str
    operator: str
    value: str

    def holds(self, found: Any) -> bool:
        """Return True if it holds for a value; one that is not there fulfils only `!=`."""
        if found is None:
            return self.operator == "!="
        if isinstance(found, Mapping | list | tuple | set):
            return (
                any(map(self.holds, found))
                if self.operator != "!="
                else all(map(self.holds, found))
            )
        if self.operator == "~":
            return self.value.casefold() in str(found).casefold()
        sides = _as_numbers(found, self.value)
        if sides is None:
            if self.operator not in ("=", "!="):
                return False
            return (_text(found) == self.value.casefold()) == (self.operator == "=")
        return _COMPARE[self.operator](*sides)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _text(value: Any) -> str:
    return str(value).casefold()


def _as_numbers(found: Any, wanted: str) -> tuple[float, float] | None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        number = float(wanted)
        return (float(found), number) if not math.isnan(number) else None
    except (ValueError, OverflowError):
        return None


def parse_condition(text: str) -> Condition:
    """Return the condition of a text: `NAME = VALUE`, or with `!=`, `<`, `<=`, `>`, `>=`, `~`.

    Raises:
        ParameterError: it is none.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ParameterError(
            f"{text[:100]!r} is no condition",
            hint="write it as 'rate >= 0.1', 'pipeline = penguin' or 'auc > 0.9'",
        )
    operator = "=" if match[2] == "==" else match[2]
    return Condition(match[1], operator, match[3])


@dataclass(frozen=True)
class Wanted:
    """What is searched for; all of it has to hold.

    Args:
        tags: each of them.
        note: a text that a note holds.
        since: seconds since 1970.
    """

    conditions: tuple[Condition, ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""
    since: float = 0.0

    def marks_hold(self, marks: Sequence[Mark]) -> bool:
        """Return True if tags and notes are those that are searched for."""
        if not set(self.tags) <= set(tags_of(marks)):
            return False
        notes = (mark.text.casefold() for mark in notes_of(marks))
        return not self.note or any(self.note.casefold() in text for text in notes)


Metrics = Callable[[Run], Mapping[str, Any]]
Marks = Mapping[str, Sequence[Mark]]


def search_runs(
    store: MetadataStore, wanted: Wanted, marks: Marks, metrics: Metrics
) -> Iterator[Run]:
    """Yield the runs that are searched for, newest first.

    A name is a fact of the run (`id`, `pipeline`, `state`, `seconds`, `base_run`), one of its
    parameters, or a metric of its evaluation; `parameter.NAME` and `metric.NAME` say which.

    Args:
        marks: all of the store.
        metrics: reads the metrics of a run, by name; called where nothing else has decided.
    """
    for run in store.list_runs(limit=_ALL):
        if run.started < wanted.since or not wanted.marks_hold(marks.get(run_target(run.id), ())):
            continue
        if _run_holds(run, wanted.conditions, metrics):
            yield run


def _run_holds(run: Run, conditions: Sequence[Condition], metrics: Metrics) -> bool:
    later = []
    facts = {
        "id": run.id,
        "pipeline": run.pipeline,
        "state": run.state.value,
        "base_run": run.base_run,
        "seconds": max(0.0, run.finished - run.started) if run.finished else None,
    }
    for condition in conditions:
        kind, _, rest = condition.name.partition(".")
        if kind == "metric" and rest:
            later.append((condition, rest))
        elif kind == "parameter" and rest:
            if not condition.holds(run.parameters.get(rest)):
                return False
        elif condition.name in facts or condition.name in run.parameters:
            if not condition.holds(facts.get(condition.name, run.parameters.get(condition.name))):
                return False
        else:
            later.append((condition, condition.name))
    found = metrics(run) if later else {}
    return all(condition.holds(found.get(name)) for condition, name in later)


def search_artifacts(
    store: MetadataStore, kind: str, wanted: Wanted, marks: Marks
) -> Iterator[ArtifactRecord]:
    """Yield the artifacts of a type that are searched for, newest first, by their properties."""
    for record in store.artifacts_by_type(kind, limit=_ALL):
        said = marks.get(artifact_target(record.id), ())
        if record.created < wanted.since or not wanted.marks_hold(said):
            continue
        facts = {
            "id": record.id,
            "state": record.state.value,
            "digest": record.digest,
            "uri": record.uri,
            "name": record.name,
        }
        values = {**record.properties, **facts}
        if all(each.holds(values.get(each.name)) for each in wanted.conditions):
            yield record


@dataclass(frozen=True)
class SameBytes:
    """An artifact that has the bytes of a file or folder.

    Args:
        inside: the file in it that has them; empty for the artifact as a whole.
        run, node: what made it; empty if the store does not know.
    """

    artifact: ArtifactRecord
    inside: str = ""
    run: str = ""
    node: str = ""


def search_bytes(store: MetadataStore, path: Path) -> list[SameBytes]:
    """Return the artifacts that have the bytes of a file or folder, oldest first.

    A file is also looked for inside the folders of artifacts, where none is such a file itself.

    Raises:
        NotFoundError: nothing is there, or it cannot be read.
    """
    digest = digest_path(path)
    found = [(record, "") for record in _all_artifacts(store) if record.digest == digest]
    if not found and path.is_file():
        size = path.stat().st_size
        found = list(_inside(store, digest, size))
    return [SameBytes(record, inside, *_maker(store, record)) for record, inside in found]


def _all_artifacts(store: MetadataStore) -> Iterator[ArtifactRecord]:
    first, empty = 1, 0
    while empty < _GAP:
        records = store.artifacts(range(first, first + _CHUNK))
        empty = 0 if records else empty + 1
        first += _CHUNK
        yield from records


def _inside(store: MetadataStore, digest: str, size: int) -> Iterator[tuple[ArtifactRecord, str]]:
    left = _FILES
    for record in _all_artifacts(store):
        if not record.uri.startswith("/") or "\0" in record.uri:
            continue
        for folder, _, names in os.walk(record.uri):
            for name in names:
                left -= 1
                if left < 0:
                    return
                file = Path(folder, name)
                if _has(file, digest, size):
                    yield record, str(file.relative_to(record.uri))


def _has(file: Path, digest: str, size: int) -> bool:
    try:
        return file.stat().st_size == size and digest_path(file) == digest
    except (OSError, NotFoundError):
        return False


def _maker(store: MetadataStore, record: ArtifactRecord) -> tuple[str, str]:
    events = store.events_by_artifact([record.id])
    ids = {event.execution_id for event in events if event.direction is Direction.OUTPUT}
    found = store.executions(ids)
    complete = [each for each in found if each.state is State.COMPLETE] or found
    return (complete[0].run_id, complete[0].node_id) if complete else ("", "")
