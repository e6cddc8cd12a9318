"""`mlops doctor`: checks of everything that a run needs."""

from __future__ import annotations

import click

from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.doctor import examine

SIGNS = {"ok": ("✓", "green"), "note": ("·", "dim"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@click.command()
@json_option
@project_options
def doctor(project: Project, as_json: bool) -> int:
    """Check the environment, the store and the folders.

    Ends with 1 if something is broken.
    """
    findings = list(examine(project.resolved))
    failed = [finding for finding in findings if finding.verdict == "fail"]
    if as_json:
        write_json(findings)
        return 1 if failed else 0
    here = screen()
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        sign, style = SIGNS[finding.verdict]
        write([f"{here.paint(sign, style)} {finding.check.ljust(width)}  {finding.found}"])
        if finding.hint:
            write([here.paint(f"  {' ' * width}  {finding.hint}", "dim")])
    write(["", f"{len(failed)} to fix" if failed else "all that a run needs is there"])
    return 1 if failed else 0
