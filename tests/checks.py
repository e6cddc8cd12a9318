"""The checks that `dev.py` runs: linters, and the tests of each dependency world."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Result(NamedTuple):
    """How a step of the checks went; `tests` is the closing line of pytest."""

    step: str
    ok: bool
    seconds: float
    tests: str


class Bench(NamedTuple):
    """The checkout to check, the variables that checks see, and the way to get an environment.

    `can_have` returns False for an environment that no Python of this machine does for.
    """

    root: Path
    environment: dict[str, str]
    setup: Callable[[str], str]
    can_have: Callable[[str], bool]


def step(bench: Bench, title: str, argv: Sequence[str]) -> Result:
    """Run one check and show what it prints."""
    print(f"\n== {title}", flush=True)
    begun = time.monotonic()
    tests = ""
    process = subprocess.Popen(
        argv,
        cwd=bench.root,
        env=bench.environment,
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


def lint(bench: Bench, inside: str) -> list[Result]:
    """The checks that read the code without running it."""
    tool = str(Path(inside).parent)
    return [
        step(bench, "ruff check", [f"{tool}/ruff", "check"]),
        step(bench, "ruff format --check", [f"{tool}/ruff", "format", "--check"]),
        step(bench, "mypy --strict", [f"{tool}/mypy"]),
        step(bench, "lint-imports", [f"{tool}/lint-imports"]),
    ]


# What needs an environment of its own.
OTHER_WORLDS = "not airflow and not tfx and not kubeflow and not cluster and not browser"
LIGHT_TESTS = f"not ml and not mlmd and not container and not slow and {OTHER_WORLDS}"
ML_TESTS = f"(ml or mlmd or container or slow) and {OTHER_WORLDS}"

SHARED = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")
# Tests of one file share what is slow to make; more than two processes would share no cores.
SHARED_BY_FILE = ("-n", "2", "--dist", "loadfile")


def pytest(bench: Bench, name: str, inside: str, *chosen: str) -> Result:
    """Run tests; `chosen` says which."""
    return step(bench, f"pytest, {name}", [inside, "-m", "pytest", "-q", *chosen])


def check_light(bench: Bench, inside: str) -> list[Result]:
    """Everything that needs neither ML Metadata nor TensorFlow, and is not slow."""
    return [
        *lint(bench, inside),
        pytest(bench, "light", inside, *SHARED, "-m", LIGHT_TESTS),
        # One browser for all of them.
        pytest(bench, "browser", inside, "-m", "browser", "tests/mlops_pipeline/ui"),
    ]


def check_ml(bench: Bench, inside: str) -> list[Result]:
    """The tests that need ML Metadata, TensorFlow or containers, and the slow ones."""
    # In the order of the files: xdist would begin with those that have the most tests, and end with
    # the slowest ones, which have a single test, while one process has nothing to do.
    in_order = (*SHARED_BY_FILE, "--no-loadscope-reorder")
    return [pytest(bench, "ml", inside, *in_order, "-m", ML_TESTS)]


def check_airflow(bench: Bench, inside: str) -> list[Result]:
    """The tests that start a whole Airflow; they run in the ml environment and so do the nodes."""
    bench.environment["MLOPS_TEST_AIRFLOW"] = str(Path(inside).with_name("airflow"))
    return [pytest(bench, "airflow", bench.setup("ml"), "-m", "airflow")]


def check_tfx(bench: Bench, inside: str) -> list[Result]:
    """The tests that need TFX itself."""
    return [pytest(bench, "tfx", inside, "-m", "tfx", "tests/tfx")]


def check_kubeflow(bench: Bench, inside: str) -> list[Result]:
    """The tests that read what is compiled for Kubeflow with its SDKs, and run its containers."""
    bench.environment["MLOPS_TEST_KFP"] = inside
    if bench.can_have("kubeflow-213"):
        bench.environment["MLOPS_TEST_KFP_213"] = bench.setup("kubeflow-213")
    return [pytest(bench, "kubeflow", bench.setup("ml"), *SHARED_BY_FILE, "-m", "kubeflow")]


CHECKS: dict[str, Callable[[Bench, str], list[Result]]] = {
    "light": check_light,
    "ml": check_ml,
    "airflow": check_airflow,
    "tfx": check_tfx,
    "kubeflow": check_kubeflow,
    # Its SDK is read by the tests of "kubeflow".
    "kubeflow-213": lambda bench, inside: [],
}


def run(bench: Bench, name: str, interpreters: Mapping[str, str]) -> list[Result]:
    """Run the checks of a world."""
    return CHECKS[name](bench, interpreters[name])


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
