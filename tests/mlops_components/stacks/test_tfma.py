"""What TFMA lacks comes back with its import, whoever asks for it first.

A package of the same name and layout stands on a path of its own.
"""

import builtins
import importlib
import importlib.resources
import importlib.util
import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mlops_components.stacks import _tfma

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "__init__.py": """
import builtins
hook = getattr(builtins, "on_import_of_stand_in", None)
if hook:
    hook()
from tensorflow_model_analysis import sdk
WriteResults = object
""",
    "sdk.py": "",
    "data.txt": "data",
    "extractors/__init__.py": "",
    "extractors/sql_slice_key_extractor.py": "sql_util = object()",
    "proto/__init__.py": "",
    "proto/config_pb2.py": """
class EvalConfig: pass
class DESCRIPTOR: message_types_by_name = {"EvalConfig": None}
""",
    "utils/__init__.py": "",
    "utils/util.py": "",
}


def _is_tfma(name: str) -> bool:
    return name == _tfma.NAME or name.startswith(f"{_tfma.NAME}.")


def _forget() -> None:
    for name in filter(_is_tfma, list(sys.modules)):
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the package, which is on the path; nothing of it is imported."""
    for name, text in FILES.items():
        file = tmp_path / _tfma.NAME / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name in filter(_is_tfma, list(sys.modules)):
        monkeypatch.delitem(sys.modules, name)
    others = [each for each in sys.meta_path if type(each).__module__ != _tfma.__name__]
    monkeypatch.setattr(sys, "meta_path", others)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    yield tmp_path
    _forget()


@pytest.fixture
def on_import(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have a function called while the package is imported."""
    return lambda hook: monkeypatch.setattr(builtins, "on_import_of_stand_in", hook, raising=False)


def imported() -> ModuleType:
    return importlib.import_module(_tfma.NAME)


def is_complete(tfma: Any) -> bool:
    return hasattr(tfma, "EvalConfig") and tfma.sdk.EvalConfig is tfma.EvalConfig


pytestmark = pytest.mark.usefixtures("folder")


def test_without_it_the_names_are_missing() -> None:
    assert not hasattr(imported(), "EvalConfig")


def test_names_come_with_the_import() -> None:
    _tfma.install()
    assert is_complete(imported())


def test_names_come_to_what_is_imported_already() -> None:
    tfma = imported()
    _tfma.install()
    assert is_complete(tfma)


def test_a_search_for_the_package_does_not_use_it_up() -> None:
    _tfma.install()
    for _ in range(2):
        assert importlib.util.find_spec(_tfma.NAME) is not None
    assert is_complete(imported())


def test_names_come_with_every_further_import() -> None:
    _tfma.install()
    tfma: Any = imported()
    del tfma.EvalConfig
    assert is_complete(importlib.reload(tfma))
    _forget()
    assert is_complete(imported())


def test_an_import_that_failed_works_the_second_time(on_import: Any) -> None:
    def fail() -> None:
        raise ImportError("no library yet")

    _tfma.install()
    on_import(fail)
    with pytest.raises(ImportError, match="no library yet"):
        imported()
    on_import(lambda: None)
    assert is_complete(imported())


def test_without_the_package_there_is_none() -> None:
    _tfma.install()
    sys.meta_path[:] = sys.meta_path[:1]
    assert importlib.util.find_spec(_tfma.NAME) is None


def test_a_spec_that_others_keep_is_left_as_it_is() -> None:
    shared: Any = PathFinder.find_spec(_tfma.NAME)
    loader: Any = shared.loader
    execute = loader.exec_module

    class Keeper:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
            return shared if name == _tfma.NAME else None

    _tfma.install()
    sys.meta_path.insert(1, Keeper)
    before = list(sys.meta_path)
    tfma = imported()
    assert is_complete(tfma)
    assert shared.loader is loader
    assert loader.exec_module == execute
    assert sys.meta_path == before


def test_source_and_data_files_are_there() -> None:
    _tfma.install()
    tfma = imported()
    assert importlib.resources.files(tfma).joinpath("data.txt").read_text() == "data"
    assert "WriteResults" in inspect.getsource(tfma)


def test_a_finder_that_asks_all_finders_again_comes_to_an_end() -> None:
    class Asking:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
            sys.meta_path.remove(Asking)
            try:
                return importlib.util.find_spec(name) if name == _tfma.NAME else None
            finally:
                sys.meta_path.insert(1, Asking)

    _tfma.install()
    sys.meta_path.insert(1, Asking)
    assert is_complete(imported())


def test_threads_that_import_at_once_all_see_the_names(on_import: Any) -> None:
    entered, go = threading.Event(), threading.Event()
    found: list[bool] = []

    def wait() -> None:
        entered.set()
        assert go.wait(60)

    _tfma.install()
    on_import(wait)
    first, second = (
        threading.Thread(target=lambda: found.append(is_complete(imported()))) for _ in range(2)
    )
    first.start()
    assert entered.wait(60)
    assert importlib.util.find_spec(_tfma.NAME) is not None
    second.start()
    go.set()
    first.join(60)
    second.join(60)
    assert found == [True, True]


@pytest.mark.slow  # Starts an interpreter.
def test_the_catalogue_of_components_installs_it(folder: Path) -> None:
    path = [folder, ROOT, ROOT / "components", ROOT / "metadata"]
    code = (
        "import importlib.util, mlops_components\n"
        "from tensorflow_model_analysis import EvalConfig, sdk\n"
        "print(sdk.EvalConfig is EvalConfig)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        check=False,
    )
    assert done.stdout == "True\n", done.stderr
