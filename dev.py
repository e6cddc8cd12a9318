"""Set-up and checks of a checkout: `python3 dev.py penguin`, `python3 dev.py test`.

Each dependency world has its own virtual environment in `.venvs/`, filled with what its constraint
file lists. Checkouts that come and go may share them: `MLOPS_DEV_VENVS` names a folder for them,
which one command at a time uses. Standard library only; any Python from 3.8 on finds one that fits,
or says in one line what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent
OWN = ROOT / ".venvs"
VENVS = Path(os.environ.get("MLOPS_DEV_VENVS") or OWN).absolute()
PACKAGES = ("mlops_pipeline", "components/mlops_components", "metadata/mlops_metadata")


class Lock(NamedTuple):
    """A constraint file, and where it can be installed."""

    file: str
    pythons: tuple[tuple[int, int], ...]
    glibc: tuple[int, ...] = ()


class World(NamedTuple):
    """A dependency world: the constraint files to choose from, and what its set-up needs.

    Some packages come as source only (`builds`), some of those in C++ (`compiles`). Where an
    optional world has no Python, its tests do not run, which is said aloud.
    """

    locks: tuple[Lock, ...]
    gigabytes: float
    builds: bool = False
    compiles: bool = False
    optional: bool = False
    wheels: tuple[str, ...] = ()


WORLDS: dict[str, World] = {
    "light": World((Lock("light.txt", ((3, 11), (3, 12), (3, 13), (3, 10), (3, 14))),), 0.5),
    "ml": World(
        (
            Lock("ml-py311.txt", ((3, 11),), glibc=(2, 28)),
            Lock("ml-py312-glibc239.txt", ((3, 12),), glibc=(2, 39)),
            Lock("ml-py313-glibc239.txt", ((3, 13),), glibc=(2, 39)),
        ),
        gigabytes=5.0,
        builds=True,
        # TensorFlow Data Validation asks for less than 0.4, which comes as C++ source only. This
        # one gives the same fingerprints, and nobody needs a compiler.
        wheels=("pyfarmhash==0.5.1",),
    ),
    "airflow": World((Lock("airflow.txt", ((3, 11), (3, 12), (3, 13))),), 1.5),
    # TFX installs on Python 3.10 at most, beside versions of its own of nearly everything.
    "tfx": World(
        (Lock("tfx-py310.txt", ((3, 10),), glibc=(2, 28)),),
        gigabytes=4.0,
        builds=True,
        compiles=True,
        optional=True,
    ),
    "kubeflow": World((Lock("kubeflow.txt", ((3, 11), (3, 12), (3, 13))),), 0.5),
    # The oldest SDK that we support does not do with Python 3.13.
    "kubeflow-213": World(
        (Lock("kubeflow-213.txt", ((3, 11), (3, 12))),), gigabytes=0.5, optional=True
    ),
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
        done = subprocess.run(
            [command, "-c", _PROBE],
            capture_output=True,
            text=True,
            check=True,
            env=child_environment(),
        )
        told = json.loads(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    glibc = tuple(int(part) for part in re.findall(r"\d+", told["glibc"])[:2])
    return Python(told["path"], tuple(told["version"]), glibc, told["venv"], told["headers"])


def candidates(wanted: Sequence[str]) -> Iterator[str]:
    """Yield commands that may be a Python: on PATH, or made by pyenv and not on it."""
    yield from filter(shutil.which, [sys.executable, *wanted, "python3"])
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))  # noqa: PTH111
    for name in wanted:
        yield from map(str, sorted((pyenv / "versions").glob(f"*/bin/{name}")))


def find(name: str) -> tuple[tuple[Python, Lock] | None, dict[str, str]]:
    """Find the interpreter and the constraint file of a world; also return why others do not do."""
    world = WORLDS[name]
    wanted = [f"python{a}.{b}" for lock in world.locks for a, b in lock.pythons]
    unfit: dict[str, str] = {}
    second: tuple[Python, Lock] | None = None
    for python in filter(None, map(probe, candidates(wanted))):
        locks = [lock for lock in world.locks if python.version[:2] in lock.pythons]
        for lock in locks:
            if python.glibc >= lock.glibc:
                if python.venv and (python.headers or not world.compiles):
                    return (python, lock), unfit
                # One that lacks something is named if there is no other.
                second = second or (python, lock)
        newest = max(each for lock in world.locks for each in lock.pythons)
        age = "new" if python.version[:2] > newest else "old"
        libc = f"for glibc {'.'.join(map(str, python.glibc)) or 'of none'}"
        unfit[python.name] = libc if locks else f"too {age}"
    return second, unfit


def choose(name: str) -> tuple[Python, Lock]:
    """Return the interpreter and the constraint file of a world on this machine."""
    found, unfit = find(name)
    if found:
        return found
    ways: dict[tuple[int, ...], list[str]] = {}
    for lock in WORLDS[name].locks:
        ways.setdefault(lock.glibc, []).extend(f"{a}.{b}" for a, b in sorted(lock.pythons))
    needs = " or ".join(
        f"Python {', '.join(pythons)}"
        + (f" with glibc {'.'.join(map(str, glibc))} or newer" if glibc else "")
        for glibc, pythons in ways.items()
    )
    here = ", ".join(f"{python} ({why})" for python, why in sorted(unfit.items()))
    stop(
        f"the {name} environment needs {needs}, on Linux, on PATH or made by pyenv; here: "
        f"{here or 'none'}"
    )


def can_have(name: str) -> bool:
    """Return True if a Python of this machine does for a world."""
    return find(name)[0] is not None


def worlds_here() -> list[str]:
    """Choose the worlds to check on this machine; print those that are left out."""
    kept = []
    for name, world in WORLDS.items():
        if world.optional and not can_have(name):
            versions = " or ".join(f"{a}.{b}" for a, b in world.locks[0].pythons)
            print(f"NOT RUN: tests with {name!r}: there is no Python {versions} here", flush=True)
        else:
            kept.append(name)
    return kept


def check_system(name: str, python: Python) -> None:
    """Stop where something is missing that pip would fail on after minutes."""
    world = WORLDS[name]
    if not python.venv:
        stop(f"{python.name} cannot make virtual environments: apt-get install {python.name}-venv")
    if world.builds and os.uname().machine != "x86_64":
        stop(f"the {name} environment has packages for x86_64 only; this is {os.uname().machine}")
    if world.compiles and not (shutil.which("c++") or shutil.which("g++")):
        stop("no C++ compiler, which the package pyfarmhash needs: apt-get install g++")
    if world.compiles and not python.headers:
        stop(
            f"no C headers of {python.name}, which pyfarmhash needs: apt-get install "
            f"{python.name}-dev"
        )
    free = shutil.disk_usage(VENVS).free / 1e9
    if free < world.gigabytes:
        stop(
            f"the {name} environment needs {world.gigabytes} GB of disk; {free:.1f} GB are free "
            f"in {shown(VENVS)}"
        )


# How an index is reached. Anything else that pip takes from the environment says which packages
# are installed, or where, and that is ours to say.
PIP = re.compile(
    r"PIP_((EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|(CLIENT_)?CERT|TRUSTED_HOST|PROXY|KEYRING_PROVIDER"
    r"|(DEFAULT_|)TIMEOUT|RETRIES|RESUME_RETRIES|(NO_)?CACHE_DIR|CONFIG_FILE|NO_INPUT"
    r"|DISABLE_PIP_VERSION_CHECK|USE_FEATURE|USE_DEPRECATED)"
)
# What brings in foreign packages, delays, another checkout (from a git hook) or another Keras.
FOREIGN = re.compile(
    r"PYTHON\w*|PIP_\w+|VIRTUAL_ENV\w*|CONDA_\w+|GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)"
    r"|KERAS_BACKEND|TF_USE_LEGACY_KERAS|MLOPS_DEV_\w+"
)


def child_environment() -> dict[str, str]:
    """Return the environment of child processes, without what changes installs and runs."""
    kept = {k: v for k, v in os.environ.items() if PIP.fullmatch(k) or not FOREIGN.fullmatch(k)}
    if any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in kept):
        # Nodes and tests talk to servers of their own here, which no proxy can reach.
        for name in ("no_proxy", "NO_PROXY"):
            kept[name] = ",".join(filter(None, (kept.get(name), "localhost,127.0.0.1,::1")))
    return kept


def logged(argv: Sequence[str], log: Path, doing: str) -> None:
    """Run a step of the set-up; its output goes to the log, one line tells of a failure."""
    with log.open("a", encoding="utf-8") as out:
        out.write(f"$ {' '.join(argv)}\n")
        out.flush()
        done = subprocess.run(
            argv, stdout=out, stderr=out, cwd=ROOT, env=child_environment(), close_fds=False
        )
    if done.returncode:
        errors = re.findall(r"^(?:ERROR|error): *(.+)$", log.read_text("utf-8", "replace"), re.M)
        cause = f": {errors[-1]}" if errors else ""
        # Then the log has no room for the cause either.
        cause = cause if shutil.disk_usage(VENVS).free > 1e6 else ": no space left on the disk"
        stop(f"could not {doing}{cause} (full output: {shown(log)})")


def shown(path: Path) -> str:
    """A path as it is shown: from the checkout, if it is in it."""
    return str(path.relative_to(ROOT) if ROOT in path.parents else path)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Only one set-up at a time in a folder of environments."""
    VENVS.mkdir(parents=True, exist_ok=True)
    with (VENVS / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another dev.py that uses {shown(VENVS)}", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        # Whatever still installs when we are killed holds the lock to its own end.
        os.set_inheritable(file.fileno(), True)
        yield


def unless_shared() -> contextlib.AbstractContextManager[None]:
    """The lock of a set-up; with shared environments, `main` holds it until its end."""
    return contextlib.nullcontext() if VENVS != OWN else locked()


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def pinned(world: World, lock: Lock) -> str:
    """The list of packages to install: the constraint file, with wheels for what would compile."""
    pins = (ROOT / "constraints" / lock.file).read_text(encoding="utf-8")
    for pin in world.wheels:
        pins = re.sub(rf"^{pin.split('==')[0]}==.*$", pin, pins, flags=re.M)
    return pins


def read_stamp(stamp: Path) -> dict[str, str]:
    """What an environment was made from; nothing if that was not finished."""
    try:
        kept: dict[str, str] = json.loads(stamp.read_text())
    except (OSError, ValueError):
        return {}
    return kept


def setup(name: str) -> str:
    """Return the interpreter of a world's environment; creates or updates it if needed."""
    with unless_shared():
        python, lock = choose(name)
        venv = VENVS / name
        pins = pinned(WORLDS[name], lock)
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        want = {
            "packages": digest(pins, str(VENVS.parent), *map(str, python.version)),
            # A shared environment leads to the checkout that uses it now.
            "project": digest(project, *([str(ROOT)] if VENVS != OWN else [])),
        }
        stamp = venv / "stamp.json"
        have = read_stamp(stamp)
        inside = venv / "bin" / "python"
        if name == "light":
            build_pages()
        if have == want and inside.exists():
            compile_project(str(inside))
            return str(inside)
        begun = time.monotonic()
        log = VENVS / f"{name}.log"
        log.write_text("")
        if stamp.exists():
            stamp.unlink()
        if have.get("packages") != want["packages"] or not inside.exists():
            check_system(name, python)
            (VENVS / f"{name}.txt").write_text(pins, encoding="utf-8")
            install_packages(name, python, lock, log)
        install_project(str(inside), log)
        # All at once: half a stamp on a full disk would be taken for one.
        half = stamp.with_suffix(".half")
        half.write_text(json.dumps(want))
        half.replace(stamp)
        print(f"{name} environment ready after {time.monotonic() - begun:.0f} s", flush=True)
        return str(inside)


def build_pages() -> None:
    """Build what draws on the web pages; where that fails, they do without, which a line says."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        print("the drawings of the web pages are not built: there is no Node here", flush=True)
        return
    script = ROOT / "mlops_pipeline" / "ui" / "web" / "build.mjs"
    subprocess.run([node, str(script), str(VENVS / "web")], env=child_environment())


def pip_install(inside: str) -> list[str]:
    """A command that installs into this environment, wherever pip's configuration says to."""
    where = ("--no-user", "--target=", "--root=/", f"--prefix={Path(inside).parents[1]}")
    return [inside, "-m", "pip", "install", "--no-deps", *where]


def install_packages(name: str, python: Python, lock: Lock, log: Path) -> None:
    """Fill a new virtual environment with what the constraint file lists, byte-compiled."""
    venv = VENVS / name
    version = ".".join(map(str, python.version))
    print(
        f"setting up the {name} environment in {shown(venv)}: Python {version}, "
        f"constraints/{lock.file}; output in {shown(log)}",
        flush=True,
    )
    logged([python.path, "-m", "venv", "--clear", str(venv)], log, "make a virtual environment")
    inside = str(venv / "bin" / "python")
    pins = VENVS / f"{name}.txt"
    # The list is complete, so there is nothing to resolve. By pip, because it reads the machine's
    # own pip configuration.
    install = [*pip_install(inside), "--no-compile"]
    if WORLDS[name].builds:
        # Without build isolation the tools that build packages from source are pinned as well.
        tools = re.findall(r"^(?:setuptools|wheel|packaging)==.*$", pins.read_text("utf-8"), re.M)
        logged([*install, *tools], log, "install the build tools")
        install.append("--no-build-isolation")
    logged([*install, "-r", str(pins)], log, f"install {lock.file}")
    # Here, once, in parallel: nothing is compiled later where PYTHONDONTWRITEBYTECODE is set.
    compile_all = [inside, "-m", "compileall", "-q", "-j", "0", str(venv / "lib")]
    subprocess.run(compile_all, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def install_project(inside: str, log: Path) -> None:
    """Install this checkout, editable: entry points and command, the code stays where it is."""
    install = [*pip_install(inside), "--no-build-isolation"]
    logged([*install, "--editable", str(ROOT)], log, "install this checkout")
    for file in Path(inside).parents[1].glob("lib/*/site-packages/*.pth"):
        paths = file.read_text(encoding="utf-8")
        if not paths.isascii():
            # Where the locale is C, Python 3.11 reads ASCII here, and nothing else.
            file.write_text(f"import sys; sys.path.extend({paths.splitlines()!a})\n")
    compile_project(inside)


def compile_project(inside: str) -> None:
    """Byte-compile what has changed in this checkout."""
    subprocess.run([inside, "-m", "compileall", "-q", *PACKAGES], cwd=ROOT)


def penguin(arguments: Sequence[str]) -> int:
    """Run the penguin pipeline in the ml environment; the exit code."""
    command = Path(setup("ml")).parent / "mlops"
    argv = [str(command), "run", "pipelines/penguin", *arguments]
    code = subprocess.run(argv, cwd=ROOT, env=child_environment()).returncode
    print(f"(the command is {shown(command)})")
    return code


def python(arguments: Sequence[str]) -> int:
    """Run the Python of the ml environment; the exit code."""
    argv = [setup("ml"), *arguments]
    return subprocess.run(argv, cwd=ROOT, env=child_environment()).returncode


# Commands that take any arguments.
PASSED_ON = {"penguin": penguin, "python": python}
# Errors of a disk or a folder that the user can mend.
NOT_OURS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


def main() -> int:
    """Do what the command line asks for; the exit code."""
    # What a shell starts in the background ignores Ctrl-C, and so would all that is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(description="Set-up and checks of a checkout.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("penguin", help="set up, and run the penguin pipeline end to end")
    commands.add_parser("python", help="set up, and run the Python of the ml environment")
    commands.add_parser("test", help="set up, and run every check and test")
    for name, what in (("setup", "make the environments"), ("check", "run the checks")):
        one = commands.add_parser(name, help=f"{what} (of one world)")
        one.add_argument("world", nargs="?", choices=sorted(WORLDS))
    commands.add_parser("lint", help="ruff, mypy and import contracts")
    chosen, rest = parser.parse_known_args()
    if rest and chosen.command not in PASSED_ON:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    try:
        with locked() if VENVS != OWN else contextlib.nullcontext():
            return act(chosen, rest)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        stop(f"cannot write {error.filename or shown(VENVS)}: {error.strerror}")


def act(chosen: argparse.Namespace, rest: Sequence[str]) -> int:
    """Do what a command asks for; the exit code."""
    if chosen.command in PASSED_ON:
        return PASSED_ON[chosen.command](rest)
    sys.path.insert(0, str(ROOT / "tests"))
    import checks

    # Settings of the caller's own runs are none of the tests'.
    settings = {k for k in os.environ if k.startswith("MLOPS_") and not k.startswith("MLOPS_TEST_")}
    environment = {k: v for k, v in child_environment().items() if k not in settings}
    bench = checks.Bench(ROOT, environment, setup, can_have)
    if chosen.command == "lint":
        return checks.report(checks.lint(bench, setup("light")))
    worlds = [chosen.world] if getattr(chosen, "world", None) else worlds_here()
    interpreters = {name: setup(name) for name in worlds}
    if chosen.command == "setup":
        return 0
    return checks.report([r for name in worlds for r in checks.run(bench, name, interpreters)])


if __name__ == "__main__":
    sys.exit(main())
