"""Files of compiled pipelines, as DAG files name them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from mlops_pipeline.errors import CompileError


def beside_dag_file(file: str | Path) -> Path:
    """Return the path of a file that a DAG file names: beside that DAG file if it is relative.

    Airflow's processes have working folders of their own. A DAG file may call a function of
    another module that makes its DAG, so every file that leads here is asked, the nearest first.

    Raises:
        CompileError: it lies beside none of them.
    """
    path = Path(file)
    if path.is_absolute():
        return path
    folders = list(dict.fromkeys(_callers())) or [Path.cwd()]
    for folder in folders:
        if (folder / path).exists():
            return folder / path
    raise CompileError(
        f"there is no {path} in {folders[0]}, beside the DAG file",
        hint="compile the pipeline to there, or give an absolute path",
    )


def _callers() -> Iterator[Path]:
    """Yield the folders of the files whose code is being called, without those of this package."""
    own = Path(__file__).resolve().parent
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        folder = Path(name).absolute().parent
        # Code without a file, as Python's own importing, would name the working folder.
        if folder != own and not name.startswith("<"):
            yield folder
        frame = frame.f_back
