from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mlops_pipeline.executors.reloads import (
    facts_of_import,
    holder_of_earlier,
    is_as_its_file,
    loaded_again,
    modules_by_file,
)
from mlops_pipeline.user_code import LOADED, digest_source

HELPER = """import functools

K = 1


def f(x, y=2):
    return [x + y for _ in (1,)]


class A:
    word: str = "a"

    def g(self):
        return 1

    def annotated(self, x: int) -> int:
        return x


def annotated(x: int) -> list[int]:
    return [x]


L: int = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for file, module in modules_by_file({str(each) for each in tmp_path.glob("*.py")}).items():
        del sys.modules[module.__name__]
        LOADED.pop(file, None)


def load(folder: Path, name: str, text: str) -> tuple[ModuleType, str]:
    file = folder / f"{name}.py"
    file.write_text(text)
    return importlib.import_module(name), str(file)


@pytest.mark.parametrize(("old", "new", "same"), [
    ("K = 1", "K = 1  # one", True),
    ("import functools\n", "# more\n\nimport functools\n", True),
    ("K = 1", "K = 2", False),
    ("x + y", "x * y", False),
    ("return 1", "return 2", False),
    ("class A", "def new(): pass\n\n\nclass A", False),
])  # fmt: skip
def test_a_module_is_compared_with_its_file(old: str, new: str, same: bool, folder: Path) -> None:
    module, file = load(folder, "reloaded_helper", HELPER)
    Path(file).write_text(HELPER.replace(old, new))
    assert is_as_its_file(module, file) is same


@pytest.mark.parametrize(("user", "old", "new", "holds"), [
    ("from reloaded_helper import f", "x + y", "x * y", True),
    ("from reloaded_helper import f", "K = 1", "K = 2", False),
    ("from reloaded_helper import K as mine", "K = 1", "K = 2", True),
    ("import reloaded_helper", "x + y", "x * y", False),
    ("import reloaded_helper\nclass B(reloaded_helper.A): pass", "return 1", "return 2", True),
    ("import reloaded_helper\nclass B(reloaded_helper.A): pass", "K = 1", "K = 2", False),
])  # fmt: skip
def test_a_module_that_holds_what_another_one_was_is_named(
    user: str, old: str, new: str, holds: bool, folder: Path
) -> None:
    helper, file = load(folder, "reloaded_helper", HELPER)
    other, other_file = load(folder, "reloaded_user", user + "\n")
    LOADED[file] = digest_source(file)
    Path(file).write_text(HELPER.replace(old, new))
    loaded_again(file, None)
    importlib.reload(helper)
    assert holder_of_earlier({file, other_file}) == (other_file if holds else "")
    importlib.reload(other)
    assert holder_of_earlier({file, other_file}) == ""
    assert LOADED[file] == digest_source(file)


def test_what_an_import_read_unseen_is_what_its_constants_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELOADS_RATE", "1")
    (folder / "conf.yaml").touch()
    (folder / "other.yaml").touch()
    text = (
        "import os\nA = os.environ['RELOADS_RATE']\nB = 'conf.yaml'\ndef f(): return 'other.yaml'\n"
    )
    _, file = load(folder, "reloaded_reader", text)
    facts = facts_of_import(file)
    assert facts.environment == {"RELOADS_RATE": os.environb[b"RELOADS_RATE"]}
    assert [Path(name).name for name in facts.files] == ["conf.yaml"]
