"""Output of commands: text or JSON on standard output, errors on standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click
import msgspec

from mlops_pipeline.inspection import Screen

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """Add `--json`, as the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def always_json(command: Command) -> Command:
    """Add `--json` to a command that prints nothing else."""
    return click.option(
        "--json", "as_json", is_flag=True, help="No effect; output is always JSON."
    )(command)


def screen(stream: TextIO | None = None) -> Screen:
    """Return the width and colours of a stream: unlimited and none, unless it is a terminal."""
    stream = sys.stdout if stream is None else stream
    if not stream.isatty():
        return Screen()
    return Screen(shutil.get_terminal_size().columns, "NO_COLOR" not in os.environ)


def write(lines: Iterable[str], *, err: bool = False) -> None:
    """Write lines to standard output, or to standard error."""
    for line in lines:
        click.echo(line, err=err, color=True)


def write_json(data: Any) -> None:
    """Write a value to standard output as JSON; records become objects, times stay numbers."""
    click.echo(json.dumps(msgspec.to_builtins(data, enc_hook=str), indent=2, ensure_ascii=False))


def complain(message: str, *, hint: str = "", where: str = "") -> None:
    """Write `error: ...` and `hint: ...` to standard error."""
    _print("error:", "red", message, hint=hint, where=where)


def warn(message: str, *, hint: str = "", where: str = "") -> None:
    """Write `warning: ...` and `hint: ...` to standard error."""
    _print("warning:", "yellow", message, hint=hint, where=where)


def _print(word: str, style: str, message: str, *, hint: str, where: str) -> None:
    paint = screen(sys.stderr).paint
    if where:
        where = where.removeprefix(f"{Path.cwd()}/")
        click.echo(paint(where, "dim"), err=True, color=True)
    click.echo(f"{paint(word, style)} {message}", err=True, color=True)
    if hint:
        click.echo(f"{paint('hint:', 'cyan')}  {hint}", err=True, color=True)
