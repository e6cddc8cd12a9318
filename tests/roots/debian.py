#!/usr/bin/env python3
"""Runs README's first command, and most of its second, of a commit in a fresh Debian 13.

    python3 tests/roots/debian.py              # all steps, those on a Python 3.12 of pyenv too
    python3 tests/roots/debian.py penguin ml   # some steps
    python3 tests/roots/debian.py --run 'python3 dev.py check ml'   # a command of yours

The root is made by mmdebstrap from packages, below `MLOPS_TEST_ROOTS` (a folder in the user's cache
if it is not set), and kept with the environments in it: a second run downloads nothing. It is made
anew when the list of its packages changes. Where there is no root to be had, one line says so: with
exit code 0 if nothing was asked for by name, and 2 if a step, `--run` or `--required` was.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import enter
import keep
import lend
import sides
import stacks
import steps

CHECKOUT = "/srv/mlops pipeline"
NAME = f"debian-{keep.SUITE}"
HERE = Path(__file__).resolve().parents[2]
STEPS = ("penguin", "light", "ml", "stacks", "penguin-3.12", "part-3.12")
# The libraries of Python 3.12 are those of 3.13, so that CI runs a part of its tests only.
ASKED = ("part", "ml-3.12", "test")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def git(*argv: str, folder: Path = HERE) -> str:
    """Run git and return what it printed."""
    # A hook of git names its own repository in these.
    other = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *argv],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in other},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise keep.Failed(f"git {argv[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def clone(tree: Path) -> str:
    """Bring the commit at hand into the root, beside the environments of earlier runs; its hash."""
    keep.check_unmounted(tree)
    commit = git("rev-parse", "HEAD")
    if git("status", "--porcelain"):
        say("note: what is not committed here is left out")
    source = git("rev-parse", "--path-format=absolute", "--git-common-dir")
    checkout = Path(f"{tree}{CHECKOUT}")
    checkout.mkdir(parents=True, exist_ok=True)
    # We have the root to ourselves: these were left by a git that was killed.
    for left in (checkout / ".git").rglob("*.lock"):
        left.unlink()
    git("init", "--quiet", folder=checkout)
    git("fetch", "--quiet", "--depth=1", f"file://{source}", commit, folder=checkout)
    git("checkout", "--quiet", "--force", "--detach", commit, folder=checkout)
    git("clean", "--quiet", "-ffdx", "--exclude=/.venvs", folder=checkout)
    return commit


def lent_python(version: str) -> Path | None:
    """The folder of a Python of pyenv on this machine; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted((pyenv / "versions").glob(f"{version}.*/bin/python{version}"))
    return found[-1].resolve().parents[1] if found else None


def runnable(steps_: Sequence[str]) -> list[str]:
    """Leave out the steps whose Python cannot be lent, and say so."""
    kept = []
    for step in steps_:
        version = step.partition("-")[2]
        if version and not lent_python(version):
            say(f"NOT RUN: {step} in Debian 13: pyenv has no Python {version} here to lend")
        else:
            kept.append(step)
    return kept


def side_of(root: enter.Root, step: str) -> sides.Side:
    """Choose the side that a step runs on."""
    version = step.partition("-")[2]
    folder = lent_python(version) if version else None
    return sides.lent(root, CHECKOUT, version, folder) if folder else sides.there(root, CHECKOUT)


def run(root: enter.Root, step: str, keeps: str) -> bool:
    """Run a step in the root; whether it passed. `keeps` is the commit to note it under."""
    side = side_of(root, step)
    if step == "stacks":
        folder = root.tree.parent / "stacks"
        folder.mkdir(exist_ok=True)
        both = sides.there(root._replace(shared=folder), CHECKOUT)
        return stacks.compared(sides.here(HERE), both, folder)
    command = f"python3 tests/roots/debian.py {step}"
    return steps.run(side, step.partition("-")[0], command, keeps)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Tests in a fresh Debian 13.")
    parser.add_argument("steps", nargs="*", metavar="step", help=", ".join(STEPS + ASKED))
    parser.add_argument("--run", metavar="COMMAND", help="run a command of yours instead")
    parser.add_argument("--record", action="store_true", help="note what passed in seen.json")
    parser.add_argument("--required", action="store_true", help="fail where there is no root")
    chosen = parser.parse_args()
    if wrong := [step for step in chosen.steps if step not in STEPS + ASKED]:
        parser.error(f"there is no step {wrong[0]}; there are {', '.join(STEPS + ASKED)}")
    if chosen.steps and chosen.run:
        parser.error("steps and --run cannot be combined; call debian.py once for each")
    return chosen


def main() -> int:
    """Do what the command line asks for; the exit code."""
    chosen = options()
    if reason := keep.obstacle():
        say(f"NOT RUN: Debian 13: {reason}")
        return 2 if chosen.steps or chosen.run or chosen.required else 0
    wanted = [] if chosen.run else runnable(chosen.steps or STEPS)
    if len(wanted) < len(chosen.steps):
        return 2
    folder = keep.cache(os.environ)
    with keep.locked(folder, NAME):
        seconds = keep.provide(keep.recipe(), folder / NAME)
        say(f"Debian 13 in {folder / NAME}: {f'made in {seconds:.0f} s' if seconds else 'kept'}")
        root = enter.Root(folder / NAME, lend.binds(os.environ))
        commit = clone(root.tree)
        say(f"commit {commit[:12]} in {CHECKOUT}")
        if chosen.run:
            return sides.there(root, CHECKOUT).show(["sh", "-c", chosen.run])
        keeps = commit[:12] if chosen.record else ""
        results = [run(root, step, keeps) for step in wanted]
        if not chosen.steps:
            say("NOT RUN: all ml tests on Python 3.12 in Debian 13: debian.py ml-3.12 does")
            say("NOT RUN: Airflow and Kubeflow in Debian 13: debian.py test does")
    return 0 if all(results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except keep.Failed as failure:
        sys.exit(f"debian.py: {failure}")
