"""The tutorial: its commands are run in a shell, its edits made, and their output compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.mlmd

TUTORIAL = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"
HOME = "/home/you"
"""The folder that the document names in place of the one that the test runs in."""


@dataclass(frozen=True)
class Step:
    """A command with its output, or an edit of a file (`command` is empty)."""

    line: int
    command: str
    text: str


def steps(document: str) -> Iterator[Step]:
    """Read the blocks `console` (commands with output) and `diff` (edits) of a document."""
    for block in re.finditer(r"^```(console|diff)\n(.*?)^```$", document, re.M | re.S):
        line = document[: block.start()].count("\n") + 1
        if block[1] == "diff":
            yield Step(line, "", block[2])
            continue
        for part in re.split(r"^\$ ", block[2], flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield Step(line, command, output)


def edit(folder: Path, text: str) -> None:
    """Make an edit: `--- FILE`, then hunks of lines that begin with a blank, `-` or `+`."""
    name, _, rest = text.removeprefix("--- ").partition("\n")
    file = folder / name
    content = file.read_text()
    for hunk in rest.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert content.count(before) == 1, f"{name} does not have once: {before}"
        content = content.replace(before, after)
    file.write_text(content)


class Shell:
    """Runs one command after the other; `cd` holds for the next ones."""

    def __init__(self, folder: Path) -> None:
        self.home, self.folder = folder, folder
        tools = folder / ".bin"
        tools.mkdir()
        for name, module in (("mlops", "mlops_pipeline.cli"), ("pytest", "pytest")):
            tool = tools / name
            python = shlex.quote(sys.executable)
            tool.write_text(f'#!/bin/sh\nexec {python} -m {module} "$@"\n')
            tool.chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLOPS_", "PYTEST_"))}
        path = os.pathsep.join([str(tools), kept["PATH"]])
        self.environment = {**kept, "PATH": path, "COLUMNS": "100", "PYTHONPATH": ""}

    def run(self, command: str) -> str:
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
            return ""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout.replace(str(self.home), HOME)


def plain(text: str) -> list[str]:
    """The lines of an output, without ids of runs, durations, digests and widths of columns."""
    text = re.sub(r"^[\s^~]+$", "", text, flags=re.M)  # carets differ by version of Python
    text = re.sub(r"\b\d{8}-\d{6}-[0-9a-f]{4}\b", "RUN", text)
    text = re.sub(r"\b\d+(\.\d+)? (s|ms|min \d\d s)\b|\b\d+\.\d+s\b", "TIME", text)
    text = re.sub(r"\b(plants-)[0-9a-f]{8,}\b", r"\1DIGEST", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_the_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    seen = []
    for step in steps(TUTORIAL.read_text()):
        if step.command:
            output = shell.run(step.command)
            assert plain(output) == plain(step.text), f"line {step.line}: {step.command}\n{output}"
            seen.append(step.command.split()[:2])
        else:
            edit(shell.folder, step.text)
    commands = {words[1] for words in seen if words[0] == "mlops"}
    assert commands >= {"init", "run", "plan", "why", "resume", "airflow", "compile"}


def test_an_edit_needs_the_lines_that_it_changes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    edit(tmp_path, "--- a.py\n x = 1\n-y = 2\n+y = 3\n")
    assert (tmp_path / "a.py").read_text() == "x = 1\ny = 3\n"
    with pytest.raises(AssertionError, match="does not have once"):
        edit(tmp_path, "--- a.py\n-y = 2\n+y = 3\n")
