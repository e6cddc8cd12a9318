"""Parts of a transformation: one input each, with the folders of its analyzer cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_components.records import SplitFiles


@dataclass(frozen=True)
class CacheFolders:
    """Folders of the analyzer cache: the one to read, if any, and the one to write."""

    old: Path | None
    new: Path


@dataclass(frozen=True)
class Part:
    """A split of one artifact; its digest is of the content."""

    split: str
    digest: str
    files: SplitFiles
