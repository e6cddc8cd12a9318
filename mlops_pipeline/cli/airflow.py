"""`mlops airflow`: deploy pipelines to Airflow's folder of DAGs, and start runs there."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from mlops_pipeline.cli.output import echo, json_option, timeout_option, warn, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.run import compile_loudly, load, pipeline_argument
from mlops_pipeline.cli.selection_options import choice_options, force_option, read_selection
from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.airflow import (
    AirflowClient,
    Deployment,
    deploy_dag,
    refuse_image,
)

TOKEN = "MLOPS_AIRFLOW_TOKEN"

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def airflow() -> None:
    """Deploy pipelines to Airflow 3, and start them."""


@airflow.command("deploy")
@pipeline_argument
@click.option("--dags", required=True, metavar="DIR", help="Folder that Airflow reads DAGs from.")
@click.option("--dag-id", default="", metavar="ID", help="[default: the pipeline's name]")
@click.option("--python", metavar="FILE", help="Interpreter of the project  [default: this one]")
@click.option("--in-process", is_flag=True, help="Run nodes in the processes of Airflow's tasks.")
@click.option("--schedule", metavar="CRON", help="Start times: a cron expression, or @daily.")
@click.option("--span", default="", metavar="NAME", help="Parameter that gets the interval's day.")
@json_option
@project_options
def deploy_(project: Project, pipeline: str | None, as_json: bool, **flags: Any) -> None:
    """Write a pipeline into a folder of DAGs.

    Without PIPELINE, deploys the pipeline of the current project. Deploying an unchanged pipeline
    changes nothing. The store and the root are those of this
    project, unless --store and --root name others.
    """
    loaded = load(project, pipeline)
    execution = {
        **_environment(flags["python"], in_process=flags["in_process"]),
        "base_dir": str(loaded.base_dir),
        "store": project.settings.store,
        "root": project.settings.root,
    }
    dag: dict[str, Any] = {"schedule": flags["schedule"]}
    if flags["span"]:
        dag["span"] = flags["span"]
    compiled = compile_loudly(loaded)
    if flags["in_process"]:
        for node in compiled.nodes:
            refuse_image(node)
    if flags["span"] and flags["span"] not in [p.name for p in compiled.parameters]:
        raise SettingsError(
            f"--span: pipeline {compiled.name} has no parameter {flags['span']!r}",
            hint="name the run parameter that selects the span",
        )
    done = deploy_dag(compiled, Path(flags["dags"]), Deployment(flags["dag_id"], execution, dag))
    if as_json:
        write_json({**vars(done), "ir_file": str(done.ir_file), "dag_file": str(done.dag_file)})
    else:
        echo(f"{done.dag_file}: {'written' if done.changed else 'unchanged'}")


def _environment(python: str | None, *, in_process: bool) -> dict[str, str]:
    """Return the arguments of `ExecutionConfig` that say what runs the nodes."""
    if not in_process:
        return {"python": python or sys.executable}
    if python:
        raise SettingsError(
            "--in-process runs nodes in Airflow's own environment, and --python names another",
            hint="leave one of them out",
        )
    return {"mode": "in_process"}


def server_options(command: Command) -> Command:
    """Add the options of commands that talk to a running Airflow."""
    for option in (
        timeout_option,
        click.option("--wait", is_flag=True, help="Wait for the end; the exit code is the result."),
        click.option("--unpause", is_flag=True, help="Let the runs of the DAG begin."),
        click.option("--url", envvar="MLOPS_AIRFLOW_URL", default="http://localhost:8080"),
    ):
        command = option(command)
    return command


@airflow.command("trigger")
@click.argument("dag_id", metavar="DAG")
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A run parameter.")
@choice_options
@force_option
@click.option("--run-id", metavar="ID", help="Id of the run; an id is started only once.")
@server_options
@json_option
def trigger(dag_id: str, url: str, as_json: bool, **flags: Any) -> int:
    """Start a run of a DAG.

    The token is taken from $MLOPS_AIRFLOW_TOKEN. Ends with 1 if the run failed. RUN is an id in our
    store: <dag id>.<run id>.
    """
    client = _client(url, dag_id, flags)
    run_id = flags["run_id"] or f"mlops-{secrets.token_hex(6)}"
    types = client.parameter_types(dag_id)
    given = dict(_parameter(text, types) for text in flags["parameter"])
    given |= read_selection(flags, force=flags["force"]).reserved
    started = client.trigger(dag_id, run_id, given)
    return _report(client, {"dag_id": dag_id, "run_id": run_id, "started": started}, as_json, flags)


@airflow.command("resume")
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="RUN_ID")
@server_options
@json_option
def resume(dag_id: str, run_id: str, url: str, as_json: bool, **flags: Any) -> int:
    """Resume a failed run of a DAG.

    Failed tasks, and those that wait for them, run again. Ends with 1 if the run fails again.
    """
    client = _client(url, dag_id, flags)
    started = client.resume(dag_id, run_id) > 0
    return _report(client, {"dag_id": dag_id, "run_id": run_id, "started": started}, as_json, flags)


def _client(url: str, dag_id: str, flags: Mapping[str, Any]) -> AirflowClient:
    """Return the Airflow, after a look at whether a run of the DAG would begin."""
    client = AirflowClient(url, os.environ.get(TOKEN, ""))
    if flags["unpause"]:
        client.unpause(dag_id)
    elif client.is_paused(dag_id):
        if flags["wait"]:
            raise SettingsError(
                f"DAG {dag_id} is paused, as new ones are: its runs wait until it is unpaused",
                hint="add --unpause, or leave --wait out",
            )
        warn(f"DAG {dag_id} is paused: the run waits until it is unpaused")
    return client


def _report(client: AirflowClient, facts: dict[str, Any], as_json: bool, flags: Any) -> int:
    """Print the state of the run, waiting for its end if asked to; return the exit code."""
    dag_id, run_id = facts["dag_id"], facts["run_id"]
    state = "queued"
    if flags["wait"]:
        state = client.wait(dag_id, run_id, flags["timeout"], lambda line: echo(line, err=True))
    if as_json:
        write_json({**facts, "state": state})
    else:
        echo(f"{dag_id} {run_id}: {state}" + ("" if facts["started"] else ", nothing started"))
    return 1 if state == "failed" else 0


def _parameter(text: str, types: Mapping[str, Any]) -> tuple[str, Any]:
    """Parse NAME=VALUE; a value is JSON, unless the DAG declares a text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise SettingsError(f"-p {text} is not NAME=VALUE", hint="write -p name=value")
    if types.get(name) == "string":
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
