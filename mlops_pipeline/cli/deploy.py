"""`mlops deploy`: a version of a registered model comes to answer, step by step."""

from __future__ import annotations

from typing import Any

import click

from mlops_pipeline.cli.models import act_options
from mlops_pipeline.cli.output import echo, json_option, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.rollout import followed, places_of, places_options, shown, told_of
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.models import RegisteredModel, open_model

_SHARE = click.FloatRange(0, 1)


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("version", metavar="[VERSION]", default="")
@click.option("--strategy", default="canary", help="all-at-once, shadow, canary or ab.")
@click.option("--steps", default="", metavar="SHARES", help="Shares of a canary, as in 1%,10%,50%.")
@click.option("--minimum", type=int, default=100, help="Keys that each arm needs.")
@click.option("--step-seconds", type=float, default=60.0, help="Time of a step, at least.")
@click.option("--max-seconds", type=float, default=86_400.0, help="Time of a step, at most.")
@click.option("--load-seconds", type=float, default=60.0, help="Time for servers to load it.")
@click.option("--on-inconclusive", default="hold", help="hold, rollback or promote.")
@click.option("--max-errors", type=_SHARE, default=0.01, help="More failures than are allowed.")
@click.option("--max-latency", type=float, default=1.5, help="Times as long as is allowed.")
@click.option("--slice", "slices", multiple=True, metavar="FEATURE", help="Compare by it, too.")
@click.option("--detach", is_flag=True, help="Begin it, and leave it to `mlops rollout run`.")
@places_options
@act_options
@json_option
@project_options
def deploy(project: Project, model: str, version: str, as_json: bool, **chosen: Any) -> None:
    """Roll out a version of a registered model.

    VERSION is a number or an alias; by default the newest one. The command goes on until the
    version is promoted (exit code 0) or rolled back (1).
    """
    from mlops_pipeline.deployment import plan_rollout, start_rollout, update_routes

    store = project.existing_store
    registered = open_model(store, model)
    candidate = registered.find(version) if version else _newest(registered)
    plan = plan_rollout(
        store,
        model,
        candidate.number,
        chosen["strategy"],
        steps=_shares(chosen["steps"]),
        slices=tuple(chosen["slices"]),
        **{name: chosen[name] for name in _SAME},
    )
    # A table that cannot be written is told before anything is recorded.
    update_routes(chosen["table"].absolute(), model, lambda: None)
    rollout = start_rollout(store, plan, by=chosen["by"], why=chosen["why"])
    if chosen["detach"]:
        if as_json:
            write_json(shown(rollout))
        else:
            echo(f"begun: {rollout.name}; go on with `mlops rollout run {rollout.name}`")
        return
    if not as_json:
        told_of(rollout)
    followed(places_of(store, chosen), rollout.name, chosen["every"], as_json)


_SAME = (
    "minimum",
    "step_seconds",
    "max_seconds",
    "load_seconds",
    "on_inconclusive",
    "max_errors",
    "max_latency",
)


def _newest(model: RegisteredModel) -> Any:
    usable = [each for each in model.versions if each.state == "ready"]
    if not usable:
        raise ParameterError(
            f"{model.name} has no version that may be used", hint="push one, or name a version"
        )
    return usable[-1]


def _shares(text: str) -> tuple[float, ...]:
    """Return shares such as `1%,10%` or `0.01,0.1`."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        try:
            number = float(part.removesuffix("%"))
        except ValueError:
            raise ParameterError(
                f"{part[:20]!r} is no share of the keys", hint="write --steps 1%,10%,50%"
            ) from None
        found.append(number / 100 if part.endswith("%") else number)
    return tuple(found)
