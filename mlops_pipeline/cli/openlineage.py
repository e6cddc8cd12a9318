"""`mlops openlineage`: send the events of runs to a catalogue of data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_pipeline.cli.output import echo, json_option, warn, write, write_json
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.errors import PipelineError, SettingsError
from mlops_pipeline.inspection import ago, size
from mlops_pipeline.openlineage import Sent, Spool, events_of_run, open_client
from mlops_pipeline.openlineage import send as send_spool
from mlops_pipeline.uris import without_password


@click.group()
def openlineage() -> None:
    """Send runs to a catalogue of data, as OpenLineage events."""


@openlineage.command()
@click.option(
    "--run",
    "run_id",
    metavar="RUN",
    default="",
    shell_complete=complete_run,
    help="Make the events of this run again from the store, and send them, too.",
)
@click.option("--quiet", is_flag=True, help="Say nothing; for processes in the background.")
@json_option
@project_options
def send(project: Project, run_id: str, quiet: bool, as_json: bool) -> int:
    """Send the events that wait.

    What the back end does not take now stays for the next time. Exit code 1 if something stays.
    """
    settings = project.settings
    spool = _spool(project)
    if run_id:
        record = project.find_run(run_id)
        events = events_of_run(project.existing_store, record, settings.openlineage_namespace)
        spool.append(list(events))
    result = send_spool(spool, lambda: open_client(settings))
    if as_json:
        write_json({"sent": result.sent, "refused": result.refused, "left": result.error})
    elif not quiet:
        _report(result, without_password(settings.openlineage_url))
    return 1 if result.error else 0


def _report(result: Sent, address: str) -> None:
    if result.busy:
        echo("another process is sending")
        return
    echo(f"{result.sent} events sent to {address}")
    if result.refused:
        warn(f"{result.refused} events were refused, and dropped", hint="see the log of this call")
    if result.error:
        warn(f"the others wait: {result.error}", hint="they are sent by the next call or run")


@openlineage.command()
@json_option
@project_options
def status(project: Project, as_json: bool) -> None:
    """Show how many events wait, and what was dropped."""
    spool = _spool(project)
    state = spool.state()
    facts: dict[str, Any] = {
        "spool": str(spool.folder),
        "waiting": state.waiting,
        "bytes": state.size,
        "dropped": state.dropped,
        "dropped_at": state.dropped_at,
        "refused": state.refused,
        "error": state.error,
    }
    if as_json:
        write_json(facts)
        return
    rows = [f"{spool.folder}: {state.waiting} events wait, {size(state.size)}"]
    if state.dropped:
        rows.append(
            f"{state.dropped} were dropped when it was full, the last {ago(state.dropped_at)}"
        )
    if state.refused:
        rows.append(f"{state.refused} were refused")
    if state.error:
        rows.append(f"last attempt: {state.error}")
    write(rows)


def _spool(project: Project) -> Spool:
    settings = project.settings
    if not settings.openlineage_spool:
        raise SettingsError(
            "no events are recorded in this project",
            hint="set openlineage.url or openlineage.spool in mlops.toml",
        )
    spool = Spool(Path(settings.openlineage_spool), int(settings.openlineage_limit * 1_000_000))
    if spool.folder.exists() and not spool.folder.is_dir():
        raise PipelineError(f"{spool.folder} is not a folder", hint="set openlineage.spool")
    return spool
