"""Marks: tags and notes that people give to runs and artifacts, with who and when.

Each is a record of its own that is only ever added, so that two people who mark the same thing at
once lose nothing, and the history stays.
"""

from __future__ import annotations

import getpass
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.store.protocol import MetadataStore
from mlops_pipeline.store.records import Execution, State

MARK = "mlops_pipeline.mark"
"""The component of the executions that keep marks."""

TAG_ADDED, TAG_REMOVED, NOTE = "tag", "untag", "note"

_KINDS = (TAG_ADDED, TAG_REMOVED, NOTE)
_TAG = re.compile(
    r"[^\s,\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]{1,64}"
)
_LONGEST = 10_000
_MOST = 1000
_LAST_TIME = 253_402_300_000
_ALL = 1_000_000


@dataclass(frozen=True)
class Mark:
    """A tag that was given or taken away, or a note.

    Args:
        of: what it is about: `run:ID` or `artifact:12`.
        kind: `tag`, `untag` or `note`.
        by: who has made it.
        at: seconds since 1970.
    """

    of: str
    kind: str
    text: str
    by: str = ""
    at: float = 0.0


def run_target(run_id: str) -> str:
    """Return what marks call a run."""
    return f"run:{run_id}"


def artifact_target(artifact_id: int) -> str:
    """Return what marks call an artifact."""
    return f"artifact:{artifact_id}"


def put_mark(store: MetadataStore, of: str, kind: str, text: str, by: str = "") -> Mark:
    """Record a mark.

    Args:
        by: who makes it; the user of this process if left out.

    Raises:
        ParameterError: the text is no tag, or too long for a note.
    """
    if kind not in _KINDS:
        raise ParameterError(f"{kind!r} is no kind of mark", hint=f"use one of {', '.join(_KINDS)}")
    if kind != NOTE and not _TAG.fullmatch(text):
        raise ParameterError(
            f"{text!r} is no tag",
            hint="a tag has up to 64 characters, without spaces and commas",
        )
    if kind == NOTE and not 0 < len(text.strip()) <= len(text) <= _LONGEST:
        raise ParameterError(
            f"a note has 1 to {_LONGEST} characters; this one has {len(text)}",
            hint="write less, and keep the rest in a file",
        )
    by = by or _user()
    text = text.encode("utf-8", "replace").decode()
    now = time.time()
    execution = Execution(
        component=MARK,
        pipeline="",
        run_id="",
        node_id=of,
        state=State.COMPLETE,
        reason=f"{kind} by {by}",
        started=now,
        finished=now,
        properties={"kind": kind, "text": text, "by": by},
    )
    store.put_execution(execution)
    return Mark(of, kind, text, by, now)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "somebody"


def read_marks(store: MetadataStore, of: str) -> list[Mark]:
    """Return the marks of a run or an artifact, oldest first."""
    found = store.recent_executions(MARK, node=f".{of}", limit=_MOST)
    return marks_in(found[::-1])


def all_marks(store: MetadataStore) -> dict[str, list[Mark]]:
    """Return all marks, oldest first, by what they are about."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks_in(store.recent_executions(MARK, limit=_ALL)[::-1]):
        found[mark.of].append(mark)
    return dict(found)


def marks_in(executions: Iterable[Execution]) -> list[Mark]:
    """Return the marks that executions keep; what is none, or damaged, is left out."""
    found = []
    for each in executions:
        said = each.properties
        if each.component != MARK or each.damage or said.get("kind") not in _KINDS:
            continue
        text, by = str(said.get("text", "")), str(said.get("by", ""))
        at = each.started if 0 <= each.started < _LAST_TIME else 0.0
        found.append(Mark(each.node_id, str(said["kind"]), text, by, at))
    return found


def tags_of(marks: Iterable[Mark]) -> tuple[str, ...]:
    """Return the tags that hold, in the order in which they were given."""
    tags: dict[str, None] = {}
    for mark in marks:
        if mark.kind == TAG_ADDED:
            tags[mark.text] = None
        elif mark.kind == TAG_REMOVED:
            tags.pop(mark.text, None)
    return tuple(tags)


def notes_of(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Return the notes, oldest first."""
    return tuple(mark for mark in marks if mark.kind == NOTE)


def tagged_targets(executions: Mapping[int, Execution]) -> set[str]:
    """Return what has a tag, of all executions of a store."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for number in sorted(executions):
        for mark in marks_in([executions[number]]):
            found[mark.of].append(mark)
    return {of for of, marks in found.items() if tags_of(marks)}
