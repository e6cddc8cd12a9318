"""The search for a result that a node can take over instead of running."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlops_pipeline.cache.key import Key
from mlops_pipeline.errors import NotFoundError, RootError, SettingsError
from mlops_pipeline.ir import CacheIR
from mlops_pipeline.roots import has_bucket
from mlops_pipeline.run_state import Workspace, load_outputs
from mlops_pipeline.store import ArtifactRecord, ArtifactState, Execution
from mlops_pipeline.uris import is_remote


@dataclass(frozen=True)
class Found:
    """Result of a search in the cache.

    Args:
        execution: whose result can be reused; None if there is none.
        reason: which result it is, or why there is none.
        damaged: artifacts of earlier results that were found altered or gone.
        generation: how many results with this key have been published.
    """

    execution: Execution | None
    reason: str
    outputs: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)
    damaged: tuple[ArtifactRecord, ...] = ()
    generation: int = 0


def find_reusable(key: Key, policy: CacheIR, workspace: Workspace) -> Found:
    """Search for a result with this key whose files are still what was published."""
    store = workspace.store
    candidates = store.executions_by_cache_key(key.digest)[::-1]
    if not candidates:
        return Found(None, "no earlier result has the same code, parameters and inputs")
    oldest = time.time() - policy.max_age if policy.max_age is not None else 0.0
    outputs = load_outputs(store, candidates)
    damaged: list[ArtifactRecord] = []
    reason = "a stored output was altered or is gone"
    for execution in candidates:
        if execution.finished < oldest:
            reason = f"the earlier result is older than {policy.max_age:g} s"
            break
        written = outputs.get(execution.id, {})
        bad = [r for records in written.values() for r in records if not _is_intact(r, workspace)]
        if not bad:
            same = f"same as execution {execution.id} of run {execution.run_id}"
            return Found(execution, same, written, tuple(damaged), len(candidates))
        damaged += [record for record in bad if _is_lost(record)]
    return Found(None, reason, damaged=tuple(damaged), generation=len(candidates))


def _is_intact(record: ArtifactRecord, workspace: Workspace) -> bool:
    if record.state is not ArtifactState.LIVE:
        return False
    try:
        return workspace.digest(record) == record.digest
    except NotFoundError:
        return False
    except (RootError, SettingsError):
        # Another root than ours may be away for good, and then does not keep us from working.
        if record.uri.startswith(f"{workspace.artifact_root.url}/"):
            raise
        return False


def _is_lost(record: ArtifactRecord) -> bool:
    """Return True if a damaged artifact is gone for good, not only its disk is away."""
    if record.state is not ArtifactState.LIVE:
        return False
    if is_remote(record.uri):
        try:
            return has_bucket(record.uri)
        except (RootError, SettingsError):
            return False
    path = Path(record.uri)
    return os.access(path, os.R_OK) if path.exists() else path.parents[1].is_dir()
