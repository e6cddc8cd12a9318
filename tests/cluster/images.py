"""Images for a node that has no registry: as archives, which containerd imports."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

from program import Failed
from settings import PAUSE

ROOT = Path(__file__).resolve().parents[2]
LIGHT = "localhost/mlops-light:1"


def light() -> str:
    """Build the light image, where there is none of this checkout; its name.

    Raises:
        Failed: it cannot be built here.
    """
    command = [sys.executable, str(ROOT / "docker" / "build.py"), "light"]
    done = subprocess.run(
        [*command, "--from-packages", "--if-changed"], capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"the light image was not built:\n{done.stderr.strip()[-1500:]}")
    print(done.stdout.strip(), flush=True)
    return LIGHT


def save(name: str, archive: Path) -> None:
    """Write an image of podman as an archive.

    Raises:
        Failed: there is none of this name.
    """
    command = ["podman", "save", "--quiet", "--format=docker-archive", f"--output={archive}", name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"image {name} cannot be saved: {done.stderr.strip()}")


def pause(program: Path, archive: Path) -> None:
    """Write the image that holds the namespaces of pods: one file, which is what it runs."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        file = tarfile.TarInfo("pause")
        file.size, file.mode = program.stat().st_size, 0o755
        with program.open("rb") as data:
            tar.addfile(file, data)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/pause"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    listed = [{"Config": "config.json", "RepoTags": [PAUSE], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        for name, data in {
            "config.json": json.dumps(config).encode(),
            "layer.tar": layer.getvalue(),
            "manifest.json": json.dumps(listed).encode(),
        }.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def bring(socket: str, archive: Path) -> None:
    """Import an archive for the pods of a node.

    Raises:
        Failed: containerd does not take it.
    """
    command = ["ctr", f"--address={socket}", "--namespace=k8s.io", "images", "import"]
    done = subprocess.run([*command, str(archive)], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{archive.name} cannot be imported: {done.stderr.strip()[-500:]}")
