"""Kills runs at random moments, and has an independent reader look after each kill.

Runs of a chain, a fan, a loop and a retry are killed by SIGKILL: the runner, which is the publisher
too, a worker, or all of them; at the n-th thing that they do with files, at a random moment, or
shortly after a step of the launcher. After each kill, and at the end of each run,
`reader.py` looks at the tables and the files. A killed run is resumed, which is killed in its turn;
now and then one is left as it is, for the next run of the pipeline to clean up:

    python tests/mlops_metadata/killing/kills.py --kills 10000
    python tests/mlops_metadata/killing/kills.py --seed 7 --only 31    # the 32nd store of it again

Prints what was killed how often; ends with 1 if the reader found anything, and keeps that folder.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
sys.path[:0] = [str(HERE), *(str(REPOSITORY / each) for each in ("", "metadata", "components"))]

import shapes  # noqa: E402
from reader import Begun, Reader  # noqa: E402

from mlops_metadata.by_file import open_sqlite  # noqa: E402
from mlops_pipeline.authoring import compile_pipeline  # noqa: E402
from mlops_pipeline.run_state import Workspace  # noqa: E402
from mlops_pipeline.runners import local  # noqa: E402

RUNS = 6
"""Runs of a store."""

MOST_WRONG = 10
"""Stores with something wrong, after which it ends."""

WATCHED = ("open", "os.", "shutil.", "sqlite3.connect", "fcntl.", "mlops.step", "subprocess.Popen")
"""Beginnings of the names of what counts as a thing that a process does."""

COMPILED = {name: compile_pipeline(made, {}, HERE) for name, made in shapes.SHAPES.items()}


@dataclass(frozen=True)
class How:
    """How a process is killed.

    Args:
        target: `runner`, `worker` or `all`; empty to let it live.
        at: `thing`, `step` or `time`.
        number: of the thing or the step.
        seconds: from then on, or from the beginning.
    """

    target: str = ""
    at: str = "time"
    number: int = 0
    seconds: float = 0.0

    @property
    def by_workers(self) -> bool:
        """True if the nodes run in worker processes."""
        return self.target in ("worker", "all") or (not self.target and self.number == 1)


@dataclass
class Usual:
    """What a run takes that nobody kills; from that, the moments to kill are chosen."""

    things: int = 300
    steps: int = 40
    seconds: float = 0.3


@dataclass
class Figures:
    """What has happened so far."""

    kills: Counter[str] = field(default_factory=Counter)
    ends: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of kills."""
        return sum(self.kills.values())


def choose(dice: random.Random, usual: Usual) -> How:
    """Choose how to kill."""
    target = dice.choices(("runner", "worker", "all", ""), (70, 8, 8, 14))[0]
    if target == "":
        return How(number=int(dice.random() < 0.2))
    if target != "runner":
        return How(target, "time", seconds=dice.uniform(0, 4 * usual.seconds))
    at = dice.choices(("thing", "step", "time"), (45, 35, 20))[0]
    if at == "thing":
        return How(target, at, dice.randrange(usual.things))
    if at == "step":
        return How(
            target, at, dice.randrange(usual.steps), dice.choice((0, 1, 1)) * dice.uniform(0, 0.008)
        )
    return How(target, at, seconds=dice.uniform(0, usual.seconds))


def act(folder: Path, run: Begun, how: How, tell: int) -> int:
    """Be the runner: a process of its own, which may kill itself."""
    counts: Counter[str] = Counter()

    def watch(event: str, args: Any) -> None:
        if not event.startswith(WATCHED):
            return
        kinds = ["thing", "step"] if event == "mlops.step" else ["thing"]
        for kind in kinds:
            counts[kind] += 1
            if (how.at, how.number) == (kind, counts[kind] - 1) and how.target:
                if how.seconds:
                    os.write(tell, b"!")
                else:
                    os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder / "tmp")
    store = open_sqlite(f"sqlite:///{folder / 'metadata.db'}")
    workspace = Workspace(store, str(folder / "root"), HERE, (str(HERE),))
    options = local.RunOptions(workers=2, in_process=not how.by_workers)
    parameters = {"seed": run.seed}
    result = local.run(
        COMPILED[run.shape], run.id, workspace, parameters=parameters, options=options
    )
    store.close()
    counted = f"{counts['thing']} {counts['step']}"
    os.write(tell, counted.encode())
    return 1 if result.failed else 0


