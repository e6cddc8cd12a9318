"""What tests of pages in Chromium share: a server of real runs, a browser, and a window of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from page_runs import paged

from mlops_pipeline.api import Where, run
from mlops_pipeline.store import open_store

SWITCHES = ("--disable-quic", "--disable-background-networking", "--disable-sync")
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
WAITING = """
import time
from pathlib import Path
from mlops_pipeline import component, pipeline

@component
def Wait(file: str) -> None:
    while not Path(file).exists():
        time.sleep(0.05)

@pipeline
def waiting(file: str) -> None:
    Wait(file=file)
"""


@dataclass
class Served:
    """A server of real runs: its address, with the token and without, and its project."""

    url: str
    folder: Path
    root: str = field(init=False)

    def __post_init__(self) -> None:
        # The path in front of all pages may be there or not.
        self.url = self.url.replace("/kept/", "/")
        self.root = self.url.partition("?")[0]


@contextmanager
def serve_runs(folder: Path) -> Iterator[Served]:
    """Run a pipeline three times, and serve the pages of it."""
    (folder / "mlops.toml").write_text("")
    (folder / "pipeline.py").write_text(WAITING)
    where = Where(f"sqlite:///{folder}/.mlops/metadata.db", folder / ".mlops" / "artifacts")
    for run_id, steps in (("first", 7), ("second", 9), ("failing", 13)):
        run(paged, {"steps": steps}, run_id=run_id, where=where, check=False, in_process=True)
    command = [sys.executable, "-m", "mlops_pipeline.cli", "ui", "--port", "0"]
    command += ["--base-path", "/kept"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Served(process.stdout.readline().split()[2], folder)
        finally:
            process.kill()


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    # Chromium's own sandbox refuses to run as root, as CI does.
    switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=switches)
        yield browser
        browser.close()


class Window:
    """A window of the browser, in which nothing may go wrong unseen."""

    def __init__(self, browser: Any, served: Served, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.add_init_script(VIOLATIONS)
        self.served = served
        self.page.goto(served.url)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, request: Any) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.served.url).netloc:
            self.elsewhere.append(request.url)

    def open(self, address: str) -> Any:
        self.page.goto(self.served.root + address)
        return self.page


def number(served: Served, kind: str) -> int:
    store = open_store(f"sqlite:///{served.folder}/.mlops/metadata.db")
    found = store.artifacts_by_type(kind)[0].id
    store.close()
    return found


def open_going(window: Window, run_id: str) -> Any:
    """Open the page of a run that goes on, as soon as its node has begun."""
    page, deadline = window.open(f"run?id={run_id}"), time.monotonic() + 60
    while not page.locator("#nodes ~ * a", has_text="Wait").count():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.reload()
    return page
