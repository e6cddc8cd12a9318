"""Namespaces for a cluster: its processes, mounts and network are its own, and end with it.

What is killed leaves a folder and empty cgroups, which the next one removes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from program import Failed
from settings import ADDRESS, Layout, plugins

CGROUPS = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuset", "hugetlb", "io", "memory", "pids")
# Where containerd and CNI keep what is no more than a mount or a socket.
OWN = ("/run/containerd", "/run/netns")
INSIDE = f"""set -e
mount --make-rprivate /
mount --make-rshared /
mount -t proc proc /proc
for folder in {" ".join(OWN)}
do mkdir -p $folder; mount -t tmpfs tmpfs $folder
done
# Thousands of files of an image go with the mount: to remove them takes longer than a test.
mount -t tmpfs -o mode=755 tmpfs "$1"
shift
ip link set lo up
ip address add {ADDRESS}/32 dev lo
set +e
# As the first process of its namespace, the shell stays to collect what others leave.
"$@"
exit $?
"""


def obstacle() -> str:
    """The reason why no cluster can be started on this machine; empty if there is none."""
    if os.geteuid() != 0:
        return "only root can start one"
    if os.uname().machine != "x86_64":
        return f"it is for x86-64, and this is {os.uname().machine}"
    for program, package in (
        *(("unshare", "util-linux"), ("setpriv", "util-linux"), ("ip", "iproute2")),
        *(("containerd", "containerd"), ("ctr", "containerd"), ("runc", "runc")),
        *(("openssl", "openssl"), ("podman", "podman")),
    ):
        if not shutil.which(program):
            return f"there is no {program}: apt-get install {package}"
    if not plugins():
        return "there are no CNI plugins: apt-get install containernetworking-plugins"
    if subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"]).returncode:
        return "this machine gives no namespaces"
    if not CGROUPS.is_dir() or not all(os.access(root, os.W_OK) for root in hierarchies()):
        return f"{CGROUPS} cannot be written here"
    return ""


def hierarchies() -> list[Path]:
    """The roots of all cgroups: one of each controller where they are old, else one."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [each for each in sorted(CGROUPS.iterdir()) if (each / "cgroup.procs").exists()]


def make_cgroups(name: str) -> None:
    """Make a part of the cgroups of our own, so that no other kubelet removes our pods.

    Raises:
        Failed: this machine lets nobody.
    """
    try:
        for root in hierarchies():
            part = root / name
            part.mkdir(exist_ok=True)
            if root == CGROUPS:
                known = (root / "cgroup.controllers").read_text().split()
                wanted = " ".join(f"+{each}" for each in known if each in CONTROLLERS)
                (root / "cgroup.subtree_control").write_text(wanted)
            for file in ("cpuset.cpus", "cpuset.mems"):
                if root != CGROUPS and (root / file).exists():
                    (part / file).write_text((root / file).read_text())
    except OSError as error:
        raise Failed(f"cgroups cannot be made here: {error}") from None


def remove_cgroups(name: str) -> None:
    """Remove our part of the cgroups, as soon as the last process in it is gone.

    Raises:
        Failed: something still runs in it.
    """
    deadline = time.monotonic() + 20
    for root in hierarchies():
        part = root / name
        while part.exists():
            for folder in sorted((f for f in part.rglob("*") if f.is_dir()), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            with contextlib.suppress(OSError):
                part.rmdir()
            if time.monotonic() > deadline:
                raise Failed(f"{part} cannot be removed: something runs in it")
            time.sleep(0.05)


@contextlib.contextmanager
def state(kept: Path, name: str) -> Iterator[Layout]:
    """A folder and cgroups for a cluster; those that a killed one left are removed first."""
    note = kept / "state"
    if note.exists():
        remove(Path(note.read_text()), name)
    folder = Path(tempfile.mkdtemp(prefix="mlops-cluster-"))
    note.write_text(str(folder))
    layout = Layout(folder / "state", name)
    layout.state.mkdir()
    make_cgroups(name)
    try:
        yield layout
    finally:
        remove(folder, name)
        note.unlink()


def remove(folder: Path, name: str) -> None:
    """Remove what a cluster leaves when its processes have ended."""
    remove_cgroups(name)
    # What was mounted there was seen only inside.
    if folder.name.startswith("mlops-cluster-"):
        shutil.rmtree(folder, ignore_errors=True)


def command(layout: Layout, argv: Sequence[str]) -> list[str]:
    """The command line that runs `argv` in new namespaces; all of it is killed with its parent."""
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL"),
        *("sh", "-c", INSIDE, "sh", str(layout.state), *argv),
    ]
