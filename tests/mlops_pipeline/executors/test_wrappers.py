from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from mlops_pipeline.executors.children import Children
from mlops_pipeline.executors.wrappers import (
    Asked,
    observe_programs,
    wrapped_status,
    wrapped_variables,
)

ASKS = """
import os

def status(path):
    return os.stat(path)

def exists(path):
    return os.path.exists(path)

def size(path):
    return os.path.getsize(path)
"""


_STARTS = (
    *(("_posixsubprocess", "fork_exec"), ("subprocess", "_fork_exec")),
    *(("os", "posix_spawn"), ("os", "posix_spawnp")),
)


@pytest.mark.parametrize(("function", "asked"), [
    ("status", {(False, True)}),
    ("exists", {(True, False)}),
    ("size", {(False, False)}),
])  # fmt: skip
def test_first_party_code_that_asks_for_a_status_is_noted(
    function: str, asked: set[tuple[bool, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, Any, FrameType]] = []
    stat = wrapped_status(os.stat, lambda *call: seen.append(call))
    code: dict[str, Any] = {}
    exec(compile(ASKS, str(tmp_path / "asks.py"), "exec"), code)  # noqa: S102 - code of this test
    monkeypatch.setattr(os, "stat", stat)
    code[function](tmp_path)
    monkeypatch.undo()
    asked_for = [value for what, value, _ in seen if what == "looked_for"]
    assert {(each.existence, each.status) for each in asked_for} == asked
    assert {each.path for each in asked_for} == {tmp_path}
    assert all(isinstance(each, Asked) for each in asked_for)


def test_reads_of_variables_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any, FrameType]] = []
    monkeypatch.setenv("RATE", "1")
    kind = type(os.environ)
    read, each = wrapped_variables(kind.__getitem__, kind.__iter__, lambda *call: seen.append(call))
    assert read(os.environ, "RATE") == "1"
    assert "RATE" in list(each(os.environ))
    assert [what for what, *_ in seen] == ["read_variable", "copied_environment"]


def test_what_stands_for_a_builtin_is_used_like_it(tmp_path: Path) -> None:
    stat = wrapped_status(os.stat, lambda *_: None)

    class Holder:
        status = stat

    assert Holder().status(tmp_path) == os.stat(tmp_path)  # noqa: PTH116 - what is wrapped
    assert stat in os.supports_follow_symlinks


def test_what_stands_for_a_builtin_can_be_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    stat = wrapped_status(os.stat, lambda *_: None)
    monkeypatch.setattr(os, "stat", stat)
    assert pickle.loads(pickle.dumps(stat)) is stat  # noqa: S301 - of this test


@pytest.mark.parametrize("env", [{}, None])
def test_programs_are_observed_only_while_there_is_a_task(
    env: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for module, name in _STARTS:
        real = getattr(sys.modules[module], name, None)
        if real is not None:  # Also puts back what other tests have wrapped.
            monkeypatch.setattr(sys.modules[module], name, inspect.unwrap(real))
    current: list[Children] = []
    observe_programs(lambda: current[-1] if current else None)

    def path_of_program() -> str:
        script = "import os; print(os.environ.get('PYTHONPATH', 'none'))"
        run = [sys.executable, "-S", "-c", script]
        done = subprocess.run(run, capture_output=True, text=True, check=True, env=env)
        return done.stdout.strip()

    assert path_of_program() == "none"
    children = Children()
    current.append(children)
    try:
        assert path_of_program() == children.folder != ""
    finally:
        children.close()
