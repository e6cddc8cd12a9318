"""Take an export into a store: checked first, then its files placed, then its records at once.

A record that is here already, from an earlier import or because it was made here, is found again
by what it says: component, node, place in the run, and start.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import secrets
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from mlops_pipeline.cache import SEAL
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.exchange.archive import Archive, Records, damaged
from mlops_pipeline.roots import digest_path, fsync_tree
from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Event,
    Execution,
    MetadataStore,
    Run,
    State,
    all_at_once,
)

IMPORTED = "imported_from"
"""Property of runs that were imported: the name of the file."""

PART = "imported_part"
"""Property of runs of which only a part was imported, as the lineage of another one."""

CARRIER = "mlops_pipeline.import"
"""The component that stands for whoever made what no execution of an export has made."""

_STAGING = ".importing-"
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=@-]{0,127}")
_EXECUTION = re.compile(r"\d{1,18}(-[0-9a-f]{1,32})?", re.ASCII)


@dataclass(frozen=True)
class ImportedRuns:
    """Result of an import.

    Args:
        run: the run that was exported, under the id that it has here.
        renamed: runs that have another id here, because another run had it, by their old ids.
        runs, executions, artifacts, files: how many are new here.
        known: executions that were here already.
    """

    run: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    runs: int = 0
    executions: int = 0
    artifacts: int = 0
    files: int = 0
    known: int = 0


def import_runs(archive: Archive, url: str, root: str) -> ImportedRuns:
    """Take an export into a store.

    Args:
        url: URL of the store, which is made where it is missing.
        root: folder that the files of the artifacts go below.

    Raises:
        PipelineError: the file is damaged; then nothing of it was recorded.
    """
    texts = [archive.document(digest) for digest in archive.records.documents]
    with _placed_files(archive, root) as (places, new):

        def work(store: MetadataStore) -> ImportedRuns:
            importing = _Import(archive.records, store, places)
            for text in texts:
                store.put_document(text)
            return importing.take_all(archive.name)

        done = all_at_once(url, work)
    return replace(done, files=new)


# Files


@contextmanager
def _placed_files(archive: Archive, root: str) -> Iterator[tuple[dict[int, str], int]]:
    """Place the files of an export; they are taken away again if its records are not taken.

    Yields:
        The paths by the ids of the artifacts, and how many are new.
    """
    if not archive.records.files:
        yield {}, 0
        return
    if "://" in root:
        raise PipelineError(
            f"the file has artifacts, which cannot be put into {root} from here",
            hint="name a folder with --root, or export the run without --with-artifacts",
        )
    folder = Path(root)
    places: dict[int, str] = {}
    made: list[Path] = []
    records = {record.id: record for record in archive.records.artifacts}
    try:
        with _staging(folder) as staging:
            for number in map(int, archive.records.files):
                found = archive.unpack(number, staging)
                record = records[number]
                digest = digest_path(found)
                if digest != record.digest:
                    raise damaged(archive.name, f"the files of artifact {number} were altered")
                place, path = _place_of(folder, record, digest)
                if not _is_there(path, digest):
                    _move(found, place, path)
                    made.append(place)
                places[number] = str(path)
        yield places, len(made)
    except BaseException:
        for each in made:
            shutil.rmtree(each, ignore_errors=True)
        raise


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """Make a folder for what is being checked; those of imports that were killed are removed."""
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(f"{_STAGING}*.lock"):
        with left.open("w") as lock, contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left.with_suffix(""), ignore_errors=True)
            left.unlink()
    staging = root / f"{_STAGING}{secrets.token_hex(8)}"
    file = staging.with_name(f"{staging.name}.lock")
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        staging.mkdir()
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            file.unlink(missing_ok=True)


def _place_of(root: Path, record: ArtifactRecord, digest: str) -> tuple[Path, Path]:
    """Return the folder that an artifact has below the root, and its path in or at that.

    No execution of this store has the number 0: nothing of its own is ever there.
    """
    parts = list(PurePosixPath(record.uri.partition("://")[2] or record.uri).parts)
    below: list[str] = []
    if len(parts) > 1 and not _EXECUTION.fullmatch(parts[-1]) and _SAFE.fullmatch(parts[-1]):
        below = [parts.pop()] if _EXECUTION.fullmatch(parts[-2]) else []
    names = [each if _SAFE.fullmatch(each) else "imported" for each in parts[-4:-1]]
    names = ["imported"] * (3 - len(names)) + names
    place = root.joinpath(*names, f"0-{digest[:32]}")
    return place, place.joinpath(*below)


def _is_there(path: Path, digest: str) -> bool:
    return path.exists() and digest_path(path) == digest


def _move(found: Path, place: Path, path: Path) -> None:
    fsync_tree(found)
    shutil.rmtree(place, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    found.rename(path)


# Records


class _Import:
    """An import on its way: what was mapped to what."""

    def __init__(self, records: Records, store: MetadataStore, places: Mapping[int, str]) -> None:
        self._records = records
        self._store = store
        self._places = places
        self._artifacts = {record.id: record for record in records.artifacts}
        self._ids: dict[int, int] = {}
        self._events: dict[int, list[Event]] = defaultdict(list)
        for event in sorted(records.events, key=lambda e: (e.key, e.index)):
            self._events[event.execution_id].append(event)
        self._names: dict[str, str] = {}
        self._before: dict[str, Run | None] = {}
        self._here: dict[str, dict[tuple[object, ...], Execution]] = {}
        self._new = self._known = self._runs = self._made = 0

    def take_all(self, name: str) -> ImportedRuns:
        """Record all that is not here yet."""
        self._store.register_types(self._records.types)
        runs = {run.id: run for run in self._records.runs}
        for run in self._records.runs:
            here = self._names[run.id] = self._name_here(run)
            self._before[here] = self._store.get_run(here)
        self._take_loose()
        for execution in sorted(self._records.executions, key=lambda each: each.id):
            self._take(execution)
        for run in runs.values():
            self._take_run(run, name)
        return ImportedRuns(
            run=self._names[self._records.run],
            renamed={old: new for old, new in self._names.items() if old != new},
            runs=self._runs,
            executions=self._new,
            artifacts=self._made,
            known=self._known,
        )

    def _name_here(self, run: Run) -> str:
        """Return the id of a run here: its own, unless another run has that."""
        known = self._store.get_run(run.id)
        if known is None or _is_same(known, run):
            return run.id
        mark = hashlib.sha256(f"{run.id}:{run.pipeline}:{run.started!r}".encode()).hexdigest()[:6]
        return f"{run.id[:100]}.imported-{mark}"

    def _take_run(self, run: Run, name: str) -> None:
        here = self._names[run.id]
        known = self._before[here]
        completes = run.id == self._records.run and known is not None and _is_part(known)
        if known is not None and not completes:
            return
        said = {IMPORTED: Path(name).name, PART: run.id != self._records.run}
        base = self._names.get(run.base_run, run.base_run)
        state = State.FAILED if run.state is State.RUNNING else run.state
        properties = {**run.properties, **said}
        self._store.put_run(
            replace(run, id=here, base_run=base, state=state, properties=properties)
        )
        self._runs += known is None

    def _take_loose(self) -> None:
        """Record artifacts that no execution of the export has written, such as deleted makers'."""
        written = {e.artifact_id for e in self._records.events if e.direction is Direction.OUTPUT}
        for record in self._records.artifacts:
            if record.id in written:
                continue
            facts = f"{record.type}:{record.uri}:{record.digest}:{record.created!r}"
            name = f"import:{hashlib.sha256(facts.encode('utf-8', 'replace')).hexdigest()}"
            known = self._store.execution_by_name(CARRIER, name)
            if known is not None:
                self._ids[record.id] = self._store.events_by_execution([known.id])[0].artifact_id
                continue
            carrier = Execution(CARRIER, "", "", "", State.COMPLETE, name=name, reason="imported")
            _, outputs = self._store.put_execution(carrier, outputs={"a": [self._placed(record)]})
            self._ids[record.id] = outputs["a"][0].id
            self._made += 1

    def _take(self, theirs: Execution) -> None:
        run_id = self._names.get(theirs.run_id, theirs.run_id)
        known = self._find(theirs, run_id)
        if known is not None:
            self._known += 1
            self._remember(theirs, known)
            return
        state = State.FAILED if theirs.state is State.RUNNING else theirs.state
        taken = theirs.name and self._store.execution_by_name(theirs.component, theirs.name)
        name = f"import:{_mark(theirs)}" if taken or not run_id else theirs.name
        ours = replace(theirs, id=0, run_id=run_id, name=name, state=state)
        published = self._published(theirs)
        inputs: dict[str, list[int]] = defaultdict(list)
        outputs: dict[str, list[ArtifactRecord]] = defaultdict(list)
        numbers: list[tuple[str, int, int]] = []
        for event in self._events[theirs.id]:
            record = self._artifacts[event.artifact_id]
            number = self._ids.get(record.id, 0)
            if event.direction is Direction.INPUT:
                inputs[event.key].append(number)
            else:
                numbers.append((event.key, len(outputs[event.key]), record.id))
                number = number or published.get((record.type, record.name, record.digest), 0)
                placed = replace(self._placed(record), id=number)
                if not number and (record.type, record.name) in published:
                    # The same work has given something else here: this result is not for reuse.
                    placed = replace(placed, name=f"{name}/{event.key}/{event.index}")
                    rest = {key: each for key, each in ours.properties.items() if key != SEAL}
                    ours = replace(ours, cache_key="", properties=rest)
                outputs[event.key].append(placed)
        if any(0 in ids for ids in inputs.values()):
            raise PipelineError(
                f"execution {theirs.id} of the export has read what was made after it",
                hint="export the run again with `mlops export`",
            )
        _, written = self._store.put_execution(ours, inputs=inputs, outputs=outputs)
        self._new += 1
        for key, index, old in numbers:
            self._made += old not in self._ids
            self._ids[old] = written[key][index].id

    def _published(self, theirs: Execution) -> dict[tuple[str, ...], int]:
        """Return what was published here under the names of such an execution."""
        found = [self._store.execution_by_name(theirs.component, theirs.name)]
        if theirs.cache_key:
            found += self._store.executions_by_cache_key(theirs.cache_key)
        ids = {each.id for each in found if each is not None}
        events = self._store.events_by_execution(ids)
        written = {e.artifact_id for e in events if e.direction is Direction.OUTPUT}
        artifacts = [each for each in self._store.artifacts(written) if each.name]
        names: dict[tuple[str, ...], int] = {(a.type, a.name): a.id for a in artifacts}
        return {**names, **{(a.type, a.name, a.digest): a.id for a in artifacts}}

    def _placed(self, record: ArtifactRecord) -> ArtifactRecord:
        return replace(record, id=0, uri=self._places.get(record.id, record.uri))

    def _find(self, theirs: Execution, run_id: str) -> Execution | None:
        if not run_id:
            name = f"import:{_mark(theirs)}"
            own = self._store.execution_by_name(theirs.component, theirs.name or name)
            return own or self._store.execution_by_name(theirs.component, name)
        if run_id not in self._here:
            found = self._store.executions_of_run(run_id)
            self._here[run_id] = {_facts(each): each for each in found}
        return self._here[run_id].get(_facts(theirs))

    def _remember(self, theirs: Execution, ours: Execution) -> None:
        here = {
            (event.direction, event.key, event.index): event.artifact_id
            for event in self._store.events_by_execution([ours.id])
        }
        for event in self._events[theirs.id]:
            number = here.get((event.direction, event.key, event.index))
            if number is not None:
                self._ids.setdefault(event.artifact_id, number)


def _is_same(known: Run, run: Run) -> bool:
    """Return True if two records are of one run."""
    return (known.pipeline, known.started) == (run.pipeline, run.started)


def _is_part(run: Run) -> bool:
    return run.properties.get(PART) is True


def _facts(execution: Execution) -> tuple[object, ...]:
    place = (execution.component, execution.node_id, execution.iteration, execution.attempt)
    return (*place, execution.started, execution.pid)


def _mark(execution: Execution) -> str:
    text = repr((execution.pipeline, execution.run_id, execution.id, _facts(execution)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]
