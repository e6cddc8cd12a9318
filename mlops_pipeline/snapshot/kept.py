"""A snapshot as it is kept: one document of facts, and bundles of the texts of files."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.roots import is_sealed
from mlops_pipeline.store import MetadataStore, Run

SNAPSHOT = "snapshot"
"""Run property: digest of the document that holds its snapshot."""

SNAPSHOT_SEAL = "snapshot_seal"
"""Run property: the seal of the user who began the run, of its id and that digest."""


@dataclass(frozen=True)
class Snapshot:
    """What a run has recorded of its code and environment as it began.

    Args:
        places: folders that sources were kept of; the names of `files` begin with their numbers.
        files: SHA-256 of each source, by name.
        bundles: documents that hold their texts.
        left_out: files that were not kept, with the reason.
        lock: name of the lock file among `files`, or its path if it is not one of them.
        checkout: top of the Git checkout, its `commit`, the document of the `difference` from it,
            and why there is none.
        machine: Python, packages, hardware and variables: see `describe_machine`.
    """

    places: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    bundles: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    lock: str = ""
    checkout: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The document; the same facts give the same text."""
        return json.dumps({"version": 1, **vars(self)}, sort_keys=True)


def read_snapshot(store: MetadataStore, run: Run) -> Snapshot | None:
    """Return the snapshot of a run; None for one that has recorded none.

    Raises:
        NotFoundError: the store has lost it, or holds something else there.
    """
    digest = run.properties.get(SNAPSHOT)
    if not digest:
        return None
    lost = NotFoundError(
        f"the snapshot of run {run.id} is gone from the store, or damaged",
        hint="restore the store from a backup",
    )
    text = store.get_document(str(digest))
    if text is None or hashlib.sha256(text.encode()).hexdigest() != digest:
        raise lost
    try:
        data = json.loads(text)
        return Snapshot(
            places=tuple(map(str, data["places"])),
            files={str(name): str(each) for name, each in data["files"].items()},
            bundles=tuple(map(str, data["bundles"])),
            left_out={str(name): str(why) for name, why in data["left_out"].items()},
            lock=str(data["lock"]),
            checkout={str(name): str(value) for name, value in data["checkout"].items()},
            machine=dict(data["machine"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise lost from None


def is_own_snapshot(run: Run) -> bool:
    """Return True if this user has begun the run with the snapshot that its record names."""
    given = str(run.properties.get(SNAPSHOT_SEAL, ""))
    return bool(given) and is_sealed(
        given, *sealed_texts(run.id, str(run.properties.get(SNAPSHOT)))
    )


def sealed_texts(run_id: str, digest: str) -> tuple[str, ...]:
    """Return what the seal of a snapshot is about."""
    return ("snapshot", run_id, digest)


def bundle_text(files: Mapping[str, bytes]) -> str:
    """Return a document that holds files, by the SHA-256 of each."""
    return json.dumps({name: _as_text(data) for name, data in files.items()}, sort_keys=True)


def _as_text(data: bytes) -> str | list[str]:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return [base64.b64encode(data).decode()]


def read_bundles(store: MetadataStore, snapshot: Snapshot) -> dict[str, bytes]:
    """Return the contents of the sources by SHA-256; what is lost or altered is left out."""
    found: dict[str, bytes] = {}
    for each in snapshot.bundles:
        try:
            data = json.loads(store.get_document(each) or "{}")
            found.update((str(name), _as_bytes(value)) for name, value in data.items())
        except (ValueError, AttributeError, TypeError, binascii.Error, RecursionError):
            continue
    return {name: data for name, data in found.items() if hashlib.sha256(data).hexdigest() == name}


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, list):
        return base64.b64decode(value[0])
    return str(value).encode("utf-8", "surrogatepass")
