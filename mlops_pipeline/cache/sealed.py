"""Seals of results: the rows of outputs cannot be edited without a trace.

The publisher keeps with an execution what it has published: the digest of all that counts about its
outputs, and this user's seal of that digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mlops_pipeline.roots import is_sealed, key_name, seal
from mlops_pipeline.run_state import ORIGIN, TAG, load_links
from mlops_pipeline.store import ArtifactRecord, Direction, Execution, MetadataStore, State

SEAL = "seal"
"""Execution property: the digest of its outputs, and the seal of that, with a slash between."""

Outputs = Mapping[str, Sequence[ArtifactRecord]]


def with_seal(execution: Execution, outputs: Outputs) -> Execution:
    """Return an execution that is being recorded, with the seal of its outputs."""
    digest = _digest(execution, outputs)
    sealed = {SEAL: f"{digest}/{seal(digest)}"}
    return replace(execution, properties={**execution.properties, **sealed})


def is_own(execution: Execution) -> bool:
    """Return True if this user has sealed the result."""
    digest, _, given = str(execution.properties.get(SEAL, "")).partition("/")
    return bool(digest) and is_sealed(given, digest)


def why_altered(execution: Execution, outputs: Outputs) -> str:
    """Return why the rows of outputs are not as they were published; empty if they are.

    For results of other users the digest has to do. One without a seal is for `has_lost_seal`.
    """
    digest, _, given = str(execution.properties.get(SEAL, "")).partition("/")
    if digest and digest != _digest(execution, outputs):
        return "its record was altered"
    if given.startswith(f"{key_name()}:") and not is_sealed(given, digest):
        return "its seal was altered"
    return ""


def has_lost_seal(store: MetadataStore, execution: Execution) -> bool:
    """Return True if a result has no seal, and was written by a version that gives it one.

    Such versions seal their runs, too. The store is asked only where there is no seal.
    """
    if str(execution.properties.get(SEAL, "")).partition("/")[0]:
        return False
    run = store.get_run(execution.run_id)
    return run is not None and ORIGIN in run.properties


def why_row_altered(store: MetadataStore, record: ArtifactRecord) -> str:
    """Return why an artifact is not as its execution published it; empty if it is."""
    written = [e for e in store.events_by_artifact([record.id]) if e.direction is Direction.OUTPUT]
    for execution in store.executions({event.execution_id for event in written}):
        if SEAL in execution.properties:
            links = load_links(store, [execution], Direction.OUTPUT, lenient=True)
            outputs = links.get(execution.id, {})
            return why_altered(execution, outputs)
        is_result = bool(execution.cache_key) and execution.state is State.COMPLETE
        if is_result and has_lost_seal(store, execution):
            return "its seal is gone"
    return ""


def _digest(execution: Execution, outputs: Outputs) -> str:
    rows = {key: [_facts(record) for record in records] for key, records in outputs.items()}
    about = [execution.component, execution.pipeline, execution.node_id, execution.cache_key]
    text = json.dumps([about, rows], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _facts(record: ArtifactRecord) -> list[object]:
    # Not the URI, which changes with a project that is moved: the digest says what is there.
    properties = {key: value for key, value in record.properties.items() if key != TAG}
    return [record.type, record.name, record.digest, properties]
