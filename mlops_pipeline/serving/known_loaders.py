"""The loaders of models that are installed, by the file that a version of theirs has."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

GROUP = "mlops_pipeline.model_loaders"


def find_loader(folder: Path) -> str:
    """Return the loader of a version as `module:name`; empty if none knows its files."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if (folder / point.name).is_file():
            return point.value
    return ""