def start(folder: Path, run: Begun, how: How) -> tuple[int, int]:
    """Start the runner in a session of its own; returns its number, and the pipe it tells on."""
    listen, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        return child, listen
    code = 3
    try:
        os.close(listen)
        os.setsid()
        said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(said, 1)
        os.dup2(said, 2)
        code = act(folder, run, how, tell)
    except BaseException:  # noqa: BLE001 - its own end is told by the exit code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def children(pid: int) -> list[int]:
    """Return the processes that one has started, and theirs."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for each in (task / "children").read_text().split():
                found += [int(each), *children(int(each))]
    return found


def live(folder: Path, run: Begun, how: How, dice: random.Random, usual: Usual) -> tuple[int, bool]:
    """Let a runner run, and kill; returns its exit code and whether anything was killed."""
    begun = time.monotonic()
    child, listen = start(folder, run, how)
    killed = False
    told = b""
    until = begun + how.seconds if how.target and how.at == "time" else 0.0
    while True:
        wait = max(0.0, until - time.monotonic()) if until else 60.0
        ready = select.select([listen], [], [], wait)[0]
        if ready:
            part = os.read(listen, 100)
            if not part:
                break
            told += part
            if part == b"!":
                until = time.monotonic() + how.seconds
            continue
        if not until:
            os.killpg(child, signal.SIGKILL)
            raise TimeoutError(f"{run} takes more than a minute")
        until = 0.0
        killed = kill(child, how, dice)
    os.close(listen)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    told = told.removeprefix(b"!")
    if not code and not killed and not how.by_workers and told:
        usual.things, usual.steps = (max(10, int(each)) for each in told.split())
        usual.seconds = time.monotonic() - begun
    return code, killed or code == -signal.SIGKILL


def kill(child: int, how: How, dice: random.Random) -> bool:
    """Kill what is to be killed; returns False if it is gone."""
    targets = [child]
    if how.target == "worker":
        targets = [dice.choice(found)] if (found := children(child)) else []
    elif how.target == "all":
        targets += children(child)
    for each in targets:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    return how.target == "worker" and bool(targets)


def live_through(
    folder: Path, dice: random.Random, figures: Figures, most: int
) -> tuple[list[Begun], list[str]]:
    """Begin runs in a new store, kill and resume them; returns them, and what is wrong."""
    begun: list[Begun] = []
    usual = {name: Usual() for name in shapes.SHAPES}
    for number in range(RUNS):
        shape = dice.choice(list(shapes.SHAPES))
        run = Begun(f"r{number}-{shape}", shape, dice.randrange(3))
        begun.append(run)
        while True:
            how = choose(dice, usual[shape]) if figures.count < most else How()
            code, killed = live(folder, run, how, dice, usual[shape])
            if killed:
                figures.kills[f"{shape}, {how.target} at {how.at}"] += 1
            reader = Reader(folder)
            problems = reader.check(begun)
            if not killed and code:
                problems.append(f"{run.id} ended with {code}")
            if not code:
                problems = reader.check_end(run)
                figures.ends += 1
            if problems:
                return begun, [f"{run.id}, {how}: {each}" for each in problems]
            if not code or dice.random() < 0.05:
                break
    return begun, []


def one_store(number: int, options: Any, figures: Figures) -> list[str]:
    """Go through one store from its beginning, and clean up at its end; returns what is wrong."""
    dice = random.Random(f"{options.seed}/{number}")
    folder = Path(tempfile.mkdtemp(prefix=f"kills-{options.seed}-{number}-", dir=options.folder))
    (folder / "tmp").mkdir()
    begun, problems = live_through(folder, dice, figures, options.kills)
    # What killed runs have left is found by the next run of the pipeline.
    for shape in shapes.SHAPES if not problems else ():
        run = Begun(f"last-{shape}", shape, 1)
        code, _ = live(folder, run, How(), dice, Usual())
        reader = Reader(folder)
        problems += reader.check([*begun, run]) or reader.check_end(run)
        problems += [f"{run.id} ended with {code}"] if code else []
    problems = problems or Reader(folder).check_clean()
    if not problems:
        shutil.rmtree(folder)
    return [f"store {number}, {folder}: {each}" for each in problems]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so many")
    parser.add_argument("--only", type=int, help="go through this one of the stores")
    parser.add_argument(
        "--folder", help="where the stores are made (default: the temporary folder)"
    )
    options = parser.parse_args()
    os.environ["MLOPS_KEY_FILE"] = str(Path(tempfile.gettempdir()) / f"kills-{os.getpid()}.key")
    figures, begun = Figures(), time.monotonic()
    first = number = options.only or 0
    wrong = 0
    while figures.count < options.kills and wrong < MOST_WRONG:
        if time.monotonic() - begun > options.seconds:
            break
        problems = one_store(number, options, figures)
        wrong += bool(problems)
        figures.problems += problems
        for problem in problems:
            sys.stdout.write(f"! {problem}\n")
            sys.stdout.flush()
        number += 1
        if number % 50 == 0:
            sys.stdout.write(f"{number} stores, {figures.count} kills\n")
            sys.stdout.flush()
        if options.only is not None:
            break
    for name, count in sorted(figures.kills.items()):
        sys.stdout.write(f"{count:6}  {name}\n")
    sys.stdout.write(
        f"{figures.count} kills, {figures.ends} runs ended well, {number - first} stores, "
        f"{len(figures.problems)} problems, {time.monotonic() - begun:.0f} s\n"
    )
    with contextlib.suppress(OSError):
        Path(os.environ["MLOPS_KEY_FILE"]).unlink()
    return 1 if figures.problems else 0


if __name__ == "__main__":
    sys.exit(main())
