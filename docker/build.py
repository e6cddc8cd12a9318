"""Build an image: `python3 docker/build.py ml`.

    light     nodes without TensorFlow            localhost/mlops-light:1
    ml        nodes with TensorFlow, on CPUs      localhost/mlops-ml:1
    airflow   Airflow 3, on top of ml or light    localhost/mlops-airflow:1

`--from-packages` needs no registry of images: it makes a base image from Debian's packages first,
with mmdebstrap, as root. pip gets the configuration of this machine, and leaves none of it in the
image. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ("light", "ml", "airflow")
BASE = "localhost/mlops-base:bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
LABEL = "mlops.sources"

# With these, podman runs where cgroups are old and limits cannot be raised.
MODEST = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
"""


def tag(image: str) -> str:
    return f"localhost/mlops-{image}:1"


def run(*command: str, **options: object) -> None:
    done = subprocess.run(command, **options)  # type: ignore[call-overload]
    if done.returncode:
        sys.exit(f"build.py: {' '.join(command[:3])} ... ended with {done.returncode}")


def pip_configuration() -> tuple[str, list[str]]:
    """Return pip's settings on this machine as one file, and the paths that they name."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings: dict[str, str] = {}
    for scope, name, value in re.findall(r"^(\S+?)\.(\S+)='(.*)'$", told, re.M):
        # Variables win over files, as in pip.
        if scope in ("global", "install", "user", "site", ":env:"):
            settings[name] = value
    values = " ".join(settings.values()).replace("\\n", " ").split()
    places = [value.removeprefix("file://") for value in values]
    # An index on this disk has its files beside it.
    roots = {
        place.removesuffix("/simple")
        for place in places
        if place.startswith("/") and Path(place).exists()
    }
    lines = [f"{name} = {value.replace(chr(92) + 'n', ' ')}" for name, value in settings.items()]
    return "\n".join(["[global]", *lines, ""]), sorted(roots)


def engine_environment(folder: Path) -> dict[str, str]:
    """Return settings that limit podman's demands, unless this machine has its own."""
    if os.environ.get("CONTAINERS_CONF") or Path("/etc/containers/containers.conf").exists():
        return dict(os.environ)
    (folder / "containers.conf").write_text(MODEST)
    return {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}


def has(image: str, environment: dict[str, str]) -> bool:
    return not subprocess.run(["podman", "image", "exists", image], env=environment).returncode


def sources(image: str) -> str:
    """Return the digest of what an image takes from this checkout."""
    recipe = ROOT / "docker" / image / "Containerfile"
    files = {recipe}
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", recipe.read_text(), re.M):
        for place in (ROOT / name for name in copied.split()):
            files |= {place} if place.is_file() else set(place.rglob("*"))
    total = hashlib.sha256()
    for file in sorted(files):
        if file.is_file() and "__pycache__" not in file.parts:
            data = file.read_bytes()
            total.update(f"{file.relative_to(ROOT)}\0{len(data)}\0".encode() + data)
    return total.hexdigest()


def is_new(image: str, environment: dict[str, str]) -> bool:
    """Return True if an image is there, made of what is in this checkout now."""
    shown = ["podman", "image", "inspect", "--format", "{{json .Labels}}", tag(image)]
    told = subprocess.run(shown, env=environment, capture_output=True, text=True)
    labels = json.loads(told.stdout) if told.returncode == 0 else None
    return (labels or {}).get(LABEL) == sources(image)


def mirror() -> str:
    """Return the address of this machine's Debian packages."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)"],
        capture_output=True,
        text=True,
    ).stdout
    for line in told.splitlines():
        site, _, release = line.rpartition(" ")
        if release == "bookworm" and site.endswith("/debian"):
            return site
    sys.exit("build.py: apt of this machine knows no Debian bookworm; give an image with --base")


def make_base(folder: Path, environment: dict[str, str]) -> None:
    """Make a base image from Debian's packages."""
    if not shutil.which("mmdebstrap"):
        sys.exit("build.py: there is no mmdebstrap: apt-get install mmdebstrap")
    log, archive = folder / "mmdebstrap.log", folder / "base.tar"
    unwanted = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("doc", "man", "locale")]
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={PACKAGES}", *unwanted]
    with log.open("w") as out:
        made = subprocess.run(
            [*command, "bookworm", str(archive), mirror()], stdout=out, stderr=out
        )
    if made.returncode:
        sys.exit(f"build.py: mmdebstrap failed: {log.read_text()[-500:]}")
    run("podman", "import", "--quiet", str(archive), BASE, env=environment, **QUIETLY)


QUIETLY = {"stdout": subprocess.DEVNULL}


def build(chosen: argparse.Namespace, base: str, folder: Path, environment: dict[str, str]) -> None:
    image, keep = chosen.image, chosen.keep_layers
    settings, places = pip_configuration()
    (folder / "pip.conf").write_text(settings)
    argument = f"NODES={base}" if image == "airflow" else f"BASE={base}"
    run(
        *("podman", "build", "--isolation=chroot", f"--layers={str(keep).lower()}"),
        f"--label={LABEL}={sources(image)}",
        f"--ignorefile={ROOT / 'docker' / 'context.ignore'}",
        f"--secret=id=pip,src={folder / 'pip.conf'}",
        *(f"--volume={place}:{place}:ro" for place in places),
        *([f"--build-arg={argument}"] if base else []),
        *("--tag", tag(image), "--file", str(ROOT / "docker" / image / "Containerfile")),
        str(ROOT),
        env=environment,
        stdout=sys.stderr,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image", choices=IMAGES)
    parser.add_argument("--base", default="", help="base image (airflow: the image with the nodes)")
    parser.add_argument("--keep-layers", action="store_true", help="build again faster, for disk")
    parser.add_argument("--from-packages", action="store_true", help="make the base image here")
    parser.add_argument(
        "--if-changed", action="store_true", help="leave one that is as it should be"
    )
    chosen = parser.parse_args()
    if not shutil.which("podman"):
        sys.exit(
            "build.py: there is no podman; docker build -f docker/IMAGE/Containerfile . will do"
        )
    with tempfile.TemporaryDirectory(prefix="mlops-image-") as name:
        folder = Path(name)
        environment = engine_environment(folder)
        if chosen.if_changed and is_new(chosen.image, environment):
            print(f"{tag(chosen.image)}: of these sources already")
            return 0
        base = chosen.base
        if chosen.from_packages and chosen.image != "airflow" and not base:
            base = BASE
            if not has(base, environment):
                begun = time.monotonic()
                make_base(folder, environment)
                print(f"{BASE} made in {time.monotonic() - begun:.0f} s", flush=True)
        begun = time.monotonic()
        build(chosen, base, folder, environment)
        told = subprocess.run(
            ["podman", "image", "inspect", tag(chosen.image)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        size = json.loads(told.stdout)[0]["Size"]
        print(
            f"{tag(chosen.image)}: {size / 1e6:.0f} MB, built in {time.monotonic() - begun:.0f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
