"""Options that name what a server of models reads and writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mlops_pipeline.errors import NotFoundError

Command = Callable[..., Any]


def log_option(command: Command) -> Command:
    """Add the folder of the request log."""
    return click.option(
        "--log",
        type=click.Path(path_type=Path),
        default=Path("serving/log"),
        show_default=True,
        help="Folder of the request log.",
    )(command)


def existing_log(log: Path) -> Path:
    """Return the folder of a request log that is there.

    Raises:
        NotFoundError: there is none.
    """
    if not log.is_dir():
        raise NotFoundError(
            f"there is no request log at {log}", hint="name the folder of `mlops serve --log`"
        )
    return log.absolute()


def table_option(command: Command) -> Command:
    """Add the file of the routing table."""
    return click.option(
        "--table",
        type=click.Path(path_type=Path),
        default=Path("serving/table.json"),
        show_default=True,
        help="File of the routing table.",
    )(command)
