"""Folders of versions, and servers of them."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serving_process import TOY, Served

# Environments of others do without the web server.
if importlib.util.find_spec("uvicorn") is None:
    collect_ignore = ["test_server.py", "web"]

Push = Callable[..., Path]


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """The folder of the module `toy_models`."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "toy_models.py").write_text(textwrap.dedent(TOY))
    return folder


@pytest.fixture
def push(tmp_path: Path) -> Push:
    """Puts a version into a folder of versions, at once and complete."""

    def pushed(number: int, factor: str = "2", name: str = "toy") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        copy = folder / f".{number}.tmp"
        copy.mkdir()
        (copy / "factor.txt").write_text(factor)
        copy.rename(folder / str(number))
        return folder

    return pushed


Serve = Callable[..., Served]


@pytest.fixture
def serve(toys: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts servers of toys, which end with the test."""
    started: list[Served] = []

    def made(*arguments: str) -> Served:
        served = Served([*arguments, "--predict", "toy_models:make"], toys)
        started.append(served)
        served.wait()
        return served

    yield made
    for served in started:
        served.end()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of one toy, for all tests of a module."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "toy_models.py").write_text(textwrap.dedent(TOY))
    for number, factor in ((1, "2"), (2, "3")):
        version = folder / "toy" / str(number)
        version.mkdir(parents=True)
        (version / "factor.txt").write_text(factor)
    arguments = ["toy", "--predict", "toy_models:make", "--keep", "2", "--max-body", "100000"]
    found = Served([*arguments, "--finite", "--body-seconds", "1", "--hang-seconds", "2"], folder)
    found.wait()
    found.wait("/v1/models/toy/versions/1/metadata")
    yield found
    found.end()
