"""Runs the example pipelines on this stack of libraries, for another stack to read and compare.

`python tests/stacks/results.py FOLDER` copies the pipelines to FOLDER, runs penguin and the first
month of taxi there, and writes `stack.json`. The store holds absolute paths: FOLDER has the same
path wherever it is read.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

PIPELINES = Path(__file__).resolve().parents[2] / "pipelines"
RUNS = {"penguin": [], "taxi": ["-p", "span=1"]}
STACK = "stack.json"
# oneDNN sums in another order on some processors, which training carries on: of the taxi model, the
# calibration differed by 0.13 % on an AMD EPYC.
PLAIN = {"TF_ENABLE_ONEDNN_OPTS": "0"}
LIBRARIES = (
    "tensorflow", "keras", "tensorflow-data-validation", "tensorflow-transform",
    "tensorflow-model-analysis", "tfx-bsl", "ml-metadata", "apache-beam", "numpy", "pyarrow",
    "protobuf",
)  # fmt: skip


def write(folder: Path) -> int:
    """Run the pipelines in a folder; the exit code.

    The folder is made anew, if it is one that this function made.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / STACK).is_file():
            sys.stderr.write(f"{folder} is not a folder of results: name another one" + "\n")
            return 2
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stack = {
        "folder": str(folder),
        "python": platform.python_version(),
        "glibc": platform.libc_ver()[1],
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    # First, so that a folder which was left half-way can be made anew.
    (folder / STACK).write_text(json.dumps(stack, indent=2))
    shutil.copytree(PIPELINES, folder / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    seconds = {}
    for name, parameters in RUNS.items():
        begun = time.monotonic()
        done = subprocess.run(
            [*command(name, folder), *parameters], cwd=folder, env={**os.environ, **PLAIN}
        )
        if done.returncode:
            sys.stderr.write(f"{name} has failed" + "\n")
            return 1
        seconds[name] = round(time.monotonic() - begun, 1)
    (folder / STACK).write_text(json.dumps({**stack, "seconds": seconds}, indent=2))
    sys.stdout.write(f"results of {len(RUNS)} pipelines in {folder}: {seconds}\n")
    return 0


def command(name: str, folder: Path) -> list[str]:
    """The command that runs a pipeline in a folder, with a store and a root of its own."""
    return [
        str(Path(sys.executable).with_name("mlops")), "run", f"pipelines/{name}",
        "--project", str(folder), "--store", str(folder / name / "metadata.db"),
        "--root", str(folder / name / "root"), "--run-id", f"{name}-1",
    ]  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/stacks/results.py FOLDER")
    sys.exit(write(Path(sys.argv[1]).resolve()))
