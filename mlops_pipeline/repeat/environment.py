"""The environment of a run against the one of today, and a copy of it, made by `uv`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mlops_pipeline
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.repeat.restoring import WorkTree
from mlops_pipeline.snapshot import describe_machine

_OURS = ("mlops-pipeline",)


def environment_changes(then: Mapping[str, Any]) -> list[str]:
    """Return what differs here from the machine of a snapshot, in words.

    Args:
        then: as `describe_machine` gave it.
    """
    now = describe_machine()
    found = []
    for section, word in (("python", ""), ("packages", "package "), ("variables", "variable ")):
        found += list(_differences(word, then.get(section), now[section]))
    return [*found, *_differences("", then.get("hardware"), now["hardware"])]


def _differences(word: str, then: Any, now: Mapping[str, Any]) -> Iterator[str]:
    before = then if isinstance(then, Mapping) else {}
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old != new:
            shown = ("none" if each is None else str(each) for each in (old, new))
            yield f"{word}{name}: {' -> '.join(shown)}"


def make_environment(tree: WorkTree) -> Path:
    """Make the environment of a run in its work tree, by `uv`; returns its Python.

    It has what the recorded lock file says, else the packages in their recorded versions.

    Raises:
        PipelineError: `uv` is not there, nothing was recorded, or it cannot be made.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise PipelineError(
            "--make-environment needs uv, which is not installed", hint="pip install uv"
        )
    if tree.snapshot is None:
        raise PipelineError(
            "the run has recorded neither a lock file nor packages",
            hint="repeat it without --make-environment",
        )
    machine = tree.snapshot.machine
    version = str(machine.get("python", {}).get("python", ""))
    place = tree.folder / ".environment"
    _call([uv, "venv", "--quiet", *(["--python", version] if version else []), str(place)])
    python = place / "bin" / "python"
    lock = tree.lock
    if lock is not None and lock.name == "uv.lock" and (lock.parent / "pyproject.toml").is_file():
        # The project itself is imported from the work tree.
        command = [uv, "sync", "--quiet", "--frozen", "--no-install-project", "--project"]
        _call([*command, str(lock.parent)], UV_PROJECT_ENVIRONMENT=str(place))
    elif lock is not None and lock.name in ("pylock.toml", "requirements.lock"):
        _call([uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(lock)])
    else:
        wanted = tree.folder / ".packages.txt"
        packages = machine.get("packages", {})
        lines = [f"{name}=={each}" for name, each in packages.items() if name not in _OURS]
        wanted.write_text("\n".join(lines))
        install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python)]
        _call([*install, "-r", str(wanted)])
    _add_framework(place)
    return python


def _add_framework(place: Path) -> None:
    """Let the environment find this framework, unless it has one of its own."""
    here = Path(mlops_pipeline.__file__).parents[1]
    folders = [str(each) for each in (here, here / "components", here / "metadata")]
    for site in place.glob("lib/python*/site-packages"):
        (site / "mlops_repeat.pth").write_text("\n".join(folders))


def _call(command: list[str], **variables: str) -> None:
    environment = {**os.environ, **variables}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip()[-2000:]
        raise PipelineError(
            f"the environment of the run cannot be made: {said}",
            hint="repeat it without --make-environment, in an environment that you make",
        )
