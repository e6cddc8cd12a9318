"""Results of a scheduler's steps: a file, the message that a pod ends with, or standard output."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mlops_pipeline.cli.output import write_json
from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.airflow import TERMINATION_LOG, write_message


def is_pod(file: str | None) -> bool:
    """Return True if a result goes to the message of a pod: the step is all that the pod does."""
    return file == TERMINATION_LOG


def check_result(file: str | None) -> None:
    """Refuse a result file that cannot be written, before any work is done.

    Raises:
        SettingsError: it cannot be written.
    """
    folder = Path(file or ".").absolute().parent
    if is_pod(file):
        writable = os.access(TERMINATION_LOG, os.W_OK)
    else:
        writable = folder.is_dir() and os.access(folder, os.W_OK)
    if not writable:
        raise SettingsError(
            f"--result {file} cannot be written",
            hint="name a file in a folder that exists and is writable",
        )


def write_result(file: str | None, data: Any) -> None:
    """Write a result to its file, or to standard output if there is none or it has no folder."""
    if not file or not Path(file).absolute().parent.is_dir():
        write_json(data)
    elif is_pod(file):
        write_message(data, Path(TERMINATION_LOG))
    else:
        _write_whole(Path(file), json.dumps(data, indent=2) + "\n")


def _write_whole(file: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
