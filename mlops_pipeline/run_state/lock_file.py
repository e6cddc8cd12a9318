"""The environment that code runs in: its lock file, and what to write down about it."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from mlops_pipeline.errors import NotFoundError

# The most exact first: a project with both `uv.lock` and `requirements.lock` is locked by uv.
LOCK_FILES = (
    "uv.lock",
    "pylock.toml",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pixi.lock",
    "conda-lock.yml",
    "requirements.lock",
)
PROJECT_FILES = ("mlops.toml", "pyproject.toml")

_INLINE_COMMENT = re.compile(r"\s#.*$")


def find_lock(base_dir: Path) -> Path | None:
    """Return the lock file of the project that a folder is in, if there is one.

    The nearest one up to the project's root counts; the root is the first folder upwards with
    `mlops.toml` or `pyproject.toml`. Without a root, only the folder itself is looked at.
    """
    for folder in _up_to_root(base_dir.absolute()):
        for name in LOCK_FILES:
            if (folder / name).is_file():
                return folder / name
    return None


def _up_to_root(folder: Path) -> Iterator[Path]:
    chain = [folder, *folder.parents]
    for depth, parent in enumerate(chain):
        if any((parent / name).is_file() for name in PROJECT_FILES):
            yield from chain[: depth + 1]
            return
    yield folder


def lock_digest(path: Path | None) -> str:
    """Return the SHA-256 of what a lock file says, in hexadecimal; empty without a lock file.

    Comments, blank lines and line ends do not count, so that a tool that only writes another
    header does not make every node run again.

    Raises:
        NotFoundError: the file cannot be read.
    """
    if path is None:
        return ""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise NotFoundError(
            f"cannot read the lock file {path}: {error.strerror}",
            hint="restore it, or remove the setting that names it",
        ) from None
    plain = path.name.startswith("requirements")
    lines = (_INLINE_COMMENT.sub("", line) if plain else line for line in text.splitlines())
    kept = [line.rstrip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    data = "\n".join(kept).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()


def describe_environment() -> dict[str, str]:
    """Return the interpreter and the platform, for the records."""
    return {
        "python": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "system": sys.platform,
        "machine": os.uname().machine,
    }
