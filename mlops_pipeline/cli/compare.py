"""`mlops compare`: what differs between runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.inspection.comparison import (
    Comparison,
    compare_runs,
    comparison_lines,
    find_runs,
    read_metrics_file,
)


@click.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, shell_complete=complete_run)
@click.option("--all", "everything", is_flag=True, help="List what is the same, too.")
@json_option
@project_options
def compare(project: Project, runs: Sequence[str], everything: bool, as_json: bool) -> None:
    """Compare runs: what differs, and why their models do.

    Any number of runs, each with the first. RUN is an id, the beginning of one, `last`, or #12 for
    the run that made artifact 12.
    """
    store = project.existing_store
    read = read_metrics_file(project.copies)
    found = compare_runs(store, find_runs(store, runs), read, project.settings.lease)
    if as_json:
        write_json(_data(found, everything))
    else:
        write(comparison_lines(found, screen(), everything))


def _data(found: Comparison, everything: bool) -> dict[str, Any]:
    return {
        "runs": found.runs,
        "verdict": found.verdict,
        "causes": [{"kind": row.kind, "name": row.name} for row in found.causes],
        "rows": found.rows if everything else found.differing,
        "notes": found.notes,
    }
