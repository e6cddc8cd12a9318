"""The file that carries runs: its form, and the checks that it has to pass before it is believed.

export.json             records: runs, executions, events, artifacts, types, names of all else
documents/<sha256>      pipelines, sources, snapshots
artifacts/<id>/<name>   files of an artifact; `artifacts/<id>` for one that is a file
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import msgspec

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.store import ArtifactRecord, ArtifactType, Event, Execution, Run

RECORDS = "export.json"
FORMAT = "mlops-export"
VERSION = 1

LIMIT = 50.0
"""Gigabytes that the contents of a file may have."""

_LARGEST_RECORDS = 512 * 1024 * 1024
_CHUNK = 1 << 20
_DOCUMENT = re.compile(r"documents/([0-9a-f]{64})")
_FILE = re.compile(r"artifacts/([0-9]{1,18})(/.+)?", re.DOTALL)


@dataclass(frozen=True)
class Records:
    """The records of an export.

    Args:
        run: the run that was exported.
        documents: digests of the texts that the records name.
        files: artifacts whose files are in it; True for one that is a file and no folder.
    """

    run: str
    runs: tuple[Run, ...] = ()
    executions: tuple[Execution, ...] = ()
    artifacts: tuple[ArtifactRecord, ...] = ()
    events: tuple[Event, ...] = ()
    types: tuple[ArtifactType, ...] = ()
    documents: tuple[str, ...] = ()
    files: Mapping[str, bool] = field(default_factory=dict)


def records_text(records: Records) -> str:
    """Return records as JSON, in which every number and text is exact."""
    # JSON of Python knows NaN, whole numbers of any size, and texts that are no Unicode.
    data = msgspec.to_builtins(records, builtin_types=(float, int), order="deterministic")
    return json.dumps({"format": FORMAT, "version": VERSION, **data}, sort_keys=True)


@dataclass(frozen=True)
class Archive:
    """An export that was opened and whose names and sizes were checked."""

    file: zipfile.ZipFile
    name: str
    records: Records

    def document(self, digest: str) -> str:
        """Return a text.

        Raises:
            PipelineError: it is damaged.
        """
        data = _read(self.file, self.file.getinfo(f"documents/{digest}"), self.name)
        if hashlib.sha256(data).hexdigest() != digest:
            raise damaged(self.name, f"document {digest[:12]} has another digest")
        return data.decode()

    def unpack(self, artifact_id: int, folder: Path) -> Path:
        """Write the files of an artifact into a new folder; returns where it is now."""
        target = folder / str(artifact_id)
        if not self.records.files[str(artifact_id)]:
            target.mkdir()
        for info in self.file.infolist():
            match = _FILE.fullmatch(info.filename)
            if match is None or int(match[1]) != artifact_id:
                continue
            path = target.joinpath(*PurePosixPath((match[2] or "/")[1:]).parts)
            if info.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with _entry(self.file, info, self.name) as opened, path.open("xb") as written:
                _copy(opened, written, info.file_size, self.name)
        return target


def _copy(opened: Any, written: BinaryIO, size: int, name: str) -> None:
    left = size
    while data := opened.read(min(_CHUNK, left + 1)):
        left -= len(data)
        if left < 0:
            raise damaged(name, "a file is larger than its entry says")
        written.write(data)
    if left:
        raise damaged(name, "a file is shorter than its entry says")


@contextmanager
def open_archive(path: Path, limit: float = LIMIT) -> Iterator[Archive]:
    """Open an export, and check it: names, sizes, and the form of its records.

    Args:
        limit: gigabytes that its contents may have.

    Raises:
        PipelineError: it is no export, is damaged, or would write where it must not.
    """
    try:
        opened = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise PipelineError(f"there is no file {path}", hint="check the name") from None
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise damaged(str(path), f"it is no ZIP file: {error}") from None
    with opened as file:
        entries = _checked_entries(file, str(path), limit)
        if RECORDS not in entries:
            raise damaged(str(path), f"it has no {RECORDS}")
        records = _read_records(_read(file, entries[RECORDS], str(path)), str(path))
        _check_contents(entries, records, str(path))
        yield Archive(file, str(path), records)


def damaged(name: str, why: str) -> PipelineError:
    """Return the error for a file that is not what `mlops export` writes."""
    return PipelineError(
        f"{name} cannot be imported: {why}", hint="export the run again with `mlops export`"
    )


def _checked_entries(file: zipfile.ZipFile, name: str, limit: float) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    size = 0
    for info in file.infolist():
        entry = info.filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.orig_filename != entry or "\\" in entry or "\0" in entry:
            raise damaged(name, f"the entry {entry!r} has a name that is none")
        if entry.startswith("/") or {"..", ".", ""} & set(entry.rstrip("/").split("/")):
            raise damaged(name, f"the entry {entry!r} leads out of its folder")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or info.flag_bits & 1:
            raise damaged(name, f"the entry {entry!r} is a link, or encrypted")
        if entry in entries:
            raise damaged(name, f"it has two entries {entry!r}")
        entries[entry] = info
        size += info.file_size
    if RECORDS in entries and entries[RECORDS].file_size > _LARGEST_RECORDS:
        raise damaged(name, f"its records have {entries[RECORDS].file_size} bytes")
    if size > limit * 1e9:
        raise PipelineError(
            f"the contents of {name} have {size / 1e9:.1f} GB; up to {limit:g} GB are taken",
            hint="allow more with --limit, if you trust the file",
        )
    return entries


def _check_contents(entries: Mapping[str, zipfile.ZipInfo], records: Records, name: str) -> None:
    """Refuse what the records do not name, and what they name and is not there."""
    documents = {match[1] for entry in entries if (match := _DOCUMENT.fullmatch(entry))}
    files = [match for entry in entries if (match := _FILE.fullmatch(entry))]
    if documents != set(records.documents):
        raise damaged(name, "its documents are not those that its records name")
    if len(documents) + len(files) + 1 != len(entries):
        raise damaged(name, "it has entries that its records do not name")
    for match in files:
        is_file = records.files.get(match[1])
        if is_file is None or (is_file and match[2]) or (not is_file and not match[2]):
            raise damaged(name, f"its entry {match[0]!r} is no file of an artifact")
    known = {str(each.id) for each in records.artifacts}
    if not records.files.keys() <= known:
        raise damaged(name, "it has files of artifacts that its records do not have")
    whole = {match[1] for match in files if not match[2]}
    if any(is_file and each not in whole for each, is_file in records.files.items()):
        raise damaged(name, "it lacks the file of an artifact")


def _read_records(data: bytes, name: str) -> Records:
    try:
        said = json.loads(data)
        if said.get("format") != FORMAT:
            raise damaged(name, "it was not written by `mlops export`")
        if said.get("version") != VERSION:
            raise PipelineError(
                f"{name} has version {said.get('version')!r} of the form, which is unknown here",
                hint="import it with the version of mlops-pipeline that wrote it",
            )
        records = msgspec.convert(said, Records, strict=True)
    except (ValueError, AttributeError, RecursionError, TypeError, OverflowError) as error:
        raise damaged(name, f"its records cannot be read: {error}") from None
    _check_links(records, name)
    return records


def _check_links(records: Records, name: str) -> None:
    executions = {each.id for each in records.executions}
    artifacts = {each.id for each in records.artifacts}
    unique = len(executions) == len(records.executions) and len(artifacts) == len(records.artifacts)
    if not unique or 0 in executions | artifacts:
        raise damaged(name, "two of its records have the same number")
    for event in records.events:
        if event.execution_id not in executions or event.artifact_id not in artifacts:
            raise damaged(name, "an event leads to what is not in it")
    if records.run not in {run.id for run in records.runs}:
        raise damaged(name, "the run that it is about is not in it")


def _read(file: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    with _entry(file, info, name) as opened:
        data: bytes = opened.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise damaged(name, f"{info.filename} has another size than its entry says")
    return data


@contextmanager
def _entry(file: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Iterator[Any]:
    try:
        with file.open(info) as opened:
            yield opened
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise damaged(name, f"{info.filename} cannot be read: {error}") from None
    except zlib.error as error:
        raise damaged(name, f"{info.filename} cannot be unpacked: {error}") from None
    except OSError as error:
        # A place before the beginning of the file.
        if error.errno != errno.EINVAL:
            raise
        raise damaged(name, f"{info.filename} is at no place in it") from None
