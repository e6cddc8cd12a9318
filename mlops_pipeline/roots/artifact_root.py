"""The artifact root: where published files are kept, by path or by URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.roots.digests import StatCache
from mlops_pipeline.roots.local_copies import Copies, make_scratch
from mlops_pipeline.roots.local_root import LocalRoot
from mlops_pipeline.roots.object_store import check_url
from mlops_pipeline.roots.remote_root import RemoteRoot
from mlops_pipeline.roots.staging import Attempt
from mlops_pipeline.store import Execution, MetadataStore, Run, make_folder
from mlops_pipeline.uris import is_remote


class ArtifactRoot(Protocol):
    """Interface of an artifact root."""

    @property
    def url(self) -> str:
        """The root as a path or a URL."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Properties of the executions that write here, beside those of their staging."""

    @property
    def digests(self) -> StatCache:
        """Digests of what has been read before."""

    def attempt(self, execution: Execution) -> Attempt | None:
        """Return the folders of an execution, if it writes here."""

    def forget_state(self, run: Run) -> None:
        """Remove what failed attempts of a run, which is complete now, left for later ones."""

    def sweep(self, pipeline: str, store: MetadataStore) -> list[Execution]:
        """Remove what ended executions left behind; returns those that are RUNNING."""


def open_root(root: str, scratch: Path, copies: Copies) -> ArtifactRoot:
    """Return the artifact root at a path or a URL.

    Args:
        scratch: folder of this machine for what is on its way to a root elsewhere.
        copies: local copies of what is kept elsewhere.

    Raises:
        SettingsError: the URL cannot be used, or the library for it is missing.
    """
    if not is_remote(root):
        return LocalRoot(Path(root.removeprefix("file://")).absolute(), copies.verify)
    check_url(root)
    make_scratch(scratch)
    return RemoteRoot(root.rstrip("/"), scratch, copies)


def make_root(root: str, *, only_check: bool = False) -> None:
    """Make the folder of the artifacts, or see that their URL can be used.

    Args:
        only_check: see that the folder could be made.

    Raises:
        SettingsError: it cannot be made, or not be written to; or the URL is wrong, or the
            library for it is missing.
    """
    if is_remote(root):
        check_url(root)
        return
    folder = there = Path(root.removeprefix("file://"))
    try:
        if only_check:
            there = next(each for each in (folder, *folder.parents) if each.exists())
        else:
            make_folder(folder)
        cause = "" if os.access(there, os.W_OK | os.X_OK) else "permission denied"
        cause = cause if there.is_dir() else f"{there} is a file"
    except OSError as error:
        cause = str(error.strerror or error).lower()
    if cause:
        raise SettingsError(
            f"artifacts cannot be kept in {folder}: {cause}",
            hint="choose another folder with --root, or `root` in mlops.toml",
        )
