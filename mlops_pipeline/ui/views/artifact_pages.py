"""The page of an artifact, and that of one of its files."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Event,
    Execution,
    Mark,
    MetadataStore,
    State,
    artifact_target,
    notes_of,
    read_marks,
    tags_of,
)
from mlops_pipeline.ui.views.files import SHOWN, FileList, list_files, read_file
from mlops_pipeline.ui.views.links import ExecutionLink, execution_link
from mlops_pipeline.ui.views.plain_values import finite
from mlops_pipeline.ui.views.reader import Reader
from mlops_pipeline.ui.views.tables import FactTable, tables_of

MOST_LINKS = 50
"""Readers of an artifact that a page lists."""

IMAGES = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""Images that a browser draws without running anything in them."""

WEB_PAGES = (".htm", ".html", ".svg")
"""Files that may hold scripts: shown in a frame that runs none."""


@dataclass(frozen=True)
class ArtifactPage:
    """An artifact.

    Args:
        made_by: the execution that wrote it; None if the store has none.
        reused_by: how many further executions have it as an output, as from the cache.
        read_by: the newest executions that read it; `readers` is the number of all.
        tags, notes: what people have marked it with; the notes oldest first.
    """

    id: int
    type: str
    name: str
    state: str
    uri: str
    digest: str
    created: float
    properties: Mapping[str, Any]
    made_by: ExecutionLink | None
    reused_by: int
    read_by: tuple[ExecutionLink, ...]
    readers: int
    tables: tuple[FactTable, ...]
    files: FileList
    tags: tuple[str, ...] = ()
    notes: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class FilePage:
    """A file of an artifact.

    Args:
        kind: `text`, `image`, `page` (HTML and its like) or `bytes`.
        text: its beginning.
        whole: whether that is all of it.
    """

    artifact: int
    type: str
    path: str
    bytes: int
    kind: str
    text: str
    whole: bool


def find_artifact(store: MetadataStore, number: str) -> ArtifactRecord:
    """Return an artifact by its number.

    Raises:
        NotFoundError: there is none.
    """
    text = number.removeprefix("#")
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        for record in store.artifacts([int(text)]):
            return record
    raise NotFoundError(
        f"there is no artifact {number[:100]!r}",
        hint="look for it by type or path",
    )


def read_artifact_page(reader: Reader, number: str) -> ArtifactPage:
    """Read the page of an artifact.

    Raises:
        NotFoundError: there is none with this number.
    """
    record = find_artifact(reader.store, number)
    events = reader.store.events_by_artifact([record.id])
    writers = [event for event in events if event.direction is Direction.OUTPUT]
    readers = [event for event in events if event.direction is Direction.INPUT]
    newest = sorted(readers, key=lambda event: -event.execution_id)[:MOST_LINKS]
    made = _links(reader.store, writers[:MOST_LINKS])
    marks = read_marks(reader.store, artifact_target(record.id))
    first = [link for link in made if link.state == State.COMPLETE.value] or made
    return ArtifactPage(
        id=record.id,
        type=record.type,
        name=record.name,
        state=str(record.state),
        uri=record.uri,
        digest=record.digest,
        created=finite(record.created),
        properties=record.properties,
        made_by=first[0] if first else None,
        reused_by=max(0, len({event.execution_id for event in writers}) - 1),
        read_by=tuple(_links(reader.store, newest)),
        readers=len({event.execution_id for event in readers}),
        tables=tables_of(reader, record),
        files=list_files(reader, record),
        tags=tags_of(marks),
        notes=notes_of(marks),
    )


def _links(store: MetadataStore, events: Sequence[Event]) -> list[ExecutionLink]:
    ids = {event.execution_id for event in events}
    found: dict[int, Execution] = {each.id: each for each in store.executions(ids)}
    links: dict[int, ExecutionLink] = {}
    for event in events:
        execution = found.get(event.execution_id)
        links.setdefault(
            event.execution_id,
            execution_link(execution, event.key)
            if execution
            else ExecutionLink(event.execution_id, key=event.key),
        )
    return list(links.values())


def kind_of(path: str, data: bytes) -> str:
    """Return the kind of a file by its name and its first bytes."""
    ending = PurePath(path).suffix.lower()
    if ending in IMAGES:
        return "image"
    if ending in WEB_PAGES:
        return "page"
    try:
        # One that may be cut in its last character.
        text = codecs.getincrementaldecoder("utf-8")().decode(data[:SHOWN])
    except UnicodeDecodeError:
        return "bytes"
    return "bytes" if "\0" in text else "text"


def read_file_page(reader: Reader, number: str, path: str) -> FilePage:
    """Read the page of a file.

    Raises:
        NotFoundError: there is no such artifact or file, or it may not be read.
    """
    record = find_artifact(reader.store, number)
    data, size = read_file(reader, record, path, SHOWN)
    kind = kind_of(path or record.uri, data)
    text = data.decode(errors="replace") if kind in ("text", "page") else ""
    return FilePage(record.id, record.type, path, size, kind, text, size <= len(data))
