"""First times with `dev.py`: machines that lack something, callers with settings of their own."""

import fcntl
import importlib.util
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
# As a script that believes to be run by another Python.
AS = """
import runpy, sys
python, sys.argv = sys.argv[1], [sys.argv[2], *sys.argv[3:]]
sys.executable = python
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes interpreters on a machine that has no others; returns the path of the last."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "no-pyenv"))
    monkeypatch.setenv("MLOPS_DEV_VENVS", str(tmp_path / "venvs"))

    def add(version: str, glibc: str = "2.41", venv: bool = True, headers: bool = True) -> str:
        path = folder / f"python{version}"
        told = {
            "path": str(path),
            "version": [*map(int, version.split(".")), 1],
            "glibc": glibc,
            "venv": venv,
            "headers": headers,
        }
        path.write_text(f"#!/bin/sh\nprintf '%s' '{json.dumps(told)}'\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        return str(path)

    add.real = sys.executable  # type: ignore[attr-defined]
    return add


def run(machine: Callable[..., str], *argv: str) -> subprocess.CompletedProcess[str]:
    """Run dev.py by the interpreter that was added last, as far as it can tell."""
    real: str = machine.real  # type: ignore[attr-defined]
    command = [real, "-c", AS, sys.executable, str(ROOT / "dev.py"), *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("version", "glibc", "why"),
    [
        ("3.14", "2.41", "python3.14 (too new)"),
        ("3.10", "2.41", "python3.10 (too old)"),
        ("3.13", "2.36", "python3.13 (for glibc 2.36)"),
        ("3.11", "2.17", "python3.11 (for glibc 2.17)"),
    ],
)
def test_a_python_that_does_not_do_is_named_with_the_reason(
    machine: Callable[..., str], version: str, glibc: str, why: str
) -> None:
    machine(version, glibc)
    done = run(machine, "penguin")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert why in done.stderr
    assert (
        "Python 3.11 with glibc 2.28 or newer or Python 3.12, 3.13 with glibc 2.39" in done.stderr
    )


@pytest.mark.parametrize(
    ("version", "worlds"),
    [
        ("3.10", {"light", "tfx"}),
        ("3.11", {"light", "ml", "airflow", "kubeflow", "kubeflow-213"}),
        ("3.12", {"light", "ml", "airflow", "kubeflow", "kubeflow-213"}),
        ("3.13", {"light", "ml", "airflow", "kubeflow"}),
        ("3.14", {"light"}),
    ],
)
def test_each_python_does_for_its_worlds(
    machine: Callable[..., str], dev: ModuleType, version: str, worlds: set[str]
) -> None:
    machine(version)
    assert {name for name in dev.WORLDS if dev.find(name)[0]} == worlds


def test_all_checks_run_with_a_new_python_alone(
    machine: Callable[..., str], dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    machine("3.13")
    assert dev.worlds_here() == ["light", "ml", "airflow", "kubeflow"]
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "NOT RUN: tests with 'tfx': there is no Python 3.10 here",
        "NOT RUN: tests with 'kubeflow-213': there is no Python 3.11 or 3.12 here",
    ]


def test_without_the_module_venv_the_package_to_install_is_named(
    machine: Callable[..., str],
) -> None:
    machine("3.13", venv=False)
    done = run(machine, "penguin")
    assert done.returncode == 2
    assert "apt-get install python3.13-venv" in done.stderr


def test_a_python_that_lacks_nothing_is_taken_first(
    machine: Callable[..., str], dev: ModuleType
) -> None:
    whole = machine("3.11")
    machine("3.13", venv=False)
    assert dev.find("ml")[0][0].path == whole


def test_the_main_job_needs_no_compiler_and_no_headers(
    machine: Callable[..., str], dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    machine("3.13", headers=False)
    python, lock = dev.find("ml")[0]
    (dev.VENVS).mkdir()
    dev.check_system("ml", python._replace())
    pins = dev.pinned(dev.WORLDS["ml"], lock)
    assert "pyfarmhash==0.5.1\n" in pins
    assert pins.count("pyfarmhash") == 1
    with pytest.raises(SystemExit):
        dev.check_system("tfx", python)
    assert "apt-get install g++" in capsys.readouterr().err


def test_what_the_caller_has_set_does_not_change_what_is_installed(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = ("PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PIP_TARGET")
    foreign += ("PIP_USER", "PIP_PREFIX", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "VIRTUAL_ENV")
    foreign += ("CONDA_PREFIX", "GIT_DIR", "KERAS_BACKEND", "MLOPS_DEV_VENVS")
    kept = ("PIP_INDEX_URL", "PIP_CERT", "PIP_CONFIG_FILE", "PIP_PROXY", "SSL_CERT_FILE", "HOME")
    for name in (*foreign, *kept):
        monkeypatch.setenv(name, "/x")
    environment = dev.child_environment()
    assert [name for name in foreign if name in environment] == []
    assert [name for name in kept if name not in environment] == []


def test_a_proxy_is_used_for_the_index_and_not_for_this_machine(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "intern.example")
    environment = dev.child_environment()
    assert environment["https_proxy"] == "http://proxy.example:3128"
    assert environment["no_proxy"] == "intern.example,localhost,127.0.0.1,::1"


def test_a_set_up_that_was_cut_off_is_made_anew(dev: ModuleType, tmp_path: Path) -> None:
    stamp = tmp_path / "stamp.json"
    assert dev.read_stamp(stamp) == {}
    stamp.write_text('{"packages": "12')
    assert dev.read_stamp(stamp) == {}


def test_a_second_set_up_waits_and_says_so(machine: Callable[..., str], tmp_path: Path) -> None:
    machine("3.14")
    venvs = tmp_path / "venvs"
    venvs.mkdir()
    real: str = machine.real  # type: ignore[attr-defined]
    with (venvs / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [real, "-c", AS, sys.executable, str(ROOT / "dev.py"), "penguin"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stdout
        assert second.stdout.readline() == f"waiting for another dev.py that uses {venvs}\n"
        assert second.poll() is None
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "too new" in errors


def test_an_install_that_outlives_its_set_up_holds_the_lock(
    machine: Callable[..., str], tmp_path: Path
) -> None:
    path = Path(machine("3.11"))
    # The first step of a set-up by this Python, `-m venv`, goes on until it is let go.
    os.mkfifo(tmp_path / "begun")
    os.mkfifo(tmp_path / "end")
    slow = f'case "$1" in -m) echo > "{tmp_path}/begun"; read x < "{tmp_path}/end"; exit;; esac'
    path.write_text(path.read_text().replace("\n", f"\n{slow}\n", 1))
    real: str = machine.real  # type: ignore[attr-defined]
    command = [real, "-c", AS, str(path), str(ROOT / "dev.py"), "setup", "light"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    begun = os.open(tmp_path / "begun", os.O_RDONLY | os.O_NONBLOCK)
    assert select.select([begun], [], [], 60)[0]
    first.kill()
    first.wait()
    with (tmp_path / "venvs" / "lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        end = os.open(tmp_path / "end", os.O_RDWR)
        os.write(end, b"\n")
        fcntl.flock(lock, fcntl.LOCK_EX)
    os.close(begun)
    os.close(end)


def test_a_full_disk_is_told_in_one_line(machine: Callable[..., str], tmp_path: Path) -> None:
    machine("3.11")
    (tmp_path / "venvs").mkdir()
    (tmp_path / "venvs" / "ml.log").symlink_to("/dev/full")
    done = run(machine, "penguin")
    assert done.returncode == 2
    assert done.stderr.startswith("dev.py: cannot write ")
    assert done.stderr.endswith("No space left on device\n")


def test_a_folder_that_cannot_be_made_is_told_in_one_line(
    machine: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine("3.11")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLOPS_DEV_VENVS", str(tmp_path / "file" / "venvs"))
    done = run(machine, "penguin")
    assert done.returncode == 2
    assert done.stderr == f"dev.py: cannot write {tmp_path}/file/venvs: Not a directory\n"


# What installs the checkout. Takes half a minute of its own, and so is not among the light tests.
BASE = ("hatchling", "packaging", "pathspec", "pluggy", "tomli", "trove-classifiers")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout in a folder that is hard to spell, with few packages to install."""
    target = tmp_path_factory.mktemp("setup") / "mein Projekt größer"
    target.mkdir()
    for name in ("mlops_pipeline", "components", "metadata", "constraints", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", ".mlops")
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    for name in ("dev.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    pins = target / "constraints" / "light.txt"
    few = [line for line in pins.read_text().splitlines() if line.split("==")[0] in BASE]
    assert few
    pins.write_text("\n".join(few) + "\n")
    return target


HOSTILE = {
    "PYTHONPATH": "{folder}/modules",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PIP_CONFIG_FILE": "{folder}/pip.conf",
    "PIP_TARGET": "{folder}/elsewhere",
    "PIP_USER": "1",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "VIRTUAL_ENV": "{folder}/venv",
    "CONDA_PREFIX": "{folder}/conda",
    "LANG": "C",
    "LC_ALL": "C",
    "HOME": "/proc/no-home",
}


@pytest.mark.ml  # Not for TensorFlow: the light tests would take too long.
@pytest.mark.slow  # Installs from the package index.
def test_a_set_up_works_from_any_folder_with_any_settings(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "pip.py").write_text("raise ImportError('not this pip')")
    settings = ["require-virtualenv = true", f"prefix = {tmp_path}/elsewhere"]
    named = os.environ.get("PIP_CONFIG_FILE", "")
    has = Path(named).read_text() if named and Path(named).is_file() else "[global]"
    (tmp_path / "pip.conf").write_text("\n".join([has, "[install]", "user = true", *settings, ""]))
    hostile = {name: value.format(folder=tmp_path) for name, value in HOSTILE.items()}
    environment = {k: v for k, v in os.environ.items() if k != "MLOPS_DEV_VENVS"}
    done = subprocess.run(
        [sys.executable, str(checkout / "dev.py"), "setup", "light"],
        env={**environment, **hostile},
        cwd=tmp_path,
        umask=0o077,
        capture_output=True,
        text=True,
    )
    log = checkout / ".venvs" / "light.log"
    assert done.returncode == 0, done.stderr + (log.read_text()[-500:] if log.exists() else "")
    assert not (tmp_path / "elsewhere").exists()
    python = checkout / ".venvs" / "light" / "bin" / "python"
    told = subprocess.run(
        [str(python), "-c", "import mlops_pipeline; print(mlops_pipeline.__file__)"],
        env={**environment, "LANG": "C", "LC_ALL": "C"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == str(checkout / "mlops_pipeline" / "__init__.py")
