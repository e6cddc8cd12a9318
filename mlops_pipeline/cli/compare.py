"""`mlops compare`: what differs between runs, and criteria that the change has to meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from mlops_pipeline.cli.output import (
    json_option,
    screen,
    writable_file,
    write,
    write_file,
    write_json,
)
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection import Screen
from mlops_pipeline.inspection.comparison import (
    FAILED,
    REFUSED,
    Comparison,
    Judged,
    as_html,
    as_junit,
    as_markdown,
    compare_runs,
    comparison_lines,
    find_runs,
    judge,
    judged_lines,
    parse_criterion,
    read_metrics_file,
)

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Files:
    """Files that a comparison is written to."""

    junit: Path | None
    md: Path | None
    html: Path | None


def file_options(command: Command) -> Command:
    """Add an option for each kind of file."""
    for name, text in (("junit", "JUnit XML"), ("md", "Markdown"), ("html", "HTML")):
        about = (
            f"Write the {'outcome of --fail-on' if name == 'junit' else 'comparison'} as {text}."
        )
        command = click.option(
            f"--{name}", metavar="FILE", callback=writable_file, help=about, default=""
        )(command)
    return command


# The options of a command are its parameters.
@click.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, shell_complete=complete_run)
@click.option("--all", "everything", is_flag=True, help="List what is the same, too.")
@click.option(
    "--fail-on",
    "criteria",
    metavar="CRITERION",
    multiple=True,
    help="End with exit code 1 if it holds: 'auc by country < -0.01'.",
)
@file_options
@json_option
@project_options
def compare(
    project: Project,
    runs: Sequence[str],
    everything: bool,
    criteria: Sequence[str],
    as_json: bool,
    **files: Path | None,
) -> None:
    """Compare runs: what differs, and why their models do.

    Any number of runs, each with the first. RUN is an id, the beginning of one, `last`, or #12 for
    the run that made artifact 12.

    A CRITERION is METRIC < NUMBER: the difference of a metric from the first run. `by FEATURE`
    takes its slices, `by *` all of them; a NUMBER with % is a share; `value of METRIC` takes the
    metric itself.
    """
    wanted = [parse_criterion(text) for text in criteria]
    to = Files(**files)
    if to.junit and not wanted:
        raise ParameterError(
            "--junit has no criterion to write about", hint="add --fail-on 'METRIC < -0.01'"
        )
    store = project.existing_store
    read = read_metrics_file(project.copies)
    found = compare_runs(store, find_runs(store, runs), read, project.settings.lease)
    judged = judge(found, wanted)
    _write_files(to, found, judged)
    if as_json:
        write_json(_data(found, judged, everything))
    else:
        write(comparison_lines(found, screen(), everything))
        write(_outcomes(judged, screen()))
    _end(judged)


def _write_files(files: Files, found: Comparison, judged: Sequence[Judged]) -> None:
    if files.junit:
        write_file(files.junit, as_junit(found, judged))
    if files.md:
        write_file(files.md, as_markdown(found, judged))
    if files.html:
        write_file(files.html, as_html(found, judged))


def _outcomes(judged: Sequence[Judged], screen: Screen) -> Iterator[str]:
    for each in judged:
        first, *rest = judged_lines([each])
        yield ""
        yield screen.paint(first, "red" if each.outcome in (FAILED, REFUSED) else "green")
        yield from rest


def _end(judged: Sequence[Judged]) -> None:
    for each in judged:
        if each.outcome == REFUSED:
            raise ParameterError(f"--fail-on: {each.reason}", hint=each.hint)
    if any(each.outcome == FAILED for each in judged):
        raise click.exceptions.Exit(1)


def _data(found: Comparison, judged: Sequence[Judged], everything: bool) -> dict[str, Any]:
    return {
        "runs": found.runs,
        "verdict": found.verdict,
        "causes": [{"kind": row.kind, "name": row.name} for row in found.causes],
        "rows": found.rows if everything else found.differing,
        "notes": found.notes,
        "criteria": judged,
    }
