"""Output of commands: text or JSON on standard output, errors on standard error."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click
import msgspec

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection import Screen

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """Add `--json`, as the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def limit_option(text: str, default: int = 20) -> Callable[[Command], Command]:
    """Add `--limit`, which is at least 1; `text` says what it is the number of."""
    kind = click.IntRange(1)
    return click.option("-n", "--limit", default=default, show_default=True, type=kind, help=text)


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


def timeout_option(command: Command) -> Command:
    """Add `--timeout`, in seconds; 0 stands for no limit."""

    def checked(context: click.Context, parameter: click.Parameter, value: float) -> float:
        if not 0 <= value < math.inf:
            raise click.BadParameter("it is no number of seconds")
        return value

    name, shown = "--timeout", "Longest time to wait."
    return click.option(name, default=0.0, metavar="SECONDS", callback=checked, help=shown)(command)


# Colours and styles may pass. Anything else of the kind moves the cursor, names the window, or
# turns the text around, and texts come from stores that others write.
_CONTROL = re.compile(
    "\x1b\\[[0-9;]*m|([\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff])"
)


def visible(text: str) -> str:
    """Return a text with the control characters in it written out, as Python writes them."""
    return _CONTROL.sub(lambda m: ascii(m[1])[1:-1] if m[1] else m[0], text)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Write a text to standard output or standard error, with nothing that steers a terminal."""
    click.echo(visible(text), err=err, nl=nl, color=True)


def write(lines: Iterable[str], *, err: bool = False) -> None:
    """Write lines to standard output, or to standard error."""
    for line in lines:
        echo(line, err=err)


def write_json(data: Any) -> None:
    """Write a value to standard output as JSON; records become objects, times stay numbers."""
    text = json.dumps(msgspec.to_builtins(data, enc_hook=str), indent=2, ensure_ascii=False)
    click.echo(_CONTROL.sub(lambda m: f"\\u{ord(m[0]):04x}", text))


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
        echo(paint(where, "dim"), err=True)
    echo(f"{paint(word, style)} {message}", err=True)
    if hint:
        echo(f"{paint('hint:', 'cyan')}  {hint}", err=True)


def writable_file(context: click.Context, parameter: click.Parameter, value: str) -> Path | None:
    """Check that a file of an option can be written, before the work for it begins.

    Raises:
        click.BadParameter: its folder is not there, or it is a folder itself.
    """
    if not value:
        return None
    path = Path(value).expanduser().absolute()
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else "is in a folder that does not exist"
        raise click.BadParameter(f"{value} {what}")
    return path


def write_file(path: Path, text: str | bytes) -> None:
    """Write a file so that a reader finds the old one or the whole new one.

    Raises:
        PipelineError: it cannot be written.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # A pipe, or /dev/stdout, is not replaced.
            return
        path = path.resolve()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~umask)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise PipelineError(f"cannot write {path}: {reason}", hint="name another file") from None
