"""`mlops monitor`: what a model was asked and answered lately, beside an earlier time."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_pipeline.cli.output import json_option, warn, write, write_json
from mlops_pipeline.cli.serving_options import log_option
from mlops_pipeline.inspection import one_line

if TYPE_CHECKING:
    from mlops_pipeline.monitoring import DriftReport

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
_SHARE = click.FloatRange(0, 1)


@click.command()
@click.argument("model")
@log_option
@click.option(
    "--window", type=_TIME, nargs=2, required=True, help="Begin and end, UTC, of the time to tell."
)
@click.option(
    "--against", type=_TIME, nargs=2, required=True, help="Begin and end of the time before."
)
@click.option(
    "--false-alarms", type=float, default=0.05, show_default=True, help="For all columns together."
)
@click.option("--least-gap", type=_SHARE, default=0.0, help="Let smaller changes of a share pass.")
@json_option
def monitor(model: str, log: Path, as_json: bool, **chosen: Any) -> None:
    """Tell which inputs and outputs of a served MODEL have drifted.

    Ends with 1 if any has, or if that cannot be told.
    """
    from mlops_pipeline.monitoring import DriftVerdict, drift_of
    from mlops_pipeline.request_log import answered_columns

    before, after = (
        answered_columns(log, model, *map(_seconds, chosen[side])) for side in ("against", "window")
    )
    if not any(name.startswith("in.") for name in (*before, *after)):
        warn(
            f"no input of {model} was logged: only what it answered is compared",
            hint="say what to keep with `mlops serve --log-policy`",
        )
    report = drift_of(
        before, after, false_alarms=chosen["false_alarms"], least_gap=chosen["least_gap"]
    )
    if as_json:
        write_json(_record(model, report))
    else:
        write(_lines(model, report))
    if report.verdict != DriftVerdict.NOT_DRIFTED:
        raise click.exceptions.Exit(1)


def _seconds(at: datetime.datetime) -> float:
    return at.replace(tzinfo=datetime.timezone.utc).timestamp()


def _record(model: str, report: DriftReport) -> dict[str, Any]:
    return {
        "model": model,
        "verdict": str(report.verdict),
        "rows": list(report.rows),
        "false_alarms": report.false_alarms,
        "unknown": list(report.unknown),
        "columns": [
            {
                "name": each.name,
                "drifted": each.drifted,
                "gap": each.gap,
                "p": each.p,
                "missing": list(each.missing),
                "untested": each.untested,
            }
            for each in report.features
        ],
    }


def _lines(model: str, report: DriftReport) -> Iterator[str]:
    yield f"{model}: {report.verdict} ({report.rows[0]} rows before, {report.rows[1]} now)"
    for each in report.features:
        found = "DRIFTED" if each.drifted else "untested" if each.untested else "ok"
        p = "" if each.p is None else f"p {each.p:.2g}"
        lost = f"missing {each.missing[0]:.1%} -> {each.missing[1]:.1%}"
        told = f"{one_line(each.name)}  {found}  gap {each.gap:.1%}  {p}  {lost}"
        yield f"  {told}  {each.untested}".rstrip()
    for name in report.unknown:
        yield f"  {one_line(name)}  untested  was not there before"
