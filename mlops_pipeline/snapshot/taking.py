"""Take a snapshot: what is new goes to the store, what is known costs a look at each file.

A note beside the artifacts, or in the scratch folder, says which files had which digests at which
stamps, so that a run without a change reads no source.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_pipeline.roots import is_sealed, is_settled, seal, stamp_of
from mlops_pipeline.run_state import PROJECT_FILES, Workspace, scratch_folder
from mlops_pipeline.settings import find_project
from mlops_pipeline.snapshot.git_state import Checkout, difference, find_checkout
from mlops_pipeline.snapshot.kept import (
    SNAPSHOT,
    SNAPSHOT_SEAL,
    Snapshot,
    bundle_text,
    sealed_texts,
)
from mlops_pipeline.snapshot.machine import describe_machine
from mlops_pipeline.snapshot.source_files import (
    MOST_BYTES,
    KeptFile,
    Listed,
    holds_secret,
    list_sources,
    read_all,
    source_places,
)

log = logging.getLogger(__name__)

_BUNDLES = 20
"""Bundles of one snapshot; then all its files are put in one again."""

Note = Mapping[str, Any]


def snapshot_facts(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Return the properties of a run that begins: the digest of its snapshot, and its seal.

    A run is more than its snapshot: what cannot be read is told, and fails nothing.
    """
    try:
        digest = take_snapshot(workspace)
        return {SNAPSHOT: digest, SNAPSHOT_SEAL: seal(*sealed_texts(run_id, digest))}
    except (OSError, ValueError) as error:
        log.warning("no snapshot of the code was taken: %s", error)
        return {}


def take_snapshot(workspace: Workspace) -> str:
    """Keep the snapshot of a run that begins in the store; returns its digest there."""
    beside = [workspace.root] if "://" not in workspace.root else []
    checkout = find_checkout(workspace.base_dir)
    places = source_places((workspace.base_dir, *workspace.import_paths), beside)
    listed = list_sources(places, checkout.folder if checkout else None, beside)
    places += _add_of_project(listed, workspace, places)
    file = _note_file(workspace, places)
    note = _read_note(file)
    known, new = _digests(listed, note)
    sources = _digest_of(sorted(known.items()))
    git, patch = _checkout_facts(checkout, sources, note, listed)
    facts = Snapshot(
        places=tuple(places),
        files=known,
        bundles=tuple(map(str, note.get("bundles", ()))),
        left_out=listed.left_out,
        lock=_lock_name(workspace, listed),
        checkout=git,
        machine=describe_machine(),
    )
    digest = hashlib.sha256(facts.text.encode()).hexdigest()
    if new or patch or workspace.store.get_document(digest) is None:
        if patch:
            workspace.store.put_document(patch)
        facts = replace(facts, bundles=_keep_bundles(workspace, listed, new, facts.bundles))
        digest = workspace.store.put_document(facts.text)
    fresh = _note(listed, facts, sources)
    if fresh != note:
        _write_note(file, fresh)
    return digest


def _digest_of(data: Any) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


def _note_file(workspace: Workspace, places: Sequence[str]) -> Path:
    name = f".sources-{_digest_of(list(places))[:32]}.json"
    if "://" in workspace.root:
        return scratch_folder(workspace.scratch) / "snapshots" / name
    return Path(workspace.root) / name


def _add_of_project(listed: Listed, workspace: Workspace, places: Sequence[str]) -> list[str]:
    """Add the settings and the lock file where they lie beside the places of the sources."""
    project = find_project(workspace.base_dir)
    wanted = [workspace.lock] if workspace.lock else []
    if workspace.base_dir.is_relative_to(project):
        wanted += [project / name for name in PROJECT_FILES]
    kept = {file.path for file in listed.files}
    added: list[str] = []
    for path in wanted:
        folder = str(path.parent)
        if str(path) in kept or not path.is_file():
            continue
        if folder not in (*places, *added):
            added.append(folder)
        name = f"{[*places, *added].index(folder)}/{path.name}"
        stamp = stamp_of(path.stat())
        if stamp.size <= MOST_BYTES:
            listed.left_out.pop(name, None)
            listed.files.append(KeptFile(name, str(path), stamp))
    return added


