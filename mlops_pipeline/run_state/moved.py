"""Projects that were moved, copied or mounted elsewhere: what a store names by path is found again.

A store keeps absolute paths. One that leads nowhere is looked for below the artifact root of today,
where the same pipeline, node, output and execution have it; digests say if it is the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, cast

from mlops_pipeline.store import NOTHING, ArtifactRecord, Execution, MetadataStore

_DEPTHS = (4, 5)
"""Parts of a path below the root: pipeline, node, output, execution, and the file of a value."""


class _MovedStore:
    """A store whose artifacts are looked for below a root, too; all else is the store's own.

    Args:
        root: folder below which artifacts are kept now.
    """

    def __init__(self, store: MetadataStore, root: str) -> None:
        self._store = store
        self._root = root

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_execution(
        self,
        execution: Execution,
        *,
        inputs: Mapping[str, Sequence[int]] = NOTHING,
        outputs: Mapping[str, Sequence[ArtifactRecord]] = NOTHING,
        only_live: bool = False,
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        stored, written = self._store.put_execution(
            execution, inputs=inputs, outputs=outputs, only_live=only_live
        )
        return stored, {name: self._found(records) for name, records in written.items()}

    def artifacts(self, ids: Iterable[int]) -> list[ArtifactRecord]:
        return self._found(self._store.artifacts(ids))

    def artifacts_by_type(self, type_name: str, *, limit: int = 100) -> list[ArtifactRecord]:
        return self._found(self._store.artifacts_by_type(type_name, limit=limit))

    def artifacts_by_uri(self, uri: str) -> list[ArtifactRecord]:
        return self._found(self._store.artifacts_by_uri(uri))

    def _found(self, records: Iterable[ArtifactRecord]) -> list[ArtifactRecord]:
        return [self._where_it_is(record) for record in records]

    def _where_it_is(self, record: ArtifactRecord) -> ArtifactRecord:
        uri = found_below(self._root, record.uri)
        return record if uri == record.uri else replace(record, uri=uri)


def found_below(root: str, uri: str) -> str:
    """Return where an artifact is, which may have been moved together with the folder `root`."""
    if "://" in uri or "\0" in uri or os.path.lexists(uri):
        return uri
    for depth in _DEPTHS:
        parts = PurePath(uri).parts[-depth:]
        here = os.path.join(root, *parts)  # noqa: PTH118
        if len(parts) == depth and ".." not in parts and os.path.lexists(here):
            return here
    return uri


def follow(store: MetadataStore, root: str) -> MetadataStore:
    """Return a store whose artifacts are found, though the folder `root` was moved with them."""
    return store if "://" in root else cast(MetadataStore, _MovedStore(store, root))


def moved_path(path: str, old_root: str, new_root: str) -> str:
    """Return where a path of a project is, whose artifact root was moved with it.

    >>> moved_path("/a/old/pipelines/p", "/a/old/.mlops/artifacts", "/b/new/.mlops/artifacts")
    '/b/new/pipelines/p'
    """
    old, new = Path(old_root).parts, Path(new_root).parts
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    before, now = Path(*old[: len(old) - same]), Path(*new[: len(new) - same])
    there = Path(path)
    if not same or there.exists() or not there.is_relative_to(before):
        return path
    return str(now / there.relative_to(before))
