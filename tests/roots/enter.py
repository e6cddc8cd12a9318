"""Runs commands in a root: in namespaces of their own, which end with the one who asked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import keep

# As many as Linux follows in one path.
LINKS = 40
# This machine's own files go out of sight before anything else runs.
INSIDE = 'umount -l /.host && cd "$1" && shift && exec "$@"'


class Root(NamedTuple):
    """A root, and what it sees of this machine: files and folders to read, and one to share."""

    tree: Path
    binds: Mapping[str, str]
    shared: Path | None = None


def parent(tree: Path, inside: str) -> Path:
    """Find the folder of a path of the root on this machine.

    Links in it are followed as in the root: absolute ones start at the tree, and `..` ends there.

    Raises:
        keep.Failed: the links go round in a circle.
    """
    found, rest, links = tree, list(Path(inside).parent.parts), 0
    while rest:
        part = rest.pop(0)
        if part in ("/", ".."):
            found = tree if part == "/" or found == tree else found.parent
        elif (found / part).is_symlink():
            links += 1
            if links > LINKS:
                raise keep.Failed(f"the links of {inside} in {tree} go round in a circle")
            rest = [*(found / part).readlink().parts, *rest]
        else:
            found /= part
    return found


def mounting(root: Root) -> str:
    """A shell script that mounts what a root needs, and enters it. All of it is seen only there."""
    tree = shlex.quote(str(root.tree))
    lines = [
        "set -e",
        "mount --make-rprivate /",
        # A root that is a mount: container engines change it again.
        f"mount --bind {tree} {tree}",
        f"mount -t proc proc {tree}/proc",
        f"mount --rbind /sys {tree}/sys",
        f"mount --rbind /dev {tree}/dev",
        f"mount -t tmpfs -o mode=1777 tmpfs {tree}/run",
    ]
    binds = {**root.binds, **({str(root.shared): str(root.shared)} if root.shared else {})}
    for inside, outside in binds.items():
        folder = parent(root.tree, inside)
        target, source = shlex.quote(str(folder / Path(inside).name)), shlex.quote(outside)
        make = "mkdir -p" if Path(outside).is_dir() else "touch"
        lines += [
            f"mkdir -p {shlex.quote(str(folder))}",
            # What is there already may be a link, which a mount would follow to this machine.
            f"[ -e {target} ] && [ ! -L {target} ] || {{ rm -f {target}; {make} {target}; }}",
            f"mount --bind {source} {target}",
            *([f"mount -o remount,bind,ro {target}"] if inside in root.binds else []),
        ]
    lines += [
        f"cd {tree}",
        "mkdir -p .host",
        "pivot_root . .host",
        # As the first process of its namespace, the shell stays to collect what others leave.
        "set +e",
        f'chroot . /bin/sh -c {shlex.quote(INSIDE)} sh "$@"',
        "exit $?",
    ]
    return "\n".join(lines)


def command(root: Root, argv: Sequence[str], folder: str = "/") -> list[str]:
    """The command line that runs `argv` in a root; all of it is killed when its parent dies."""
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"),
        *("sh", "-c", mounting(root), "sh", folder, *argv),
    ]
