"""`mlops kubeflow`: deploy pipelines to Kubeflow, start and schedule them there."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

import click

from mlops_pipeline.cli.output import (
    complain,
    echo,
    json_option,
    limit_option,
    screen,
    timeout_option,
    warn,
    write,
    write_json,
)
from mlops_pipeline.cli.package import load_package, package_options
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.run import parameter_option, read_parameters
from mlops_pipeline.cli.selection_options import choice_options, force_option, read_selection
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection import Table, lines, read_run
from mlops_pipeline.run_state import select
from mlops_pipeline.runners.kubeflow import (
    ENDED,
    Job,
    KubeflowClient,
    Package,
    Record,
    Server,
    TaskState,
    Timetable,
    check_locations,
    deploy,
    is_ours,
    node_names,
    sent,
    store_of,
    trigger,
    wait,
)
from mlops_pipeline.store import open_store

TOKEN = "MLOPS_KUBEFLOW_TOKEN"

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def kubeflow() -> None:
    """Deploy pipelines to Kubeflow, start and schedule them."""


def server_options(command: Command) -> Command:
    """Add the flags for Kubeflow's address and access; they become settings of the project."""

    @functools.wraps(command)
    def with_server(*args: Any, project: Project, **values: Any) -> Any:
        for name in ("url", "namespace", "token_file", "ca_file"):
            # Before anything reads the settings.
            project.set_flag(f"kubeflow_{name}", values.pop(name))
        return command(*args, project=project, **values)

    for option in (
        click.option(
            "--ca-file", metavar="FILE", help="Certificates that the server's is checked with."
        ),
        click.option("--token-file", metavar="FILE", help=f"Its token  [default: ${TOKEN}]"),
        click.option("--namespace", metavar="NAME", help="Kubeflow namespace, on a shared server."),
        click.option("--url", metavar="URL", help="Address of Kubeflow Pipelines."),
    ):
        with_server = option(with_server)
    return with_server  # type: ignore[return-value]


def job_options(command: Command) -> Command:
    """Add the flags that a run and a schedule have in common."""
    for option in (
        click.option(
            "--locations-in-image",
            is_flag=True,
            help="Store and root are named by the image or a secret, not by --store and --root.",
        ),
        click.option(
            "--pipeline-root", default="", metavar="URI", help="Folder for Kubeflow's own files."
        ),
        click.option(
            "--service-account",
            "account",
            default="",
            metavar="NAME",
            help="Service account of the pods.",
        ),
        click.option(
            "--new-experiment", is_flag=True, help="Create the experiment if it is missing."
        ),
        click.option("--experiment", default="", metavar="NAME", help="[default: Default]"),
    ):
        command = option(command)
    return command


