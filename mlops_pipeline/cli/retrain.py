"""`mlops retrain`: a model is trained again if its policy says so."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_pipeline.cli.output import echo, json_option, writable_file, write_file, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.serving_options import log_option
from mlops_pipeline.errors import NotFoundError, did_you_mean

if TYPE_CHECKING:
    from mlops_pipeline.retraining import RetrainPolicy, RetrainResult

policies_option = click.option(
    "--policies",
    type=click.Path(path_type=Path),
    default=Path("policies.toml"),
    show_default=True,
    help="File with the policies.",
)


@click.command()
@click.argument("name", metavar="POLICY")
@policies_option
@log_option
@click.option("--junit", metavar="FILE", callback=writable_file, help="Write JUnit XML.")
@click.option("--summary", metavar="FILE", callback=writable_file, help="Write Markdown.")
@json_option
@project_options
def retrain(
    project: Project, name: str, policies: Path, log: Path, as_json: bool, **files: Path | None
) -> int:
    """Train a model again, if its policy says so.

    Ends with 0 if a version was pushed, 10 if it was trained and none was, 11 if nothing was to be
    done, 1 if the training failed, and 2 if something was wrong with what was asked for.
    """
    from mlops_pipeline.retraining import read_policies, result_as_junit, result_as_markdown

    known = read_policies(policies)
    if name not in known:
        raise NotFoundError(f"{policies} has no policy {name!r}", hint=did_you_mean(name, known))
    result = retrained(project, known[name], log)
    for kind, make in (("junit", result_as_junit), ("summary", result_as_markdown)):
        path = files[kind]
        if path is not None:
            write_file(path, make(result))
    if as_json:
        write_json({**asdict(result), "outcome": str(result.outcome)})
    else:
        echo(f"{result.outcome}: {result.why}")
    return result.outcome.exit_code


def retrained(project: Project, policy: RetrainPolicy, log: Path) -> RetrainResult:
    """Do what a policy says, with the settings of the project of its pipeline."""
    from mlops_pipeline.retraining import RetrainPlaces
    from mlops_pipeline.retraining import retrain as retrain_by

    project.begin_at(policy.pipeline)
    return retrain_by(policy, RetrainPlaces(project.store, project.settings.root, log.absolute()))
