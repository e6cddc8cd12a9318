"""`mlops rollout`: rollouts that go on and that have ended, and what a person does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mlops_pipeline.cli.models import act_options
from mlops_pipeline.cli.output import echo, json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.serving_options import log_option, table_option
from mlops_pipeline.inspection import Table, ago, lines, one_line
from mlops_pipeline.models import list_models
from mlops_pipeline.store import MetadataStore

if TYPE_CHECKING:
    from mlops_pipeline.deployment import Rollout, RolloutPlaces, RolloutStep


@click.group()
def rollout() -> None:
    """Show rollouts, and pause, resume, end or verify one."""


def places_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add where the controller reads and writes."""
    every = click.option(
        "--every", type=click.FloatRange(0.01), default=5.0, help="Seconds between two looks."
    )
    return table_option(log_option(every(command)))


def places_of(store: MetadataStore, chosen: dict[str, Any]) -> RolloutPlaces:
    """Return where a controller reads and writes."""
    from mlops_pipeline.deployment import RolloutPlaces

    return RolloutPlaces(store, chosen["table"].absolute(), chosen["log"].absolute())


name_argument = click.argument("name", metavar="ROLLOUT")


@rollout.command("list")
@click.argument("model", metavar="[MODEL]", default="")
@json_option
@project_options
def list_(project: Project, model: str, as_json: bool) -> None:
    """List rollouts, newest first."""
    from mlops_pipeline.deployment import list_rollouts

    store = project.existing_store
    names = [model] if model else [each.name for each in list_models(store)]
    found = [each for name in names for each in reversed(list_rollouts(store, name))]
    if as_json:
        write_json([shown(each) for each in found])
    elif not found:
        echo("no rollouts yet; begin one with `mlops deploy`")
    else:
        heading = ("rollout", "candidate", "champion", "state", "share", "since")
        rows = [
            (
                each.name,
                f"v{each.plan.candidate}",
                f"v{each.plan.champion}" if each.plan.champion else "-",
                str(each.state),
                f"{each.weight:.0%}" if each.weight >= 0.01 else f"{each.weight:.1%}",
                ago(each.last.at),
            )
            for each in found
        ]
        write(lines(Table(heading, rows), screen()))


@rollout.command()
@name_argument
@places_options
@json_option
@project_options
def status(project: Project, name: str, as_json: bool, **chosen: Any) -> None:
    """Show the states of a rollout, and what the checks say now."""
    from mlops_pipeline.deployment import checks_of, evidence_of, open_rollout, together

    found = open_rollout(project.existing_store, name)
    checks = []
    if not found.state.has_ended:
        import time

        evidence = evidence_of(places_of(project.existing_store, chosen), found, time.time())
        checks = checks_of(found, evidence)
    if as_json:
        verdict = str(together(checks)) if checks else ""
        write_json({**shown(found), "verdict": verdict, "checks": msgspec.to_builtins(checks)})
        return
    write(_told(found))
    for each in checks:
        echo(f"  {each.verdict}: {each.name}: {each.text}")


@rollout.command()
@name_argument
@places_options
@click.option("--once", is_flag=True, help="Look once only.")
@json_option
@project_options
def run(project: Project, name: str, once: bool, as_json: bool, **chosen: Any) -> None:
    """Go on with a rollout until it ends, also after a crash."""
    from mlops_pipeline.deployment import advance

    places = places_of(project.existing_store, chosen)
    if not once:
        followed(places, name, chosen["every"], as_json)
        return
    found = advance(places, name)
    write_json(shown(found)) if as_json else write(_told(found))


@rollout.command()
@name_argument
@act_options
@json_option
@project_options
def pause(project: Project, name: str, as_json: bool, **chosen: Any) -> None:
    """Keep the shares as they are until it is resumed."""
    _act(project, name, "paused", as_json, chosen)


@rollout.command()
@name_argument
@act_options
@json_option
@project_options
def resume(project: Project, name: str, as_json: bool, **chosen: Any) -> None:
    """Go on with a rollout that was paused."""
    _act(project, name, "canary", as_json, chosen)


@rollout.command()
@name_argument
@act_options
@places_options
@json_option
@project_options
def abort(project: Project, name: str, as_json: bool, **chosen: Any) -> None:
    """End a rollout: the champion answers all.

    The candidate may be rolled out again.
    """
    from mlops_pipeline.deployment import advance

    _act(project, name, "aborted", as_json, chosen)
    advance(places_of(project.existing_store, chosen), name)


@rollout.command()
@name_argument
@json_option
@project_options
def verify(project: Project, name: str, as_json: bool) -> None:
    """Decide again by the evidence that was kept.

    The exit code is 1 if a decision does not follow from its evidence, or if there is none.
    """
    from mlops_pipeline.deployment import open_rollout, verify_rollout

    found = open_rollout(project.existing_store, name)
    faults = verify_rollout(found)
    decided = sum(bool(step.decided_from) for step in found.steps)
    if as_json:
        write_json({"rollout": name, "decisions": decided, "faults": faults})
    elif faults:
        write(f"differs: {each}" for each in faults)
    elif not decided:
        echo("nothing to verify: nothing was decided by evidence")
    else:
        echo(f"{decided} decisions follow from their evidence")
    # Where nothing was looked at, nothing is right either.
    if faults or not decided:
        raise click.exceptions.Exit(1)


def followed(places: RolloutPlaces, name: str, every: float, as_json: bool) -> None:
    """Run the controller to the end of a rollout, and end with the code that says how it went."""
    from mlops_pipeline.deployment import RolloutState, run_controller

    told = (lambda found: None) if as_json else told_of
    found = run_controller(places, name, every=every, told=told)
    if as_json:
        write_json(shown(found))
    if found.state != RolloutState.PROMOTED:
        raise click.exceptions.Exit(1)


def told_of(found: Rollout) -> None:
    """Say in which state a rollout is."""
    echo(_line(found, found.last))


def shown(found: Rollout) -> dict[str, Any]:
    """Return a rollout as JSON."""
    return {
        "name": found.name,
        "state": str(found.state),
        "weight": found.weight,
        "plan": msgspec.to_builtins(found.plan),
        "steps": [msgspec.to_builtins(step) for step in found.steps],
        "damage": list(found.damage),
    }


def _act(project: Project, name: str, state: str, as_json: bool, chosen: dict[str, Any]) -> None:
    from mlops_pipeline.deployment import RolloutState, act

    found = act(
        project.existing_store,
        name,
        RolloutState(state),
        by=chosen["by"],
        why=chosen["why"],
    )
    if as_json:
        write_json(shown(found))
    else:
        told_of(found)


def _told(found: Rollout) -> Iterator[str]:
    plan = found.plan
    yield f"{found.name}: {plan.strategy} of v{plan.candidate} beside v{plan.champion}"
    yield from (f"  {ago(step.at)}: {_line(found, step)}" for step in found.steps)
    yield from (f"damaged: {each}" for each in found.damage)


def _line(found: Rollout, step: RolloutStep) -> str:
    share = f" {found.plan.steps[step.stage]:.1%}" if str(step.state) == "canary" else ""
    by = f" by {one_line(step.by, 30)}" if step.by and step.by != "controller" else ""
    return f"{found.name}: {step.state}{share}{by}" + (f": {step.why}" if step.why else "")
