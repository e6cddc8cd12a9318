from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.repeat import WorkTree, environment_changes, make_environment
from mlops_pipeline.snapshot import Snapshot, describe_machine

UV = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
for last; do :; done
if [ "$1" = venv ]; then mkdir -p "$last/lib/python3.11/site-packages" "$last/bin"; fi
if [ "$1" = pip ] && [ -e "$(dirname "$0")/fails" ]; then echo "no such version" >&2; exit 1; fi
"""


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for uv, which writes down what it was asked."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(UV)
    (tmp_path / "bin" / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin"


def tree(folder: Path, lock: str = "") -> WorkTree:
    (folder / "tree").mkdir()
    files = {}
    if lock:
        (folder / "tree" / lock).write_text("")
        (folder / "tree" / "pyproject.toml").write_text("")
        files = {f"0/{lock}": ""}
    machine = {
        "python": {"python": "3.11.7"},
        "packages": {"click": "8.1.7", "mlops-pipeline": "0"},
    }
    snapshot = Snapshot(("/gone",), files, lock=f"0/{lock}" if lock else "", machine=machine)
    return WorkTree(folder / "tree", {"/gone": str(folder / "tree")}, snapshot)


def test_the_same_environment_has_no_changes_and_another_one_is_named() -> None:
    machine = describe_machine()
    assert environment_changes(machine) == []
    packages = {**machine["packages"], "click": "1.0", "gone": "2.0"}
    changes = environment_changes({**machine, "packages": packages})
    assert changes[0].startswith("package click: 1.0 -> ")
    assert changes[1] == "package gone: 2.0 -> none"


def test_facts_of_another_form_are_differences_too() -> None:
    assert environment_changes({"python": 3, "packages": ["click"], "hardware": None})


@pytest.mark.parametrize(
    ("lock", "call"),
    [
        ("", "pip install --quiet --no-deps"),
        ("uv.lock", "sync --quiet --frozen"),
        ("pylock.toml", "pip install --quiet --python"),
    ],
)
def test_an_environment_is_made_from_what_was_recorded(
    tmp_path: Path, uv: Path, lock: str, call: str
) -> None:
    made = tree(tmp_path, lock)
    python = make_environment(made)
    assert python == made.folder / ".environment" / "bin" / "python"
    calls = (uv / "calls").read_text().splitlines()
    assert calls[0].startswith("venv --quiet --python 3.11.7")
    assert calls[1].startswith(call)
    if not lock:
        assert (made.folder / ".packages.txt").read_text() == "click==8.1.7"


def test_an_environment_that_cannot_be_made_says_what_uv_said(tmp_path: Path, uv: Path) -> None:
    (uv / "fails").touch()
    with pytest.raises(PipelineError, match="no such version"):
        make_environment(tree(tmp_path))
    with pytest.raises(PipelineError, match="neither a lock file nor packages"):
        make_environment(WorkTree(tmp_path, {}))
