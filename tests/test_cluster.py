"""The Kubernetes of the tests: what is kept of it, what is told aloud, and what is left of it."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = ROOT / "tests" / "cluster"
RUN = CLUSTER / "run.py"

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import namespaces
with namespaces.state(Path(sys.argv[2]), sys.argv[3]) as layout:
    (layout.state / "etcd").mkdir()
    for root in namespaces.hierarchies():
        (root / sys.argv[3] / "pods").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> object:
    """Imports a module of tests/cluster."""
    monkeypatch.syspath_prepend(str(CLUSTER))
    return importlib.import_module


@pytest.fixture
def program(part: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that builds Kubernetes, with sources of its own, and a Go that copies them."""
    assert callable(part)
    module = part("program")
    sources, bin_ = tmp_path / "sources", tmp_path / "bin"
    sources.mkdir()
    bin_.mkdir()
    (sources / "main.go").write_text("package main\n")
    (bin_ / "go").write_text(
        """#!/bin/sh
        [ "$1" = version ] && echo "go version go${GO:-1.26}.1 linux/amd64" && exit
        while [ "$1" != -o ]; do shift; done
        cat main.go > "$2"
        [ -z "$BROKEN" ] || { echo "main.go: no such module" >&2; exit 1; }
        """
    )
    (bin_ / "go").chmod(0o755)
    monkeypatch.setattr(module, "SOURCES", sources)
    monkeypatch.setattr(module, "PLACES", ())
    monkeypatch.setenv("PATH", str(bin_), prepend=os.pathsep)
    return module


def test_a_program_is_built_once_and_again_when_its_sources_change(
    program: ModuleType, tmp_path: Path
) -> None:
    kept = tmp_path / "kept folder"
    kept.mkdir()
    assert program.kept(kept) is None
    built = program.build(kept)
    assert program.kept(kept) == built
    assert built.kubernetes.read_text() == "package main\n"
    (program.SOURCES / "main.go").write_text("package main // changed\n")
    assert program.kept(kept) is None
    assert program.build(kept).kubernetes.read_text() == "package main // changed\n"
    assert not built.kubernetes.exists()


def test_a_program_that_could_not_be_built_is_not_taken_for_one(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(program.Failed, match=r"main\.go: no such module"):
        program.build(tmp_path)
    assert program.kept(tmp_path) is None
    monkeypatch.delenv("BROKEN")
    program.build(tmp_path)
    assert [f.name for f in tmp_path.glob("*kubernetes-*")] == [f"kubernetes-{program.digest()}"]


def test_a_go_that_is_too_old_does_not_build_it(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO", "1.19")
    assert program.go() == ""
    monkeypatch.setenv("GO", "1.24")
    assert program.go()


@pytest.mark.parametrize(("asked", "code"), [((), 0), (("--required",), 2), (("--run", "true"), 2)])
def test_it_is_told_aloud_where_there_can_be_no_cluster(
    tmp_path: Path, asked: tuple[str, ...], code: int
) -> None:
    done = subprocess.run(
        [sys.executable, str(RUN), *asked],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith("NOT RUN: Kubernetes: ")
    assert list(tmp_path.iterdir()) == []


def test_the_closing_line_of_pytest_is_counted(part: object) -> None:
    assert callable(part)
    counted = part("run").counted
    assert counted("==== 9 passed in 80.12s (0:01:20) ====") == "9 passed, 0 failed, 0 skipped"
    line = "== 1 failed, 2 passed, 3 skipped, 1 error in 5.00s =="
    assert counted(line) == "2 passed, 2 failed, 3 skipped"
    assert counted("1 failed because of 2 passed arguments") == ""


@pytest.mark.slow  # Kills processes.
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes cgroups and namespaces")
def test_what_a_killed_cluster_left_is_removed_by_the_next_one(
    part: object, tmp_path: Path
) -> None:
    assert callable(part)
    namespaces = part("namespaces")
    name = f"mlops-test-{os.getpid()}"
    if namespaces.obstacle():
        pytest.skip(f"NO CLUSTER HERE: {namespaces.obstacle()}")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(CLUSTER), str(tmp_path), name])
    assert killed.returncode == -signal.SIGKILL
    left = Path((tmp_path / "state").read_text())
    assert (left / "state" / "etcd").is_dir()
    assert all((root / name / "pods").is_dir() for root in namespaces.hierarchies())
    with namespaces.state(tmp_path, name) as layout:
        assert layout.state.parent != left
        assert not left.exists()
        assert not any((root / name / "pods").exists() for root in namespaces.hierarchies())
    assert not layout.state.parent.exists()
    assert not any((root / name).exists() for root in namespaces.hierarchies())
