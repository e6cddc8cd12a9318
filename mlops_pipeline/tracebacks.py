"""An exception in one line, and its traceback from the user's code on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

DETAILS_LIMIT = 8_000
"""Bytes of a traceback that are kept."""

_FRAMEWORK = str(Path(__file__).parent)
_PYTHON = str(Path(json.__file__).parent.parent)


def summary(error: BaseException) -> str:
    """Return an exception in one line: `ValueError: no rows`."""
    name = type(error).__qualname__
    lines = str(error).strip().splitlines()
    return f"{name}: {lines[0]}" if lines else name


def traceback_tail(error: BaseException, hide: Callable[[str], str] = str) -> str:
    """Return the traceback from the user's first frame on, cut to `DETAILS_LIMIT` from its end.

    Args:
        hide: takes the secrets out of the text, before it is cut.
    """
    # Only a failure pays for this import.
    import traceback

    trace = _user_part(error.__traceback__)
    return tail(hide("".join(traceback.format_exception(type(error), error, trace))))


def frames_of_user(error: BaseException, hide: Callable[[str], str] = str) -> str:
    """Return the traceback of a mistake, if it came through code of the user's.

    A standard component says what is wrong with what it was given: where it does so tells nothing.
    """
    trace = error.__traceback__
    while trace is not None:
        if _is_user(trace.tb_frame.f_code.co_filename):
            return traceback_tail(error, hide)
        trace = trace.tb_next
    return ""


def _user_part(trace: TracebackType | None) -> TracebackType | None:
    for wanted in (_is_user, lambda file: not _is_framework(file)):
        part = trace
        while part is not None and not wanted(part.tb_frame.f_code.co_filename):
            part = part.tb_next
        if part is not None:
            return part
    # Raised by the framework itself: then its frames are all there is to show.
    return trace


def _is_user(filename: str) -> bool:
    """Return True if a file is neither ours nor installed."""
    folders = [folder.name for folder in Path(filename).parents[:2]]
    ours = _is_framework(filename) or "mlops_components" in folders
    return not (ours or filename.startswith(_PYTHON) or "site-packages" in filename)


def _is_framework(filename: str) -> bool:
    return filename.startswith((_FRAMEWORK, "<frozen importlib", "<string>"))


def tail(text: str, limit: int = DETAILS_LIMIT) -> str:
    """Return the end of a text, from the start of a line, in at most `limit` bytes."""
    data = text.strip("\n").encode(errors="replace")
    if len(data) <= limit:
        return data.decode()
    cut = data[-(limit - len("...\n")) :]
    head, _, rest = cut.partition(b"\n")
    return "...\n" + (rest or head).decode(errors="ignore")
