"""Write a run with its whole lineage into one file."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.exchange.archive import RECORDS, Records, records_text
from mlops_pipeline.inspection import LineageStart, artifact_object, in_chunks, upstream
from mlops_pipeline.ir_check import load_checked
from mlops_pipeline.roots import Copies, digest_path
from mlops_pipeline.snapshot import read_snapshot
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    ArtifactType,
    Execution,
    MetadataStore,
    Run,
    State,
)


@dataclass(frozen=True)
class Exported:
    """Result of an export.

    Args:
        without: artifacts whose files are not in it though they were asked for, and why.
    """

    file: str
    run: str
    runs: int
    executions: int
    artifacts: int
    files: int
    size: int
    without: tuple[str, ...] = ()


def export_run(
    store: MetadataStore, run: Run, file: Path, *, copies: Copies | None = None, files: bool = False
) -> Exported:
    """Write a run, and all that its artifacts were made of, into a new file.

    Args:
        files: with the files of the artifacts.

    Raises:
        PipelineError: the run goes on, or the file is there or cannot be written.
    """
    if run.state is State.RUNNING and not run.finished:
        raise PipelineError(f"run {run.id} goes on", hint="export it once it has ended")
    if file.exists():
        raise PipelineError(f"{file} is there already", hint="name another file, or remove it")
    records, texts = _records_of(store, run)
    without: list[str] = []
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:50]}-")
    except OSError as error:
        reason = error.strerror or str(error)
        raise PipelineError(f"cannot write {file}: {reason}", hint="name another file") from None
    try:
        with os.fdopen(handle, "wb") as opened, zipfile.ZipFile(opened, "w") as archive:
            found: dict[str, bool] = {}
            for record in records.artifacts if files else ():
                why = _write_files(archive, record, copies, found)
                without += [f"{record.type} {record.id}: {why}"] if why else []
            for digest, text in texts.items():
                _write(archive, f"documents/{digest}", text.encode())
            whole = _with_files(records, found)
            _write(archive, RECORDS, records_text(whole).encode())
        Path(name).chmod(0o644)
        _put_in_place(Path(name), file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PipelineError(f"cannot write {file}: {reason}", hint="name another file") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
    return Exported(
        file=str(file),
        run=run.id,
        runs=len(records.runs),
        executions=len(records.executions),
        artifacts=len(records.artifacts),
        files=len(found),
        size=file.stat().st_size,
        without=tuple(without),
    )


def _put_in_place(made: Path, file: Path) -> None:
    """Give a new file its name, not over one that came meanwhile."""
    try:
        os.link(made, file)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems have no second names.
        made.rename(file)


def _with_files(records: Records, found: dict[str, bool]) -> Records:
    return Records(**{**vars(records), "files": found})


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    # The same time in each, so that the same run gives the same bytes.
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data)


def _records_of(store: MetadataStore, run: Run) -> tuple[Records, dict[str, str]]:
    """Return the records of a run and its lineage, and the documents that they name."""
    own = store.executions_of_run(run.id)
    found = upstream(store, LineageStart(executions=tuple(each.id for each in own)))
    executions = {**found.executions, **{each.id: each for each in own}}
    events = in_chunks(store.events_by_execution, executions)
    artifacts = in_chunks(store.artifacts, {event.artifact_id for event in events})
    known = {record.id for record in artifacts}
    runs = {run.id: run}
    for each in executions.values():
        if each.run_id and each.run_id not in runs and (other := store.get_run(each.run_id)):
            runs[each.run_id] = other
    texts = dict(_documents(store, runs.values(), executions.values()))
    records = Records(
        run=run.id,
        runs=tuple(runs[name] for name in sorted(runs)),
        executions=tuple(executions[each] for each in sorted(executions)),
        artifacts=tuple(sorted(artifacts, key=lambda record: record.id)),
        events=tuple(event for event in events if event.artifact_id in known),
        types=tuple(_types(texts, artifacts)),
        documents=tuple(sorted(texts)),
    )
    return records, texts


def _documents(
    store: MetadataStore, runs: Iterable[Run], executions: Iterable[Execution]
) -> Iterator[tuple[str, str]]:
    names: dict[str, None] = {}
    for run in runs:
        names[run.ir] = None
        with contextlib.suppress(PipelineError):
            snapshot = read_snapshot(store, run)
            if snapshot is not None:
                difference = snapshot.checkout.get("difference", "")
                kept = (str(run.properties["snapshot"]), *snapshot.bundles, difference)
                names.update(dict.fromkeys(kept))
    for execution in executions:
        names.update(dict.fromkeys(_sources_of(execution.manifest)))
    for name in names:
        text = store.get_document(name) if name else None
        if text is not None:
            yield name, text


def _sources_of(manifest: str) -> list[str]:
    try:
        return [str(each) for each in json.loads(manifest or "{}")["sources"].values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _types(texts: dict[str, str], artifacts: Iterable[ArtifactRecord]) -> list[ArtifactType]:
    """Return the types of artifacts, as the pipelines of the runs declare them."""
    found = {record.type: ArtifactType(record.type) for record in artifacts if record.type}
    for text in texts.values():
        if text.startswith('{"') and '"artifact_types"' in text:
            with contextlib.suppress(PipelineError):
                for kind in load_checked(text, source="a pipeline").artifact_types:
                    found[kind.name] = ArtifactType(kind.name, kind.base_type, kind.properties)
    return [found[name] for name in sorted(found)]


def _write_files(
    archive: zipfile.ZipFile, record: ArtifactRecord, copies: Copies | None, found: dict[str, bool]
) -> str:
    """Write the files of an artifact; returns why they cannot be, or an empty text."""
    if record.state is ArtifactState.DELETED or record.damage:
        return "it was deleted" if not record.damage else record.damage
    try:
        path = Path(artifact_object(record, copies).path)
        digest = digest_path(path)
    except (PipelineError, OSError) as error:
        return str(getattr(error, "message", "") or error)
    if record.digest and digest != record.digest:
        return "its content was altered"
    top = f"artifacts/{record.id}"
    found[str(record.id)] = path.is_file()
    if path.is_file():
        _write_file(archive, path, top)
        return ""
    if why := _why_not_portable(path):
        del found[str(record.id)]
        return why
    for folder, names, files in os.walk(path, followlinks=True):
        names.sort()
        for name in sorted(files):
            each = Path(folder, name)
            _write_file(archive, each, f"{top}/{each.relative_to(path)}")
    return ""


def _why_not_portable(path: Path) -> str:
    """Return why a folder cannot be carried in a ZIP file; empty if it can."""
    for folder, names, files in os.walk(path, followlinks=True):
        above = [folder, *map(str, Path(folder).parents)]
        around = {os.path.realpath(each) for each in above}
        for name in (*names, *files):
            if any("\ud800" <= each <= "\udfff" for each in name) or "\\" in name:
                return f"it has a file whose name cannot be carried: {name!r}"
            if os.path.realpath(Path(folder, name)) in around:
                return f"{name!r} in it is a link to a folder around it"
    return ""


def _write_file(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.file_size = path.stat().st_size
    with path.open("rb") as opened, archive.open(info, "w") as written:
        while data := opened.read(1 << 20):
            written.write(data)
