from __future__ import annotations

import contextlib
import decimal
import importlib
import locale
import logging
import os
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_pipeline.executors import Task, seed_of
from mlops_pipeline.executors.isolation import isolated
from mlops_pipeline.ir import FunctionExecutor

TASK = Task("run/node", FunctionExecutor("a:b"), key="0123456789abcdef")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


LEAKS: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "the path of modules": (lambda: sys.path.insert(0, "libs"), lambda: list(sys.path)),
    "the folder": (lambda: os.chdir("/"), Path.cwd),
    "a new variable": (lambda: os.environ.update(LEAK="1"), lambda: os.environ.get("LEAK")),
    "a lost variable": (lambda: os.environ.pop("PATH"), lambda: os.environ.get("PATH")),
    "the time zone": (
        lambda: (os.environ.update(TZ="Asia/Tokyo"), time.tzset()),
        lambda: time.localtime(0).tm_hour,
    ),
    "umask": (lambda: os.umask(0o012), _umask),
    "arguments": (lambda: sys.argv.append("x"), lambda: list(sys.argv)),
    "the recursion limit": (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
    "warnings": (lambda: warnings.simplefilter("ignore"), lambda: list(warnings.filters)),
    "the level of all logs": (
        lambda: logging.getLogger().setLevel(logging.DEBUG),
        lambda: logging.getLogger().level,
    ),
    "the level of a log": (
        lambda: logging.getLogger("leak").setLevel(logging.DEBUG),
        lambda: logging.getLogger("leak").level,
    ),
    "logs switched off": (lambda: logging.disable(), lambda: logging.root.manager.disable),
    "handlers of logs": (
        lambda: logging.getLogger().addHandler(logging.NullHandler()),
        lambda: list(logging.getLogger().handlers),
    ),
    "the locale": (
        lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8"),
        lambda: locale.setlocale(locale.LC_ALL),
    ),
    "the context of decimals": (
        lambda: setattr(decimal.getcontext(), "prec", 3),
        lambda: decimal.getcontext().prec,
    ),
    "random numbers": (lambda: random.seed(1), random.getstate),
}


@pytest.mark.parametrize("what", LEAKS)
def test_what_a_task_changes_is_put_back(what: str) -> None:
    change, look = LEAKS[what]
    logging.getLogger("leak")
    before = look()
    with isolated(TASK):
        change()
        assert look() != before or what == "the locale"
    assert look() == before


def test_what_a_task_changes_is_put_back_when_it_fails() -> None:
    before = list(sys.path)
    with contextlib.suppress(ZeroDivisionError), isolated(TASK):
        sys.path.insert(0, "libs")
        _ = 1 / 0
    assert sys.path == before


def test_what_a_library_sets_up_when_it_is_imported_stays() -> None:
    class Finder:
        def find_spec(self, *_: object) -> None:
            """Find nothing."""

    finder = Finder()
    with isolated(TASK):
        sys.meta_path.append(finder)
        logging.getLogger("of.a.library").setLevel(logging.ERROR)
    assert finder in sys.meta_path
    sys.meta_path.remove(finder)
    assert logging.getLogger("of.a.library").level == logging.ERROR


def test_random_numbers_are_those_of_the_key() -> None:
    drawn = []
    for _ in range(2):
        random.random()
        with isolated(TASK):
            drawn.append(random.random())
    assert drawn == [random.Random(seed_of(TASK.key)).random()] * 2


def test_another_key_gives_other_random_numbers() -> None:
    assert seed_of("0123456789") != seed_of("0123456889")


def test_a_library_that_is_imported_later_is_seeded_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "keras"
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import utils\n")
    (folder / "utils.py").write_text("def set_random_seed(seed): global SEED; SEED = seed\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "keras"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with isolated(TASK):
        keras = importlib.import_module("keras")
    assert seed_of(TASK.key) == keras.utils.SEED
    assert type(keras.__loader__).__name__ == "SourceFileLoader"
    for name in ("keras", "keras.utils"):
        del sys.modules[name]


@pytest.mark.ml
def test_numpy_and_tensorflow_draw_the_same_numbers_in_each_task() -> None:
    drawn = []
    for _ in range(2):
        with isolated(TASK):
            warnings.simplefilter("ignore")  # Google's packages warn of old Pythons.
            numpy = importlib.import_module("numpy")
            tensorflow = importlib.import_module("tensorflow")
            keras = importlib.import_module("keras")
            layer = keras.layers.Dense(2)
            layer.build((1, 2))
            numbers = [numpy.random.rand(), float(tensorflow.random.uniform(()))]
            drawn.append([*numbers, *layer.get_weights()[0].ravel().tolist()])
    assert drawn[0] == drawn[1]


FIRST_USE = """
import sys
from mlops_pipeline.executors import Task
from mlops_pipeline.executors.isolation import isolated
from mlops_pipeline.ir import FunctionExecutor

assert "logging" not in sys.modules
with isolated(Task("run/node", FunctionExecutor("a:b"), key="0123456789abcdef")):
    import decimal, logging
    decimal.getcontext().prec = 5
    logging.basicConfig(level=logging.DEBUG)
    logging.disable()
print(logging.root.level, logging.root.handlers, logging.root.manager.disable)
print(decimal.getcontext().prec)
"""


def test_what_a_task_is_the_first_to_load_does_not_leak():
    done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["30 [] 0", "28"], done.stderr
