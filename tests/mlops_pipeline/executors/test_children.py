from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_pipeline.executors.children import Children


@pytest.fixture
def children() -> Children:
    made = Children()
    made.expect()
    return made


def run(children: Children, code: str, **variables: str) -> str:
    given = {**os.environ, **variables}
    plain = [f"{name}={value}".encode() for name, value in given.items()]
    changed = [each.decode().partition("=") for each in children.environment(plain)]
    environment = {name: value for name, _, value in changed}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()


def test_a_child_sees_the_environment_that_it_was_given(children: Children) -> None:
    code = "import json, os, sys; print(json.dumps([dict(os.environ), sys.path]))"
    environment, path = json.loads(run(children, code, PYTHONPATH="/some/folder"))
    assert environment["PYTHONPATH"] == "/some/folder"
    assert "MLOPS_CHILD_PYTHONPATH" not in environment
    assert "/some/folder" in path
    assert children.folder not in path
    environment, _ = json.loads(run(children, code, PYTHONPATH=""))
    assert environment["PYTHONPATH"] == ""


def test_the_real_sitecustomize_runs(children: Children, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.real = 1\n")
    assert run(children, "import sys; print(sys.real)", PYTHONPATH=str(tmp_path)) == "1\n"


def test_what_a_child_uses_is_noted(children: Children, tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "plug.py").write_text("K = 1\n")
    code = (
        "import os, plug; open('a.txt').close(); open('b.txt', 'w').close()\n"
        "os.listdir('.'); os.environ['HOME']"
    )
    run(children, f"import os; os.chdir({str(tmp_path)!r})\n{code}", PYTHONPATH=str(tmp_path))
    assert set(children.used()) >= {
        ("module", str(tmp_path / "plug.py")),
        ("read", str(tmp_path / "a.txt")),
        ("write", str(tmp_path / "b.txt")),
        ("list", str(tmp_path)),
        ("variable", "HOME"),
    }
    children.close()
    assert not Path(children.folder).exists()


def test_a_look_for_installed_packages_lists_nothing(children: Children, tmp_path: Path) -> None:
    code = "import importlib.metadata as m; list(m.distributions())"
    run(children, code, PYTHONPATH=str(tmp_path))
    assert ("list", str(tmp_path)) not in children.used()
