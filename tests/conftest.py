"""What holds for all tests."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# What a shell starts in the background ignores Ctrl-C, and so would all that is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Keep what collection has made, which stays, out of the garbage collector's way."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _imports_of_its_own() -> Iterator[None]:
    """Loading a pipeline puts its folder on the path; no test sees the modules of another."""
    # IPython, which TFMA imports, adds a folder in which another package is called `tests`.
    path = [entry for entry in sys.path if not entry.endswith("IPython/extensions")]
    sys.path[:] = path
    modules = set(sys.modules)
    yield
    sys.path[:] = path
    new = set(sys.modules) - modules
    folders = {str(Path(folder).absolute()) for folder in path} if new else set()
    for name in new:
        file = getattr(sys.modules[name], "__file__", None) or ""
        # What was found in a folder that only this test had on the path, which is gone from it now.
        if (
            file.startswith("/")
            and not _is_installed(file)
            and _found_in(name, file) not in folders
        ):
            del sys.modules[name]


def _is_installed(file: str) -> bool:
    return "-packages/" in file or file.startswith(f"{Path(os.__file__).parent}/")


def _found_in(name: str, file: str) -> str:
    """Return the folder of the path in which a module was found."""
    depth = name.count(".") + (Path(file).stem == "__init__")
    return str(Path(file).parents[depth])
