"""Origin of a run: may the folders that its record names give code to this process?

A store may be somebody else's. The folders in the record of a run are believed if this user has
begun the run, which a seal in the record says, or if they lie in the user's own project.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.roots import is_sealed, seal
from mlops_pipeline.store import Run

ORIGIN = "origin"
"""Run property: the seal of the folders of the run, by the user who began it."""


def origin(run_id: str, properties: Mapping[str, Any]) -> str:
    """Return the value of `ORIGIN` for a run that begins."""
    return seal(*_texts(run_id, properties))


def is_of_user(run: Run) -> bool:
    """Return True if this user has begun the run, with the folders that its record names."""
    given = str(run.properties.get(ORIGIN, ""))
    return bool(given) and is_sealed(given, *_texts(run.id, run.properties))


def refuse_foreign(run: Run, folders: Iterable[str | Path], own: Sequence[str | Path]) -> None:
    """Refuse folders of a run that this user has not begun, unless they are the user's.

    Raises:
        PipelineError: there is one, and it exists.
    """
    if is_of_user(run):
        return
    allowed = [Path(folder).resolve() for folder in own]
    for folder in map(Path, folders):
        found = folder.resolve()
        if folder.is_dir() and not any(found.is_relative_to(each) for each in allowed):
            raise PipelineError(
                f"run {run.id} uses {folder}, which is not in this project ({own[0]}), and you "
                "have not begun the run: its record may be anybody's",
                hint="if you trust that folder, name it: --project DIR, or import_paths in "
                "mlops.toml",
            )


def _texts(run_id: str, properties: Mapping[str, Any]) -> list[str]:
    named = (str(properties.get(name, "")) for name in ("base_dir", "root"))
    return ["run", run_id, *named, *map(str, properties.get("import_paths") or ())]
