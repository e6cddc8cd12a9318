"""Real runs, and their pages asked for as a browser does."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asgi_client import Asking
from page_browser import Served, number, open_chromium, serve_runs
from page_runs import read_three_runs

from mlops_pipeline.ui.views import Reader

# The environments of TFX and of others do without the web server.
if importlib.util.find_spec("starlette") is None or importlib.util.find_spec("jinja2") is None:
    collect_ignore = [
        f"test_{name}.py"
        for name in (
            "app",
            "browser",
            "guard",
            "islands",
            "notebook",
            "render",
            "report",
            "report_browser",
            "server",
        )
    ]

HOST = "127.0.0.1:8700"

Client = Callable[..., Any]


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return read_three_runs(tmp_path_factory.mktemp("pages"))


@pytest.fixture
def client() -> Client:
    """Makes what asks an application that may show all."""
    from mlops_pipeline.ui.app import make_app
    from mlops_pipeline.ui.guard import Access

    def made(reader: Reader, access: Access | None = None, host: str = HOST) -> Asking:
        return Asking(make_app(lambda: reader, access or Access()), host)

    return made


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_runs(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def addresses(served: Served) -> list[str]:
    model, evaluation = number(served, "Model"), number(served, "ModelEvaluation")
    return [
        "",
        "runs",
        "run?id=second",
        "run?id=failing",
        "node?run=failing&name=Train",
        "node?run=second&name=Evaluate",
        f"artifact?id={model}",
        f"artifact?id={evaluation}",
        f"lineage?id={evaluation}&up=3",
        f"file?artifact={model}&path=weights",
        "models",
        f"model?id={model}",
        f"model?id={model}&metric=example_count",
        "data",
        "reuse",
        "datasets",
        "search?q=paged",
    ]


@pytest.fixture(scope="session")
def axe() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


@dataclass(frozen=True)
class Going:
    """A run that goes on until a file is there."""

    id: str
    gate: Path

    def end(self) -> None:
        self.gate.touch()


@pytest.fixture
def going(served: Served) -> Iterator[Going]:
    """A run that waits for its end."""
    name = f"going-{len(list(served.folder.glob('gate-*')))}"
    found = Going(name, served.folder / f"gate-{name}")
    command = [sys.executable, "-m", "mlops_pipeline.cli", "run", "-p", f"file={found.gate}"]
    with subprocess.Popen(
        [*command, "--run-id", found.id], cwd=served.folder, stderr=subprocess.PIPE, text=True
    ) as process:
        yield found
        found.end()
        process.communicate(timeout=60)
