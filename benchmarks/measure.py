"""Runs each side of a comparison as a whole process, and says what it cost.

All benchmarks share it: `run` measures one process, `interleave` takes the sides in turn
(A B A B ...), so that a busy minute of the machine falls on all of them, and `Table` prints
medians and ratios. Only the standard library is used: the sides bring their own interpreters.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
SOURCE_ROOTS = (REPOSITORY, REPOSITORY / "components", REPOSITORY / "metadata")
LAST_LINES = 15


@dataclass(frozen=True)
class Cost:
    """Cost of one process, with all processes that it started.

    Args:
        wall, cpu: seconds.
        answer: the JSON object that the process printed on its last line, if any.
        code: exit code.
        text: all that it printed.
        command: what was run.
    """

    wall: float
    cpu: float
    answer: Mapping[str, Any]
    code: int
    text: str
    command: tuple[str, ...]


class SideFailed(Exception):
    """A side did not do what the benchmark asked of it."""


def say(text: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def machine() -> str:
    """Describe the machine and its load, in one line."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {load}"


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    may_fail: bool = False,
    timeout: float = 600,
) -> Cost:
    """Run a command to its end and measure it.

    Raises:
        SideFailed: it returned another code than 0, unless it `may_fail`.
    """
    words = tuple(str(part) for part in command)
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=full_environment(env),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        alarm = threading.Timer(timeout, _end_session, [process.pid])
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            alarm.cancel()
        wall = time.perf_counter() - begin
        process.returncode = code = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if code and not may_fail:
        # TensorFlow complains about its own shutdown after the message that matters.
        said = text.partition("Exception ignored in")[0] or text
        tail = "\n".join(said.splitlines()[-LAST_LINES:])
        raise SideFailed(f"{' '.join(words)} returned {code}:\n{tail}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, answer_in(text), code, text, words)


def _end_session(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def full_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a side: ours, without what changes how an interpreter starts."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, **(extra or {})}


def our_environment() -> dict[str, str]:
    """Return the variables with which a side imports our packages from this tree."""
    return {"PYTHONPATH": os.pathsep.join(map(str, SOURCE_ROOTS))}


def answer_in(text: str) -> dict[str, Any]:
    """Return the last line of `text` that is a JSON object."""
    for line in reversed(text.splitlines()):
        if line.startswith("{") and line.endswith("}"):
            with contextlib.suppress(json.JSONDecodeError):
                return dict(json.loads(line))
    return {}


def peak_memory(command: Sequence[str | Path], **how: Any) -> float:
    """Return peak memory in MB of a process and all its children, shared pages counted once.

    It samples the proportional set size, which costs time: never measure both in one run.
    """
    peak = 0
    done = threading.Event()
    before = set(_children(os.getpid()))

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.01):
            mine = set(_children(os.getpid())) - before
            peak = max(peak, sum(_memory_kb(pid) for pid in _descendants(mine)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run(command, **how)
    finally:
        done.set()
        watcher.join()
    return peak / 1024


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _descendants(roots: Iterable[int]) -> Iterable[int]:
    for pid in roots:
        yield pid
        yield from _descendants(_children(pid))


def _memory_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def interleave(
    sides: Iterable[str], rounds: int, measure: Callable[[str, int], dict[str, float]]
) -> dict[str, dict[str, list[float]]]:
    """Measure all sides in turn, `rounds` times; returns figures by side and measure.

    A side that fails is named and left out from then on.
    """
    figures: dict[str, dict[str, list[float]]] = {side: {} for side in sides}
    failed: set[str] = set()
    for index in range(rounds):
        for side, found in figures.items():
            if side in failed:
                continue
            try:
                taken = measure(side, index)
            except SideFailed as error:
                failed.add(side)
                say(f"! {side} failed and is left out: {error}")
                continue
            for name, value in taken.items():
                found.setdefault(name, []).append(value)
            say(f"  {side}: " + ", ".join(f"{name} {value:.3g}" for name, value in taken.items()))
        say(f"  round {index + 1} of {rounds} done; {machine()}")
    return figures


def print_table(
    figures: Mapping[str, Mapping[str, Sequence[float]]],
    measures: Sequence[str],
    *,
    reference: str,
) -> None:
    """Print the median of each measure for each side, and its ratio to the reference side."""
    width = max([len(side) for side in figures] + [4])
    columns = {name: max(len(name), 15) for name in measures}
    say(" | ".join(["side".ljust(width), *(name.rjust(w) for name, w in columns.items())]))
    say("-|-".join(["-" * width, *("-" * w for w in columns.values())]))
    base = figures.get(reference, {})
    for side, found in figures.items():
        cells = [_cell(found.get(m), base.get(m)).rjust(w) for m, w in columns.items()]
        say(" | ".join([side.ljust(width), *cells]))


def _cell(values: Sequence[float] | None, base: Sequence[float] | None) -> str:
    if not values:
        return "-"
    middle = statistics.median(values)
    text = f"{middle:.3g}" if middle < 100 else f"{middle:.0f}"
    if not base or not statistics.median(base):
        return text
    return f"{text} ({middle / statistics.median(base):.2g}x)"


def check(name: str, value: float, limit: float, unit: str = "") -> bool:
    """Say whether a figure keeps its limit."""
    verdict = "ok  " if value <= limit else "OVER"
    say(f"{verdict} {name}: {value:.3g} {unit} (limit {limit:g} {unit})".replace(" )", ")"))
    return value <= limit


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what all benchmarks take."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--python",
        default=os.environ.get("MLOPS_BENCH_PYTHON", sys.executable),
        help="interpreter that has our dependencies and ml-metadata "
        "(default: MLOPS_BENCH_PYTHON, else this one)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds (default: 3)")
    parser.add_argument("--json", type=Path, help="write all figures to this file as well")
    return parser


def add_peers(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Let the user say which interpreter has which peer."""
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help=f"interpreter of a peer ({', '.join(names)}); may be repeated "
        "(default: MLOPS_BENCH_<NAME> for each)",
    )


def peers(given: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return the interpreters of peers, from flags and environment."""
    found = {
        name: os.environ[f"MLOPS_BENCH_{name.upper()}"]
        for name in names
        if f"MLOPS_BENCH_{name.upper()}" in os.environ
    }
    for item in given:
        name, _, python = item.partition("=")
        if name not in names or not python:
            raise SystemExit(f"--peer takes NAME=PYTHON, NAME one of {', '.join(names)}: {item}")
        found[name] = python
    return found


def save(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures as JSON, with the state of the machine."""
    if path:
        path.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=2) + "\n")
