"""Records of failures: one line, a hint, a short traceback, and never a secret."""

from __future__ import annotations

import contextlib
import json
import sys
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mlops_pipeline.errors import ExecutorError, PipelineError
from mlops_pipeline.executors.task import TaskResult
from mlops_pipeline.gate import Finding, Gate
from mlops_pipeline.tracebacks import frames_of_user, summary, tail, traceback_tail

MASK = "***"
# A line of a secret that is shorter than this (an END marker, a brace) gives nothing away.
_SHORTEST_LINE = 8
_CUT = "...\n"  # Begins what `tracebacks.tail` has cut.


class Redactor:
    """Replaces secrets in texts.

    Args:
        secrets: the values to hide; empty ones are left out.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        needles: set[str] = set()
        for secret in secrets:
            needles |= {secret, *_spellings(secret.strip())}
            lines = secret.splitlines()
            if len(lines) > 1:
                # Logs are read line by line, so each line of a key has to be hidden too.
                needles |= {line for line in lines if len(line) >= _SHORTEST_LINE}
        # Longest first, or a part would be replaced and leave the rest of the whole readable.
        self._needles = sorted(needles - {""}, key=lambda n: (-len(n), n))

    @property
    def longest(self) -> int:
        """Length in bytes of the longest text that is replaced."""
        return max((len(needle.encode()) for needle in self._needles), default=0)

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        for needle in self._needles:
            text = text.replace(needle, MASK)
        return text

    def data(self, data: bytes) -> bytes:
        """Return `data` without secrets."""
        for needle in self._needles:
            data = data.replace(needle.encode(), MASK.encode())
        return data

    def value(self, value: Any) -> Any:
        """Return a JSON value whose texts are without secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return value

    def result(self, result: TaskResult) -> TaskResult:
        """Return a task's result without secrets."""
        if not self._needles:
            return result
        return TaskResult(
            properties=self.value(result.properties),
            error=self.text(result.error),
            hint=self.text(result.hint),
            details=self._without_parts(self.text(result.details)),
            retryable=result.retryable,
            gate=self._gate(result.gate),
            observed=result.observed,
            stale=result.stale,
        )

    def _without_parts(self, text: str) -> str:
        """Return a text, which may have been cut in a secret, without the part at either end."""
        head = _CUT if text.startswith(_CUT) else ""
        text = text[len(head) :]
        for needle in self._needles:
            for length in range(len(needle) - 1, _SHORTEST_LINE - 1, -1):
                if text.startswith(needle[-length:]):
                    text = MASK + text[length:]
                if text.endswith(needle[:length]):
                    text = text[:-length] + MASK
        return head + text

    def _gate(self, gate: Gate | None) -> Gate | None:
        if gate is None:
            return None
        found = (Finding(each.action, self.text(each.reason)) for each in gate.findings)
        return Gate(tuple(found), gate.node)


class _Hiding:
    """A text stream without secrets; all else is the stream's own."""

    def __init__(self, stream: Any, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._stream.write(self._redactor.text(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


@contextlib.contextmanager
def hiding(redactor: Redactor) -> Iterator[None]:
    """Have what is printed in this process meanwhile printed without secrets."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Hiding(stream, redactor) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and as a repr, JSON, URLs, base64 and hex write it."""
    # Loaded here: most tasks have no secrets, and `html` takes as long to load as a task to run.
    import base64
    import html

    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(json.dumps(secret))[3:-3]
    yield html.escape(secret)
    if len(secret) < _SHORTEST_LINE:
        return  # Its digits would be found in any number.
    data = secret.encode("utf-8", "surrogateescape")
    quoted = urllib.parse.quote_from_bytes(data, safe="")
    yield from (quoted, quoted.lower(), urllib.parse.quote(data), urllib.parse.quote_plus(data))
    yield from (data.hex(), data.hex().upper())
    # As MIME and the shell write it.
    lines = base64.encodebytes(data).decode().splitlines()
    yield from (line for line in lines if len(line) >= _SHORTEST_LINE)
    # In a longer text (`user:secret`) it begins at one of three bits, and its ends mix with others.
    for before in range(3):
        code = base64.b64encode(b"\0" * before + data).decode()
        whole = code[4 if before else 0 : len(code) - (4 if code.endswith("=") else 0)]
        yield from (whole, whole.replace("+", "-").replace("/", "_"))


def failed(error: BaseException, hide: Callable[[str], str] = str) -> TaskResult:
    """Return the result of a task that raised.

    Args:
        hide: takes the secrets out of a text, before the text is cut.

    The framework's own errors that are not an `ExecutorError` are mistakes that another attempt
    does not fix, so they are not retryable; exceptions of the user's code are.
    """
    if isinstance(error, ExecutorError):
        details = error.details or frames_of_user(error, hide)
        return _result(error.message, error.hint, details, error.retryable)
    if isinstance(error, PipelineError):
        return _result(error.message, error.hint, frames_of_user(error, hide), False)
    if isinstance(error, SystemExit):
        hint = "raise an exception, or return: an executor must not end its process"
        return _result(f"SystemExit: {error.code}", hint, traceback_tail(error, hide), True)
    return _result(summary(error), "", traceback_tail(error, hide), True)


def _result(message: str, hint: str, details: str, retryable: bool) -> TaskResult:
    return TaskResult(
        error=message or "failed without a message",
        hint=hint,
        details=tail(details),
        retryable=retryable,
    )
