"""Workspace of a run: its store, its artifact root, and the user's code and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_pipeline import roots
from mlops_pipeline.openlineage import recorded
from mlops_pipeline.roots import LocalRoot, digest_path
from mlops_pipeline.run_state.lock_file import find_lock
from mlops_pipeline.settings import SCRATCH_LIMIT, Settings, Verify
from mlops_pipeline.store import ArtifactRecord, MetadataStore
from mlops_pipeline.uris import is_remote, local_place

if TYPE_CHECKING:
    from mlops_pipeline.roots import ArtifactRoot, Copies, StatCache

TAG = "storage_tag"
"""Artifact property: the object store's tag of the content at publishing."""


@dataclass(frozen=True)
class Workspace:
    """Everything about the surroundings of a run that is not in the pipeline.

    Args:
        root: folder or URL below which artifacts are kept.
        base_dir: what relative paths in the pipeline are relative to.
        import_paths: folders in which user modules are looked for, first match wins.
        lock: lock file of the environment, whose content is part of every cache key.
        lease: seconds without a heartbeat after which an execution elsewhere counts as dead.
        scratch: folder of this machine for what is kept elsewhere; the user's cache folder if
            empty.
        scratch_limit: gigabytes of local copies that are kept.
        verify: which stored files are read to check them.
    """

    store: MetadataStore
    root: str
    base_dir: Path
    import_paths: tuple[str, ...] = ()
    lock: Path | None = None
    lease: float = 60.0
    scratch: str = ""
    scratch_limit: float = SCRATCH_LIMIT
    verify: Verify = "stamp"

    @cached_property
    def artifact_root(self) -> ArtifactRoot:
        """Root that artifacts are kept in.

        Raises:
            SettingsError: its URL cannot be used, or the library for it is missing.
        """
        if "://" not in self.root:
            return LocalRoot(Path(self.root).absolute(), self.verify)
        return roots.open_root(self.root, scratch_folder(self.scratch), self.copies)

    @cached_property
    def copies(self) -> Copies:
        """Local copies of artifacts that are kept elsewhere."""
        return copies_in(self.scratch, self.scratch_limit, self.verify)

    @property
    def digests(self) -> StatCache:
        """Digests of files and objects that have been read before."""
        return self.artifact_root.digests

    def digest(self, record: ArtifactRecord) -> str:
        """Digest of what is where a record says that its artifact is.

        Raises:
            NotFoundError: nothing is.
            RootError: it cannot be reached.
        """
        if record.uri.startswith("/"):
            return digest_path(record.uri, self.artifact_root.digests)
        if "://" not in record.uri:
            return digest_path(Path(record.uri), self.artifact_root.digests)
        if not is_remote(record.uri):
            return digest_path(local_place(record.uri), self.artifact_root.digests)
        known = (str(record.properties.get(TAG, "")), record.digest)
        if self.verify == "always":
            known = ("", "")
        return roots.digest_uri(record.uri, self.copies.digests, known)

    def registered(self, record: ArtifactRecord) -> ArtifactRecord:
        """Return the record with the digest of what is there now, and its tag if it has one.

        Raises:
            NotFoundError: nothing is there.
            RootError: it cannot be reached.
        """
        if not is_remote(record.uri):
            return replace(record, digest=self.digest(record))
        listing = roots.list_objects(record.uri)
        digest = roots.digest_listing(listing, self.copies.digests)
        tag = {TAG: listing.tag} if listing.tag else {}
        return replace(record, digest=digest, properties={**record.properties, **tag})

    def local_path(self, path: str) -> Path:
        """Return a path of the pipeline as an absolute one."""
        return self.base_dir / path


def copies_in(scratch: str, limit: float, verify: Verify = "stamp") -> Copies:
    """Return the local copies below a scratch folder; an empty one is the user's cache folder."""
    return roots.Copies(scratch_folder(scratch) / "copies", limit, verify)


def scratch_folder(scratch: str) -> Path:
    """Return the scratch folder of the settings; the user's cache folder if that is empty."""
    return Path(scratch) if scratch else roots.default_scratch()


def open_workspace(
    base_dir: Path, import_paths: Sequence[str], settings: Settings, store: MetadataStore
) -> Workspace:
    """Return the workspace of a loaded pipeline, by the settings."""
    lock = Path(settings.lock) if settings.lock else find_lock(base_dir)
    return Workspace(
        store=recorded(store, settings),
        root=settings.root,
        base_dir=base_dir,
        import_paths=tuple(import_paths),
        lock=lock,
        lease=settings.lease,
        scratch=settings.scratch,
        scratch_limit=settings.scratch_limit,
        verify=settings.cache_verify,
    )
