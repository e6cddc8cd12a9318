"""Real runs, and their pages asked for as a browser does."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
from asgi_client import Asking
from page_runs import read_three_runs

from mlops_pipeline.ui.views import Reader

# The environments of TFX and of others do without the web server.
if importlib.util.find_spec("starlette") is None or importlib.util.find_spec("jinja2") is None:
    collect_ignore = [f"test_{name}.py" for name in ("app", "browser", "guard", "render", "server")]

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
