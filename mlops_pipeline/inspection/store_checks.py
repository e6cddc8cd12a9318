"""What a store says of the world beside it: of processes that run, and of files under the root."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from mlops_pipeline import roots
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.run_state import found_below, is_gone, lease_of, process_of
from mlops_pipeline.store import (
    FIRST,
    ArtifactRecord,
    Execution,
    StoreCheck,
    live_artifacts,
    marked_artifacts,
    running_executions,
)
from mlops_pipeline.uris import is_remote, local_place


def check_records(url: str, root: str, lease: float) -> list[StoreCheck]:
    """Check the executions that run and the artifacts that are live; changes nothing.

    Artifacts elsewhere than under the root are left out.

    Args:
        url: of the store, which is read by itself.
        root: folder or URL below which artifacts are kept.
        lease: seconds without a sign of life after which a process elsewhere counts as dead.

    Raises:
        StoreError: the store cannot be read.
        RootError: the root cannot be reached.
    """
    return [
        _check_processes(url, lease),
        _check_files(live_artifacts(url), root),
        _check_removals(url),
    ]


def _check_removals(url: str) -> StoreCheck:
    found = [f"{each.id} ({each.type}: {each.uri})" for each in marked_artifacts(url)]
    first = tuple(found[:FIRST])
    return StoreCheck(
        "what is marked for removal is gone", "Artifact", len(found), len(found), first
    )


def _check_processes(url: str, lease: float) -> StoreCheck:
    found = running_executions(url)
    dead = [each for each in found if _is_dead(each, lease)]
    if dead:
        # A process may have ended its execution, and itself, since they were read.
        still = {each.id: each for each in running_executions(url)}
        dead = [still[each.id] for each in dead if each.id in still]
        dead = [each for each in dead if _is_dead(each, lease)]
    first = tuple(
        f"{each.id} ({each.node_id} of {each.run_id}, {process_of(each)})" for each in dead[:FIRST]
    )
    return StoreCheck("what is RUNNING has a process", "Execution", len(found), len(dead), first)


def _is_dead(execution: Execution, lease: float) -> bool:
    gone = is_gone(execution.properties)
    if gone is not None:
        return gone
    return time.time() - execution.heartbeat > lease_of(execution, lease)


def _check_files(artifacts: Iterable[ArtifactRecord], root: str) -> StoreCheck:
    count, gone = 0, []
    for artifact in artifacts:
        uri = found_below(root, artifact.uri)
        if not _is_below(uri, root):
            continue
        count += 1
        if not _is_there(uri):
            gone.append(f"{artifact.id} ({artifact.type}: {artifact.uri})")
    first = tuple(itertools.islice(gone, FIRST))
    return StoreCheck("what is LIVE has files", "Artifact", count, len(gone), first)


def _is_below(uri: str, root: str) -> bool:
    if is_remote(root) or is_remote(uri):
        return uri.startswith(f"{root.rstrip('/')}/")
    return bool(uri) and local_place(uri).is_relative_to(local_place(root).absolute())


def _is_there(uri: str) -> bool:
    if not is_remote(uri):
        return local_place(uri).exists()
    try:
        roots.list_objects(uri)
    except NotFoundError:
        return False
    return True
