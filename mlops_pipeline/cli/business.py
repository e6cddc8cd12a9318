"""`mlops business`: metrics of the business, and their lift by version of a model."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_pipeline.cli.models import version_argument
from mlops_pipeline.cli.output import echo, json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.serving_options import existing_log, log_option
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection import Table, lines
from mlops_pipeline.models import read_time

if TYPE_CHECKING:
    from mlops_pipeline.business import Lift

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.group()
def business() -> None:
    """Define business metrics, and show what versions are worth."""


model_argument = click.argument("model", metavar="MODEL")


@business.command()
@model_argument
@click.argument("name", metavar="METRIC")
@click.option("--kind", default="conversion", show_default=True, help="conversion or sum.")
@click.option("--window", default="7d", show_default=True, help="Time in which events count.")
@click.option("--lower-is-better", is_flag=True, help="Such as of complaints.")
@click.option("--unit", default="", help="Of the values, such as EUR.")
@json_option
@project_options
def define(project: Project, model: str, name: str, as_json: bool, **chosen: Any) -> None:
    """Define a metric of a model, or define it anew."""
    from mlops_pipeline.business import BusinessMetric, define_metric

    metric = BusinessMetric(
        model,
        name,
        chosen["kind"],
        _seconds(chosen["window"]),
        not chosen["lower_is_better"],
        chosen["unit"],
    )
    made = define_metric(project.store, metric)
    if as_json:
        write_json(asdict(made))
    else:
        echo(f"{model}: {name} is a {made.kind} within {chosen['window']}")


@business.command("list")
@model_argument
@json_option
@project_options
def list_(project: Project, model: str, as_json: bool) -> None:
    """List the metrics of a model."""
    from mlops_pipeline.business import list_metrics

    found = list_metrics(project.existing_store, model)
    if as_json:
        write_json([asdict(each) for each in found])
    elif not found:
        echo("no business metrics yet; define one with `mlops business define`")
    else:
        rows = [
            (each.name, each.kind, f"{each.window / 86_400:g} d", each.unit or "-")
            for each in found
        ]
        write(lines(Table(("metric", "kind", "window", "unit"), rows), screen()))


@business.command()
@model_argument
@click.argument("name", metavar="METRIC")
@click.option("--key", required=True, help="The key of the requests, such as the user.")
@click.option("--value", type=float, default=1.0, show_default=True)
@click.option("--at", default="", metavar="TIME", help="When it was  [default: now]")
@click.option("--id", "event_id", default="", help="Told twice, it counts once.")
@click.option("--corrects", default="", metavar="ID", help="Takes the place of that event's value.")
@log_option
@json_option
@project_options
def record(project: Project, model: str, name: str, as_json: bool, **chosen: Any) -> None:
    """Record one event of a metric."""
    from mlops_pipeline.business import EventLog, NewEvent, find_metric

    find_metric(project.existing_store, model, name)
    at = read_time(chosen["at"]) if chosen["at"] else time.time()
    event = NewEvent(
        name, chosen["key"], at, chosen["value"], chosen["event_id"], chosen["corrects"]
    )
    number = EventLog(chosen["log"].absolute(), model).record([event])
    write_json({"recorded": number}) if as_json else echo("recorded")


@business.command("import")
@model_argument
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--metric", default="", help="Of all events, if the file does not say it.")
@log_option
@json_option
@project_options
def import_(
    project: Project, model: str, file: Path, metric: str, log: Path, as_json: bool
) -> None:
    """Record the events of a CSV file.

    Its columns are key, at, metric, value, id and corrects. All of its events are recorded, or
    none; a file that is imported twice counts once.
    """
    from mlops_pipeline.business import EventLog, list_metrics, read_csv_events

    known = {each.name for each in list_metrics(project.existing_store, model)}
    events = list(read_csv_events(file, metric))
    for number, event in enumerate(events, 1):
        if event.metric not in known:
            raise ParameterError(
                f"{file}: event {number} is of {event.metric[:50]!r}, which {model} does not have",
                hint=f"define it: mlops business define {model} {event.metric[:50]}",
            )
    if not events:
        raise ParameterError(f"{file} has no events", hint="was it exported completely?")
    number = EventLog(log.absolute(), model).record(events)
    write_json({"recorded": number}) if as_json else echo(f"recorded {number} events")


@business.command()
@model_argument
@click.option("--no-record", is_flag=True, help="Do not keep the estimates in the store.")
@log_option
@json_option
@project_options
def report(project: Project, model: str, no_record: bool, log: Path, as_json: bool) -> None:
    """Show what each version of a model is worth."""
    from mlops_pipeline.business import BusinessPlaces, lifts_of, record_estimate

    store = project.existing_store
    found = lifts_of(BusinessPlaces(store, existing_log(log)), model)
    if not no_record:
        for each in found:
            if each.difference is not None:
                record_estimate(store, each)
    if as_json:
        write_json([{**asdict(each), "text": each.text} for each in found])
    elif not found:
        echo("nothing to show: define a metric with `mlops business define`")
    else:
        heading = ("version", "lift", "against", "grade", "keys")
        write(lines(Table(heading, [_row(each) for each in found]), screen()))
        write(f"v{each.version}: {warning}" for each in found for warning in each.warnings)


@business.command()
@model_argument
@version_argument
@click.option("--key", default="", help="Whether and when it was answered.")
@click.option("--begin", default="", metavar="TIME", help="Only from then on.")
@click.option("--end", default="", metavar="TIME", help="Only until then.")
@log_option
@json_option
@project_options
def exposure(project: Project, model: str, version: str, as_json: bool, **chosen: Any) -> None:
    """Show how many keys a version has answered."""
    from mlops_pipeline.business import exposures_to
    from mlops_pipeline.deployment import served_number
    from mlops_pipeline.models import open_model
    from mlops_pipeline.request_log import PeriodKeys

    store, log = project.existing_store, existing_log(chosen["log"])
    found = open_model(store, model).find(version)
    begin = read_time(chosen["begin"]) if chosen["begin"] else 0.0
    end = read_time(chosen["end"]) if chosen["end"] else time.time()
    keys = exposures_to(log, model, (begin, end), version=served_number(store, found))
    if chosen["key"]:
        known = PeriodKeys(log)
        keys = [e for e in keys if known.known_pseudonym(chosen["key"], e.at) == e.key]
    told = {"version": found.number, "run": found.run, "artifact": found.artifact}
    if as_json:
        write_json({**told, "keys": len(keys), "first": min((e.at for e in keys), default=None)})
    else:
        echo(f"{model} v{found.number} (run {found.run or '-'}) has answered {len(keys)} keys")


def _row(lift: Lift) -> tuple[str, ...]:
    against = f"v{lift.against}" if lift.against else "-"
    return (
        f"v{lift.version}",
        lift.text,
        against,
        lift.grade,
        f"{lift.candidate.n} beside {lift.baseline.n}",
    )


def _seconds(text: str) -> float:
    """Return the seconds of a time such as `7d`."""
    try:
        return float(text[:-1]) * _UNITS[text[-1]]
    except (ValueError, KeyError, IndexError):
        raise ParameterError(f"{text[:50]!r} is no time", hint="write 30m, 12h or 7d") from None
