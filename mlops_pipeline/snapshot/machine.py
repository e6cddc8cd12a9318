"""The machine and the environment that a run has: hardware, Python, packages, seeds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_pipeline.run_state import describe_environment

SEEDS = (
    "PYTHONHASHSEED",
    "TF_DETERMINISTIC_OPS",
    "TF_CUDNN_DETERMINISTIC",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)
"""Environment variables that decide whether a training gives the same bytes twice."""


def describe_machine() -> dict[str, Any]:
    """Return the facts of this machine and environment that a repetition may depend on."""
    return {
        "python": describe_environment(),
        "packages": installed_packages(),
        "hardware": _hardware(),
        "variables": {name: os.environ[name] for name in SEEDS if name in os.environ},
    }


def installed_packages() -> dict[str, str]:
    """Return the versions of what is installed, by name, from the names of its folders."""
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            names = os.listdir(place or ".") if place else []  # noqa: PTH208 - thousands of names
        except OSError:
            continue
        for name in names:
            stem, suffix = os.path.splitext(name)  # noqa: PTH122
            if suffix == ".dist-info":
                package, _, version = stem.rpartition("-")
                # The first on the path is the one that is imported.
                found.setdefault(package.lower().replace("_", "-"), version)
    return dict(sorted(found.items()))


def _hardware() -> Mapping[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found: dict[str, Any] = {
        "machine": os.uname().machine,
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": memory,
    }
    gpus = Path("/proc/driver/nvidia/gpus")
    if gpus.is_dir():
        found["gpus"] = sorted(_model(each / "information") for each in gpus.iterdir())
    return found


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open("rb") as file:
            lines = file.read(4096).decode("ascii", "replace").splitlines()
    except OSError:
        return ""
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "")


def _model(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").partition("\n")[0].partition(":")[2].strip()
    except OSError:
        return ""
