"""Roots of Debian that are kept between runs: made whole or not at all, one user at a time."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

SUITE = "trixie"
# What the README says a machine needs, git for the clone, and what some tests start.
NEEDED = ("python3", "python3-venv", "python3-dev", "g++", "git", "ca-certificates")
SERVERS = (
    *("podman", "runc", "nftables", "busybox-static", "postgresql", "mariadb-server", "openssl"),
    *("mmdebstrap", "mount", "procps"),
)
FORM = "1"


class Failed(Exception):
    """A root that could not be made or used; the message says why."""


class Recipe(NamedTuple):
    """What a root is made of."""

    suite: str
    packages: tuple[str, ...]

    @property
    def stamp(self) -> str:
        """Equal for roots that are made of the same."""
        return hashlib.sha256("\0".join([FORM, self.suite, *self.packages]).encode()).hexdigest()


def cache(environment: Mapping[str, str]) -> Path:
    """The folder of all roots: `MLOPS_TEST_ROOTS`, or one in the user's cache."""
    if named := environment.get("MLOPS_TEST_ROOTS"):
        return Path(named).absolute()
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mlops-pipeline" / "roots"


def obstacle() -> str:
    """The reason why no root can be made or entered on this machine; empty if there is none."""
    if os.geteuid() != 0:
        return "only root can enter another root"
    for program, package in (
        *(("unshare", "util-linux"), ("pivot_root", "util-linux"), ("setpriv", "util-linux")),
        *(("mmdebstrap", "mmdebstrap"), ("git", "git")),
    ):
        if not shutil.which(program):
            return f"there is no {program}: apt-get install {package}"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"]).returncode:
        return "this machine gives no namespace of mounts"
    return ""


@contextlib.contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Only one user of a root at a time, until the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another run in {folder / name}", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        # A mmdebstrap that goes on when we are killed holds the lock to its end.
        os.set_inheritable(file.fileno(), True)
        yield


def mounts() -> list[str]:
    """List the mount points of this process, as the kernel resolved them."""
    lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    # Spaces, tabs, line ends and backslashes are octal there.
    return [re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), x.split()[4]) for x in lines]


def check_unmounted(tree: Path) -> None:
    """Refuse a root in which something is mounted, or which is a mount: it would be emptied, too.

    Raises:
        Failed: names the root and the first mount.
    """
    real = str(tree.resolve())
    for path in mounts():
        if path == real or path.startswith(f"{real}/"):
            raise Failed(f"{tree} is not touched: {path} is mounted there; umount it first")


def remove(tree: Path) -> None:
    """Remove a root, never what is mounted in it; of a link to one, the link only."""
    check_unmounted(tree)
    done = subprocess.run(
        ["rm", "-rf", "--one-file-system", str(tree)], capture_output=True, text=True
    )
    if done.returncode:
        cause = done.stderr.strip() or f"exit code {done.returncode}"
        raise Failed(f"{tree} could not be removed: {cause}")


def clear(tree: Path) -> None:
    """Remove a root, and what killed runs left of others.

    It gets another name first, so that half a one is never taken for a whole one.
    """
    check_unmounted(tree)
    for left in tree.parent.glob(f".{tree.name}-*"):
        remove(left)
    if os.path.lexists(tree):
        remove(tree.rename(tree.with_name(f".{tree.name}-old")))


def mirror() -> list[str]:
    """The mirror of Debian that this machine's apt uses, for mmdebstrap; none if it has none."""
    targets = ["apt-get", "indextargets", "--format", "$(SITE)"]
    try:
        sites = subprocess.run(targets, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return []
    return [site for site in sites if site.rstrip("/").endswith("/debian")][:1]


def make(recipe: Recipe, tree: Path) -> None:
    """Make a root under another name first, so that half a one is never taken for a whole one."""
    half = Path(tempfile.mkdtemp(prefix=f".{tree.name}-", dir=tree.parent))
    half.chmod(0o755)
    log = tree.parent / f"{tree.name}.log"
    unwanted = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("doc", "man", "locale")]
    command = ["mmdebstrap", "--mode=root", "--variant=apt", *unwanted]
    command += [f"--include={','.join(recipe.packages)}", recipe.suite, str(half), *mirror()]
    with log.open("w") as out:
        done = subprocess.run(command, stdout=out, stderr=out, close_fds=False)
    if done.returncode:
        errors = [line for line in log.read_text(errors="replace").splitlines() if "E:" in line]
        cause = errors[-1].strip() if errors else f"exit code {done.returncode}"
        raise Failed(f"mmdebstrap could not make {tree}: {cause} (full output: {log})")
    (half / "root.json").write_text(json.dumps({"stamp": recipe.stamp}), encoding="utf-8")
    half.rename(tree)


def stamp_of(tree: Path) -> str:
    """The stamp of the recipe that a root was made from; empty if there is none."""
    try:
        kept: dict[str, str] = json.loads((tree / "root.json").read_text(encoding="utf-8"))
        return kept["stamp"]
    except (OSError, ValueError, KeyError):
        return ""


def provide(recipe: Recipe, tree: Path) -> float:
    """Make a root where it is missing or its recipe has changed; seconds, 0 if it was kept."""
    if stamp_of(tree) == recipe.stamp:
        return 0.0
    begun = time.monotonic()
    clear(tree)
    make(recipe, tree)
    return time.monotonic() - begun


def recipe(packages: Sequence[str] = (*NEEDED, *SERVERS)) -> Recipe:
    """The recipe of the root that tests run in."""
    return Recipe(SUITE, tuple(packages))
