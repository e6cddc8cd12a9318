"""The command `mlops`."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

INTERRUPTED = 130
"""Exit code after Ctrl-C, the same as in shells."""


class _Lasting(io.FileIO):
    """A stream of the process whose end does not end a run: what cannot be written is left out.

    Where the reader has gone, as `head` does, that is no error.
    """

    error = ""

    def write(self, data: ReadableBuffer) -> int:
        """Write some bytes, or remember why they could not be written."""
        try:
            written: int = super().write(data)
        except BrokenPipeError:
            return len(memoryview(data))
        except OSError as error:
            self.error = error.strerror or str(error)
            return len(memoryview(data))
        return written


def _lasting(stream: TextIO | None) -> tuple[TextIO, _Lasting]:
    """Return a text stream to the same file that never fails, and the file.

    Args:
        stream: None where the process was started without it.
    """
    handle = os.open(os.devnull, os.O_WRONLY) if stream is None else stream.fileno()
    file = _Lasting(handle, "w", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=stream.encoding if stream else "utf-8",
        errors=stream.errors if stream else "replace",
        line_buffering=stream is sys.stderr or file.isatty(),
    )
    return text, file


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process: 0 done, 1 the run failed, 2 the user's mistake."""
    # A scheduler that ends us gets the same clean store as Ctrl-C leaves.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stdout, out = _lasting(sys.stdout)
    sys.stderr, _ = _lasting(sys.stderr)
    code = call(arguments)
    sys.stdout.flush()
    if out.error:
        print(f"error: cannot write standard output: {out.error}", file=sys.stderr)
        code = code or 2
    sys.exit(code)


def call(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    import click

    from mlops_pipeline.cli.app import app
    from mlops_pipeline.cli.output import complain
    from mlops_pipeline.errors import PipelineError

    try:
        _refuse_unreadable(sys.argv[1:] if arguments is None else arguments)
        result = app.main(arguments, prog_name="mlops", standalone_mode=False)
    except PipelineError as error:
        complain(error.message, hint=error.hint, where=error.where)
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message().rstrip("."), hint=_usage_hint(error))
        return 2
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        complain(f"the path {str(error.filename)[:60]!r}... is too long", hint="use a shorter name")
        return 2
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _refuse_unreadable(arguments: Sequence[str]) -> None:
    """Refuse arguments that are no Unicode: no store takes them.

    Raises:
        PipelineError: there is one.
    """
    from mlops_pipeline.errors import PipelineError

    for argument in arguments:
        if any("\ud800" <= each <= "\udfff" for each in argument):
            raise PipelineError(
                f"the argument {argument[:60]!r} is no UTF-8",
                hint="use another name, or have the terminal write UTF-8",
            )


def _usage_hint(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path} --help`" if context else ""