@kubeflow.command("submit")
@click.argument("source", metavar="[PIPELINE]", required=False, type=click.Path())
@parameter_option
@click.option(
    "--run-name", default="", metavar="NAME", help="Name of the run; a name is started only once."
)
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is the result.")
@timeout_option
@choice_options
@force_option
@job_options
@package_options
@json_option
@project_options
@server_options
def submit(
    project: Project, source: str | None, texts: Sequence[str], as_json: bool, **flags: Any
) -> int:
    """Upload a pipeline if it is new, and start a run.

    PIPELINE is a pipeline as for `mlops compile`, or the .yaml file that it wrote; without it, the
    pipeline of the current project. Ends with 1 if the run did not succeed. RUN is an id in our
    store: kfp-<id of the Kubeflow run>.
    """
    package = load_package(project, source, flags)
    name = (
        flags["run_name"]
        or f"{package.name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    )
    selection = read_selection(flags, force=flags["force"])
    # An unknown node is reported here, not by a pod.
    selected, _ = select(package.ir, selection)
    job = _job(package, texts, name, flags)
    job = replace(job, parameters={**job.parameters, **selection.reserved})
    _check_locations(package, texts, flags, nodes=selected)
    client = _connect(project)
    version, started = deploy.submit(client, package, job)
    link = client.link("runs", started.run_id)
    if not as_json:
        echo(f"{version.name}: {'uploaded' if version.uploaded else 'unchanged'}")
        echo(f"run {name}: {'started' if started.started else 'started before'} {link}".rstrip())
    state = started.state
    if flags["wait"]:
        state = _wait(client, package, started.run_id, flags["timeout"])
    if as_json:
        facts = {**asdict(started), "state": state, "link": link, "kubeflow_run": started.run_id}
        write_json({**facts, "run_id": f"kfp-{started.run_id}", "version": asdict(version)})
    elif flags["wait"]:
        echo(f"run {name}: {state}")
    failed = state in ENDED and state != "SUCCEEDED"
    if failed:
        _after(package, f"kfp-{started.run_id}")
    return 1 if failed else 0


@kubeflow.command("schedule")
@click.argument("source", metavar="[PIPELINE]", required=False, type=click.Path())
@parameter_option
@click.option("--name", default="", metavar="NAME", help="[default: the pipeline's name]")
@click.option(
    "--cron", default="", metavar="CRON", help="Cron expression of 5 or 6 fields, or @daily; UTC."
)
@click.option("--every", default="", metavar="TIME", help="Time between runs: 90, 15m, 6h, 1d.")
@click.option(
    "--start", default="", metavar="TIME", help="Not before this time: 2027-01-01T00:00:00Z."
)
@click.option("--end", default="", metavar="TIME", help="Not from this time on.")
@click.option(
    "--max-concurrency", "concurrency", default=1, metavar="N", help="Number of runs at a time."
)
@click.option("--no-catchup", is_flag=True, help="Skip runs that were missed.")
@click.option("--paused/--enabled", "paused", default=None, help="[default: unchanged]")
@job_options
@package_options
@json_option
@project_options
@server_options
def schedule(
    project: Project, source: str | None, texts: Sequence[str], as_json: bool, **flags: Any
) -> None:
    """Start a pipeline regularly.

    Repeating the command changes nothing. A schedule that differs is replaced: the new one is
    made first, so that there is always one.
    """
    started = trigger(flags["cron"], flags["every"])
    package = load_package(project, source, flags)
    job = _job(package, texts, flags["name"] or package.name, flags)
    timetable = Timetable(
        started,
        concurrency=flags["concurrency"],
        catch_up=not flags["no_catchup"],
        start=flags["start"],
        end=flags["end"],
        enabled=None if flags["paused"] is None else not flags["paused"],
    )
    _check_locations(package, texts, flags)
    client = _connect(project)
    version, made = deploy.schedule(client, package, job, timetable)
    if as_json:
        write_json({**asdict(made), "trigger": str(started), "version": asdict(version)})
        return
    change = "unchanged" if made.change == "none" else made.change
    echo(f"{version.name}: {'uploaded' if version.uploaded else 'unchanged'}")
    echo(f"schedule {job.name} ({started}): {change}{'' if made.enabled else ', paused'}")


@kubeflow.command("pause")
@click.argument("name")
@json_option
@project_options
@server_options
def pause(project: Project, name: str, as_json: bool) -> None:
    """Stop a schedule until it is enabled again."""
    _set(project, name, as_json, enabled=False)


@kubeflow.command("enable")
@click.argument("name")
@json_option
@project_options
@server_options
def enable(project: Project, name: str, as_json: bool) -> None:
    """Enable a paused schedule again."""
    _set(project, name, as_json, enabled=True)


def _set(project: Project, name: str, as_json: bool, *, enabled: bool) -> None:
    ids = deploy.set_schedule(_connect(project), name, enabled)
    if as_json:
        write_json({"name": name, "enabled": enabled, "ids": ids})
    else:
        echo(f"schedule {name}: {'enabled' if enabled else 'paused'}")


@kubeflow.command("list")
@click.argument(
    "kind",
    type=click.Choice(["pipelines", "versions", "schedules", "runs"]),
    default="pipelines",
)
@limit_option("Number of rows.", 50)
@json_option
@project_options
@server_options
def list_(project: Project, kind: str, as_json: bool, limit: int) -> None:
    """List pipelines, versions, schedules or runs.

    Lists only those that mlops-pipeline has put on the server.
    """
    client = _connect(project)
    rows: list[dict[str, Any]] = []
    for row in _ROWS[kind](client):
        if len(rows) == limit:
            break
        rows.append(row)
    if as_json:
        write_json(rows)
    elif rows:
        cells = [[str(value) for value in row.values()] for row in rows]
        write(lines(Table(tuple(rows[0]), cells), screen()))
    else:
        echo(f"no {kind} of mlops-pipeline here")


def _pipelines(client: KubeflowClient) -> Iterator[dict[str, Any]]:
    for each in client.pipelines():
        if is_ours(each):
            about = str(each["description"]).removeprefix(f"{deploy.OURS}").removeprefix(": ")
            yield {**_named(each, "pipeline_id"), "about": about}


def _versions(client: KubeflowClient) -> Iterator[dict[str, Any]]:
    for pipeline in client.pipelines():
        if is_ours(pipeline):
            for each in client.versions(str(pipeline["pipeline_id"])):
                name = {"pipeline": pipeline["display_name"]}
                yield {**_named(each, "pipeline_version_id"), **name}


def _schedules(client: KubeflowClient) -> Iterator[dict[str, Any]]:
    for each in client.recurring_runs():
        if is_ours(each):
            when = each.get("trigger") or {}
            cron = (when.get("cron_schedule") or {}).get("cron")
            every = (when.get("periodic_schedule") or {}).get("interval_second")
            yield {
                **_named(each, "recurring_run_id"),
                "when": cron or f"every {every} s",
                "state": "enabled" if deploy.is_enabled(each) else "paused",
            }


def _runs(client: KubeflowClient) -> Iterator[dict[str, Any]]:
    ours = {each["pipeline_id"] for each in client.pipelines() if is_ours(each)}
    for each in client.runs():
        # By their pipeline: runs that a schedule starts do not name the schedule.
        if deploy.pipeline_of(each) in ours:
            yield {**_named(each, "run_id"), "state": each.get("state") or ""}


_ROWS = {
    "pipelines": _pipelines,
    "versions": _versions,
    "schedules": _schedules,
    "runs": _runs,
}


def _named(record: Record, key: str) -> dict[str, Any]:
    created = record.get("created_at")
    time_ = created.strftime("%Y-%m-%d %H:%M:%S") if created else ""
    return {"name": record["display_name"], "id": record[key], "created": time_}


@kubeflow.group("delete")
def delete() -> None:
    """Delete a schedule, or a version of a pipeline."""


@delete.command("schedule")
@click.argument("name")
@json_option
@project_options
@server_options
def delete_schedule(project: Project, name: str, as_json: bool) -> None:
    """Delete a schedule; its runs stay."""
    ids = deploy.delete_schedule(_connect(project), name)
    if as_json:
        write_json({"name": name, "ids": ids})
    else:
        echo(f"schedule {name}: deleted")


@delete.command("version")
@click.argument("name")
@json_option
@project_options
@server_options
def delete_version(project: Project, name: str, as_json: bool) -> None:
    """Delete a version of a pipeline; its runs stay."""
    version = deploy.delete_version(_connect(project), name)
    if as_json:
        write_json({"name": name, "pipeline": version.pipeline, "ids": [version.version_id]})
    else:
        echo(f"version {name}: deleted")


def _connect(project: Project) -> KubeflowClient:
    settings = project.settings
    return KubeflowClient(
        Server(
            url=settings.kubeflow_url,
            namespace=settings.kubeflow_namespace,
            token=os.environ.get(TOKEN, ""),
            token_file=settings.kubeflow_token_file,
            ca_file=settings.kubeflow_ca_file,
        )
    )


def _job(package: Package, texts: Sequence[str], name: str, flags: dict[str, Any]) -> Job:
    return Job(
        name=name,
        parameters=sent(package.ir, read_parameters(package.ir, texts)),
        experiment=flags["experiment"],
        new_experiment=flags["new_experiment"],
        account=flags["account"],
        pipeline_root=flags["pipeline_root"],
    )


def _check_locations(
    package: Package, texts: Sequence[str], flags: dict[str, Any], **options: Any
) -> None:
    given = read_parameters(package.ir, texts)
    check_locations(package, given, in_image=flags["locations_in_image"], **options)


def _wait(client: KubeflowClient, package: Package, run_id: str, seconds: float) -> str:
    """Wait for a run, print its progress on standard error, and return its state."""

    def report(task: TaskState) -> None:
        echo(f"{task.name or 'run'}: {task.state}", err=True)
        if task.state == "FAILED" and task.error:
            complain(f"{task.name or 'run'}: {task.error}")

    try:
        return wait(client, run_id, seconds, report, node_names(package))
    except KeyboardInterrupt:
        warn("the run continues; the same command with its --run-name waits for it again")
        raise


def _after(package: Package, run_id: str) -> None:
    """Print the errors of the nodes of a failed run, if they can be read, and the next command."""
    url = store_of(package)
    for name, error in _errors(url, run_id):
        complain(f"{name}: {error}")
    flags = f" --store {url}" if url else ""
    write(["next:", f"  mlops show {run_id}{flags}"], err=True)


def _errors(url: str, run_id: str) -> Iterator[tuple[str, str]]:
    """Yield the errors of the failed nodes of a run, if its store is a server that answers here."""
    if not url.startswith(("grpc://", "mysql://")):
        return
    try:
        with contextlib.closing(open_store(url)) as store:
            failed = [(node.name, node.execution.error) for node in read_run(store, run_id).failed]
    except PipelineError as error:
        warn(f"the errors of the nodes cannot be read here: {error.message}")
        return
    yield from failed
