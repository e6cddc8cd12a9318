"""The command `mlops`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

INTERRUPTED = 130
"""Exit code after Ctrl-C, the same as in shells."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process: 0 done, 1 the run failed, 2 the user's mistake."""
    # A scheduler that ends us gets the same clean store as Ctrl-C leaves.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = call(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone; the interpreter must not flush it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def call(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    import click

    from mlops_pipeline.cli.app import app
    from mlops_pipeline.cli.output import complain
    from mlops_pipeline.errors import PipelineError

    try:
        result = app.main(arguments, prog_name="mlops", standalone_mode=False)
    except PipelineError as error:
        complain(error.message, hint=error.hint, where=error.where)
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message().rstrip("."), hint=_usage_hint(error))
        return 2
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _usage_hint(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path} --help`" if context else ""
