"""`mlops ui` as a process of its own, and its pages asked for as a browser does."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Pages:
    """A server that runs, and the address that it printed."""

    process: subprocess.Popen[str]
    url: str

    @property
    def page(self) -> str:
        """The address without its token."""
        return self.url.partition("?")[0]

    def enter(self) -> str:
        """The cookie that the printed address leads to."""
        status, headers, _ = get(self.url)
        assert (status, headers["location"]) == (303, "./")
        return headers["set-cookie"].partition(";")[0]


@contextlib.contextmanager
def serving_pages(
    mlops: Sequence[str | Path], project: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Pages]:
    """Start `mlops ui` in a project; `mlops` is the command that is `mlops` there."""
    process = subprocess.Popen(
        [*mlops, "ui", "--port", "0"],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        words = process.stdout.readline().split()
        assert words[:2] == ["pages", "at"], process.communicate()[1]
        yield Pages(process, words[2])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def get(url: str, cookie: str = "") -> tuple[int, Message, str]:
    """Ask for a page: status, headers and content."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"cookie": cookie})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
