"""The state of a Git checkout: its commit, read from its files, and what differs from that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_LARGEST = 4 * 1024 * 1024
_SECONDS = 20.0


class Checkout(NamedTuple):
    """A Git checkout.

    Args:
        folder: its top.
        control: the folder of Git's own files of this checkout.
        commit: empty before the first one.
    """

    folder: Path
    control: Path
    commit: str


def find_checkout(folder: Path) -> Checkout | None:
    """Return the checkout that a folder is in, without asking Git, which may be absent."""
    for each in (folder, *folder.parents):
        control = each / ".git"
        try:
            if control.is_file():
                text = control.read_text("utf-8", "replace").partition("gitdir:")[2].strip()
                control = each / text
            if (control / "HEAD").is_file():
                return Checkout(each, control, _commit(control))
        except (OSError, ValueError):
            return None
    return None


def _commit(control: Path) -> str:
    head = _text(control / "HEAD")
    if not head.startswith("ref: "):
        return head if _is_commit(head) else ""
    name = head.removeprefix("ref: ")
    shared = _text(control / "commondir")
    for folder in (control, control / shared) if shared else (control,):
        if ".." not in name.split("/") and _is_commit(found := _text(folder / name)):
            return found
        for line in _text(folder / "packed-refs").splitlines():
            commit, _, reference = line.partition(" ")
            if reference == name and _is_commit(commit):
                return commit
    return ""


def _is_commit(text: str) -> bool:
    return len(text) in (40, 64) and not set(text) - set("0123456789abcdef")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except (OSError, ValueError):
        return ""


def difference(checkout: Checkout, paths: Sequence[str]) -> tuple[str, str]:
    """Return how files differ from the commit, as a patch; and why there is none, in words."""
    if not checkout.commit:
        return "", "nothing is committed yet"
    # Most runs have the sources of an earlier one, whose difference is known.
    import subprocess

    command = [
        *("git", "-c", "core.fsmonitor=false", "--literal-pathspecs", "-C", str(checkout.folder)),
        *("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--binary", "HEAD", "--"),
        *paths,
    ]
    try:
        found = subprocess.run(
            command,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except FileNotFoundError:
        return "", "git is not installed"
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"git did not answer: {error}"
    if found.returncode:
        said = found.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        return "", f"git says: {said[:300]}"
    if len(found.stdout) > _LARGEST:
        return "", f"it has {len(found.stdout)} bytes; up to {_LARGEST} are kept"
    return found.stdout.decode("utf-8", "replace"), ""
