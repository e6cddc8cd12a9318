"""What holds for all tests."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# What a shell starts in the background ignores Ctrl-C, and so would all that is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _imports_of_its_own() -> Iterator[None]:
    """Loading a pipeline puts its folder on the path; no test sees the modules of another."""
    # IPython, which TFMA imports, adds a folder in which another package is called `tests`.
    path = [entry for entry in sys.path if not entry.endswith("IPython/extensions")]
    sys.path[:] = path
    modules = set(sys.modules)
    yield
    added = [Path(folder) for folder in sys.path if folder not in path]
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and any(Path(file).is_relative_to(folder) for folder in added):
            del sys.modules[name]