def _lock_name(workspace: Workspace, listed: Listed) -> str:
    if workspace.lock is None:
        return ""
    lock = str(workspace.lock)
    return next((file.name for file in listed.files if file.path == lock), lock)


def _digests(listed: Listed, note: Note) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the digest of each file, and the bytes of those that are not known yet."""
    before: Mapping[str, Any] = note.get("files", {})
    found: dict[str, str] = {}
    new: dict[str, bytes] = {}
    unknown = []
    for file in listed.files:
        known = before.get(file.name)
        if known and known[0] == file.stamp.text:
            found[file.name] = known[1]
        else:
            unknown.append(file)
    for file, data in read_all(unknown):
        if data is None:
            listed.left_out[file.name] = "it cannot be read"
        elif holds_secret(data):
            found[file.name] = ""
        else:
            found[file.name] = hashlib.sha256(data).hexdigest()
            new[found[file.name]] = data
    for name in [name for name, digest in found.items() if not digest]:
        listed.left_out[name] = "it holds what looks like a key or a password"
    held = set(map(str, note.get("held", ())))
    new = {digest: data for digest, data in new.items() if digest not in held}
    return {name: digest for name, digest in found.items() if digest}, new


def _keep_bundles(
    workspace: Workspace, listed: Listed, new: Mapping[str, bytes], bundles: tuple[str, ...]
) -> tuple[str, ...]:
    """Put the files into the store that it does not have; returns the documents with all."""
    store = workspace.store
    there = bool(bundles) and len(bundles) < _BUNDLES
    if there and all(store.get_document(each) is not None for each in bundles):
        return (*bundles, store.put_document(bundle_text(new))) if new else bundles
    whole = {
        hashlib.sha256(data).hexdigest(): data
        for _, data in read_all(listed.files)
        if data is not None and not holds_secret(data)
    }
    return (store.put_document(bundle_text({**new, **whole})),)


def _checkout_facts(
    checkout: Checkout | None, sources: str, note: Note, listed: Listed
) -> tuple[dict[str, str], str]:
    """Return the facts of the checkout, and the difference where it is not known yet.

    The same sources differ in the same way from the same commit.
    """
    if checkout is None:
        return {}, ""
    before = note.get("checkout", {})
    about = {"folder": str(checkout.folder), "commit": checkout.commit}
    if note.get("sources") == sources and about.items() <= before.items():
        return dict(before), ""
    top = f"{checkout.folder}/"
    patch, why = difference(checkout, [f.path for f in listed.files if f.path.startswith(top)])
    if holds_secret(patch.encode("utf-8", "replace")):
        patch, why = "", "it holds what looks like a key or a password"
    digest = hashlib.sha256(patch.encode()).hexdigest() if patch else ""
    return {**about, "difference": digest, "why": why}, patch


def _note(listed: Listed, facts: Snapshot, sources: str) -> dict[str, Any]:
    now = time.time_ns()
    settled = {
        file.name: [file.stamp.text, facts.files.get(file.name, "")]
        for file in listed.files
        if is_settled(file.stamp, now) and (file.name in facts.files or file.name in facts.left_out)
    }
    return {
        "files": settled,
        "held": sorted(set(facts.files.values())),
        "bundles": list(facts.bundles),
        "sources": sources,
        "checkout": dict(facts.checkout),
    }


def _note_texts(note: Note) -> tuple[str, str]:
    return "sources", json.dumps(note, sort_keys=True)


def _read_note(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
        entries = data["files"].values()
        sound = isinstance(data["bundles"], list) and all(len(each) == 2 for each in entries)
        # One from somebody else could name other code than what is in the files.
        sound = sound and is_sealed(str(data.pop("seal")), *_note_texts(data))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return dict(data) if sound else {}


def _write_note(file: Path, note: Note) -> None:
    """Write the note; where that is not possible, the next run reads the sources again.

    It is written at once and in place: no other file is left if the process dies, and what is not
    whole is no JSON, which counts as no note.
    """
    with contextlib.suppress(OSError):
        if file.parent.name == "snapshots":
            file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.write(handle, json.dumps({**note, "seal": seal(*_note_texts(note))}).encode())
        finally:
            os.close(handle)
