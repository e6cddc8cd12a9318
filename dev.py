"""Set-up and checks of a checkout: `python3 dev.py penguin`, `python3 dev.py test`.

Each dependency world has its own virtual environment in `.venvs/`, filled with exactly what its
constraint file lists. Standard library only; any Python from 3.8 on finds one that fits, or says
in one line what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent
VENVS = ROOT / ".venvs"
PACKAGES = ("mlops_pipeline", "components/mlops_components", "metadata/mlops_metadata")


class Lock(NamedTuple):
    """A constraint file, and where it can be installed."""

    file: str
    pythons: tuple[tuple[int, int], ...]
    glibc: tuple[int, ...] = ()


class World(NamedTuple):
    """A dependency world: the constraint files to choose from, and what its set-up needs.

    Where an optional one has no Python, its tests do not run, which is said aloud.
    """

    locks: tuple[Lock, ...]
    gigabytes: float
    compiles: bool
    optional: bool = False


WORLDS: dict[str, World] = {
    "light": World((Lock("light.txt", ((3, 11), (3, 12), (3, 13), (3, 10))),), 0.5, False),
    "ml": World(
        (
            Lock("ml-py311.txt", ((3, 11),), glibc=(2, 28)),
            Lock("ml-py312-glibc239.txt", ((3, 12),), glibc=(2, 39)),
            Lock("ml-py313-glibc239.txt", ((3, 13),), glibc=(2, 39)),
        ),
        gigabytes=5.0,
        compiles=True,
    ),
    "airflow": World((Lock("airflow.txt", ((3, 11), (3, 12), (3, 13))),), 1.5, False),
    # TFX installs on Python 3.10 at most, beside versions of its own of nearly everything.
    "tfx": World(
        (Lock("tfx-py310.txt", ((3, 10),), glibc=(2, 28)),),
        gigabytes=4.0,
        compiles=True,
        optional=True,
    ),
    "kubeflow": World((Lock("kubeflow.txt", ((3, 11), (3, 12), (3, 13))),), 0.5, False),
    "kubeflow-213": World((Lock("kubeflow-213.txt", ((3, 11), (3, 12))),), 0.5, False),
}

_PROBE = """
import importlib.util, json, os, platform, sys, sysconfig
print(json.dumps({
    "path": sys.executable,
    "version": list(sys.version_info[:3]),
    "glibc": platform.libc_ver()[1],
    "venv": all(importlib.util.find_spec(m) for m in ("venv", "ensurepip")),
    "headers": os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")),
}))
"""


class Python(NamedTuple):
    """An interpreter that was found."""

    path: str
    version: tuple[int, ...]
    glibc: tuple[int, ...]
    venv: bool
    headers: bool

    @property
    def name(self) -> str:
        """Its name on most systems: `python3.11`."""
        return f"python{self.version[0]}.{self.version[1]}"


def stop(message: str) -> NoReturn:
    """End with one line that says what is missing."""
    print(f"dev.py: {message}", file=sys.stderr)
    sys.exit(2)


def probe(command: str) -> Python | None:
    """Ask an interpreter for its version and libraries; None if it does not run."""
    try:
        done = subprocess.run([command, "-c", _PROBE], capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    glibc = tuple(int(part) for part in re.findall(r"\d+", told["glibc"])[:2])
    return Python(told["path"], tuple(told["version"]), glibc, told["venv"], told["headers"])


def candidates(wanted: Sequence[str]) -> Iterator[str]:
    """Yield commands that may be a Python: on PATH, or made by pyenv and not on it."""
    yield from filter(shutil.which, [sys.executable, *wanted, "python3"])
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for name in wanted:
        yield from map(str, sorted(versions.glob(f"*/bin/{name}")))


def find(name: str) -> tuple[tuple[Python, Lock] | None, set[str]]:
    """Find the interpreter and the constraint file of a world; also return the Pythons seen."""
    locks = WORLDS[name].locks
    wanted = [f"python{a}.{b}" for lock in locks for a, b in lock.pythons]
    seen: set[str] = set()
    for python in filter(None, map(probe, candidates(wanted))):
        for lock in locks:
            if python.version[:2] in lock.pythons and python.glibc >= lock.glibc:
                return (python, lock), seen
        seen.add(python.name)
    return None, seen


def choose(name: str) -> tuple[Python, Lock]:
    """Return the interpreter and the constraint file of a world on this machine."""
    found, seen = find(name)
    if found:
        return found
    pythons = [f"python{a}.{b}" for lock in WORLDS[name].locks for a, b in lock.pythons]
    newer = f", or one of {', '.join(pythons[1:])} on glibc 2.39 or newer" if name == "ml" else ""
    stop(
        f"the {name} environment needs {'Python 3.10 to 3.13' if name == 'light' else pythons[0]}"
        f"{newer} on Linux; found on PATH: {', '.join(sorted(seen)) or 'none'}"
    )


def worlds_here() -> list[str]:
    """Choose the worlds to check on this machine; print those that are left out."""
    kept = []
    for name, world in WORLDS.items():
        if world.optional and not find(name)[0]:
            version = ".".join(map(str, world.locks[0].pythons[0]))
            print(f"NOT RUN: tests marked {name!r}: there is no Python {version} here", flush=True)
        else:
            kept.append(name)
    return kept


def check_system(name: str, python: Python) -> None:
    """Stop where something is missing that pip would fail on after minutes."""
    world = WORLDS[name]
    if not python.venv:
        stop(f"{python.name} cannot make virtual environments: apt-get install {python.name}-venv")
    if world.compiles and os.uname().machine != "x86_64":
        stop(f"the {name} environment has packages for x86_64 only; this is {os.uname().machine}")
    if world.compiles and not (shutil.which("c++") or shutil.which("g++")):
        stop("no C++ compiler, which the package pyfarmhash needs: apt-get install g++")
    if world.compiles and not python.headers:
        stop(
            f"no C headers of {python.name}, which pyfarmhash needs: apt-get install "
            f"{python.name}-dev"
        )
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < world.gigabytes:
        stop(f"the {name} environment needs {world.gigabytes} GB of disk; {free:.1f} GB are free")


def child_environment() -> dict[str, str]:
    """Return the environment of child processes, without foreign packages and delays."""
    unwanted = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    return {k: v for k, v in os.environ.items() if k not in unwanted}


def logged(argv: Sequence[str], log: Path, doing: str) -> None:
    """Run a step of the set-up; its output goes to the log, one line tells of a failure."""
    with log.open("a") as out:
        out.write(f"$ {' '.join(argv)}\n")
        out.flush()
        done = subprocess.run(argv, stdout=out, stderr=out, cwd=ROOT, env=child_environment())
    if done.returncode:
        errors = re.findall(r"^(?:ERROR|error): *(.+)$", log.read_text(errors="replace"), re.M)
        cause = f": {errors[-1]}" if errors else ""
        stop(f"could not {doing}{cause} (full output: {log})")


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Only one set-up at a time in this checkout."""
    VENVS.mkdir(exist_ok=True)
    with (VENVS / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def setup(name: str) -> str:
    """Return the interpreter of a world's environment; creates or updates it if needed."""
    with locked():
        python, lock = choose(name)
        venv = VENVS / name
        pins = (ROOT / "constraints" / lock.file).read_text()
        want = {
            "packages": digest(pins, str(ROOT), *map(str, python.version)),
            "project": digest((ROOT / "pyproject.toml").read_text()),
        }
        stamp = venv / "stamp.json"
        have = json.loads(stamp.read_text()) if stamp.exists() else {}
        inside = venv / "bin" / "python"
        if have == want and inside.exists():
            compile_project(str(inside))
            return str(inside)
        check_system(name, python)
        stamp.unlink() if have else None
        log = VENVS / f"{name}.log"
        log.write_text("")
        begun = time.monotonic()
        if have.get("packages") != want["packages"] or not inside.exists():
            install_packages(name, python, lock, log)
        install_project(str(inside), log)
        stamp.write_text(json.dumps(want))
        print(f"{name} environment ready after {time.monotonic() - begun:.0f} s", flush=True)
        return str(inside)


def install_packages(name: str, python: Python, lock: Lock, log: Path) -> None:
    """Fill a new virtual environment with what the constraint file lists, byte-compiled."""
    venv = VENVS / name
    version = ".".join(map(str, python.version))
    print(
        f"setting up the {name} environment in {venv.relative_to(ROOT)}: Python {version}, "
        f"constraints/{lock.file}; output in {log.relative_to(ROOT)}",
        flush=True,
    )
    logged([python.path, "-m", "venv", "--clear", str(venv)], log, "make a virtual environment")
    inside = str(venv / "bin" / "python")
    pins = ROOT / "constraints" / lock.file
    # The list is complete, so there is nothing to resolve. By pip, because it reads the machine's
    # own pip configuration.
    install = [inside, "-m", "pip", "install", "--no-deps", "--no-compile"]
    if WORLDS[name].compiles:
        # Without build isolation the tools that build packages from source are pinned as well.
        tools = re.findall(r"^(?:setuptools|wheel|packaging)==.*$", pins.read_text(), re.M)
        logged([*install, *tools], log, "install the build tools")
        install.append("--no-build-isolation")
    logged([*install, "-r", str(pins)], log, f"install {lock.file}")
    # Here, once, in parallel: nothing is compiled later where PYTHONDONTWRITEBYTECODE is set.
    compile_all = [inside, "-m", "compileall", "-q", "-j", "0", str(venv / "lib")]
    subprocess.run(compile_all, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def install_project(inside: str, log: Path) -> None:
    """Install this checkout, editable: entry points and command, the code stays where it is."""
    install = [inside, "-m", "pip", "install", "--no-deps", "--no-build-isolation"]
    logged([*install, "--editable", str(ROOT)], log, "install this checkout")
    compile_project(inside)


def compile_project(inside: str) -> None:
    """Byte-compile what has changed in this checkout."""
    subprocess.run([inside, "-m", "compileall", "-q", *PACKAGES], cwd=ROOT)


class Result(NamedTuple):
    """Outcome of one step of the checks; `tests` is the closing line of pytest."""

    step: str
    ok: bool
    seconds: float
    tests: str


def step(title: str, argv: Sequence[str]) -> Result:
    """Run one check and show what it prints."""
    print(f"\n== {title}", flush=True)
    begun = time.monotonic()
    tests = ""
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        env=child_environment(),
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    for line in process.stdout or ():
        print(line, end="", flush=True)
        if title.startswith("pytest") and re.search(r"\d+ (passed|failed|skipped|error)", line):
            tests = line.strip("= \n")
    return Result(title, process.wait() == 0, time.monotonic() - begun, tests)


def lint(inside: str) -> list[Result]:
    """Run the checks that read the code without running it."""
    tool = str(Path(inside).parent)
    return [
        step("ruff check", [f"{tool}/ruff", "check"]),
        step("ruff format --check", [f"{tool}/ruff", "format", "--check"]),
        step("mypy --strict", [f"{tool}/mypy"]),
        step("lint-imports", [f"{tool}/lint-imports"]),
    ]


# What needs an environment of its own.
OTHER_WORLDS = "not airflow and not tfx and not kubeflow"
LIGHT_TESTS = f"not ml and not mlmd and not container and {OTHER_WORLDS}"


SHARED = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")


def check_light(inside: str) -> list[Result]:
    """Run everything that needs neither ML Metadata nor TensorFlow."""
    return [
        *lint(inside),
        step(
            "pytest, light",
            [inside, "-m", "pytest", "-q", *SHARED, "-m", LIGHT_TESTS],
        ),
    ]


def check_ml(inside: str) -> list[Result]:
    """Run the tests that need ML Metadata, TensorFlow or containers."""
    # Tests of a store first: TensorFlow takes ten seconds to import, a store fault shows at once.
    return [
        step("pytest, ml", [inside, "-m", "pytest", "-q", "-m", ML_TESTS]),
    ]


ML_TESTS = f"(ml or mlmd or container) and {OTHER_WORLDS}"


def check_airflow(inside: str) -> list[Result]:
    """Run the tests that start a whole Airflow, from the ml environment, as the nodes."""
    os.environ["MLOPS_TEST_AIRFLOW"] = str(Path(inside).with_name("airflow"))
    return [step("pytest, airflow", [setup("ml"), "-m", "pytest", "-q", "-m", "airflow"])]


def check_tfx(inside: str) -> list[Result]:
    """Run the tests that need TFX itself."""
    return [step("pytest, tfx", [inside, "-m", "pytest", "-q", "-m", "tfx", "tests/tfx"])]


def check_kubeflow(inside: str) -> list[Result]:
    """Run the tests that read compiled pipelines with Kubeflow's SDKs, and run containers."""
    os.environ["MLOPS_TEST_KFP"] = inside
    os.environ["MLOPS_TEST_KFP_213"] = setup("kubeflow-213")
    return [step("pytest, kubeflow", [setup("ml"), "-m", "pytest", "-q", "-m", "kubeflow"])]


CHECKS: dict[str, Callable[[str], list[Result]]] = {
    "light": check_light,
    "ml": check_ml,
    "airflow": check_airflow,
    "tfx": check_tfx,
    "kubeflow": check_kubeflow,
    # Its SDK is read by the tests of "kubeflow".
    "kubeflow-213": lambda inside: [],
}


def report(results: Sequence[Result]) -> int:
    """Print how the steps went; the exit code."""
    print("\n== summary")
    for result in results:
        told = "ok    " if result.ok else "FAILED"
        print(f"{told} {result.step:20} {result.seconds:6.1f} s  {result.tests}".rstrip())
    counts = {
        what: sum(int(n) for r in results for n in re.findall(rf"(\d+) {what}", r.tests))
        for what in ("passed", "failed", "skipped")
    }
    if any(counts.values()):
        print(", ".join(f"{n} {what}" for what, n in counts.items()))
    return 0 if all(result.ok for result in results) else 1


def penguin(arguments: Sequence[str]) -> int:
    """Run the penguin pipeline in the ml environment; the exit code."""
    command = Path(setup("ml")).parent / "mlops"
    argv = [str(command), "run", "pipelines/penguin", *arguments]
    code = subprocess.run(argv, cwd=ROOT, env=child_environment()).returncode
    print(f"(the command is {command.relative_to(ROOT)})")
    return code


def main() -> int:
    """Do what the command line asks for; the exit code."""
    # What a shell starts in the background ignores Ctrl-C, and so would all that is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("penguin", help="set up, and run the penguin pipeline end to end")
    commands.add_parser("test", help="set up, and run every check and test")
    for name, what in (("setup", "make the environments"), ("check", "run the checks")):
        one = commands.add_parser(name, help=f"{what} (of one world)")
        one.add_argument("world", nargs="?", choices=sorted(WORLDS))
    commands.add_parser("lint", help="ruff, mypy and import contracts")
    chosen, rest = parser.parse_known_args()
    if rest and chosen.command != "penguin":
        parser.error(f"unknown arguments: {' '.join(rest)}")
    if chosen.command == "penguin":
        return penguin(rest)
    if chosen.command == "lint":
        return report(lint(setup("light")))
    worlds = [chosen.world] if getattr(chosen, "world", None) else worlds_here()
    interpreters = {name: setup(name) for name in worlds}
    if chosen.command == "setup":
        return 0
    return report([r for name in worlds for r in CHECKS[name](interpreters[name])])


if __name__ == "__main__":
    sys.exit(main())
