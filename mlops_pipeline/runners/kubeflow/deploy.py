"""Put compiled pipelines on a Kubeflow server, start them, and have them started again and again.

Things on the server are found by name: a version is named by its content, a run and a schedule
by the user. So asking twice makes them once.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import NotFoundError, SettingsError, did_you_mean
from mlops_pipeline.runners.kubeflow.client import (
    PATIENCE,
    GoneError,
    KubeflowClient,
    Record,
    TakenError,
)
from mlops_pipeline.runners.kubeflow.cron import Trigger
from mlops_pipeline.runners.kubeflow.package import Package
from mlops_pipeline.runners.kubeflow.progress import state_of

OURS = "mlops-pipeline"
"""Start of the descriptions of our things on the server."""

DEFAULT_EXPERIMENT = "Default"


@dataclass(frozen=True)
class Version:
    """A version of a pipeline on the server; `uploaded` if it was not there before."""

    pipeline: str
    pipeline_id: str
    name: str
    version_id: str
    uploaded: bool = False

    @property
    def reference(self) -> dict[str, str]:
        return {"pipeline_id": self.pipeline_id, "pipeline_version_id": self.version_id}


@dataclass(frozen=True)
class Job:
    """Settings of one run, or of all runs of a schedule.

    Args:
        parameters: as Kubeflow takes them.
        experiment: where Kubeflow's pages list the runs; empty for its default.
        new_experiment: make the experiment where it is missing.
        account: Kubernetes service account of the pods; empty for the server's default.
        pipeline_root: where Kubeflow keeps its own files of the run (the cards).
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    experiment: str = ""
    new_experiment: bool = False
    account: str = ""
    pipeline_root: str = ""


@dataclass(frozen=True)
class Timetable:
    """Times at which a schedule starts runs.

    Args:
        concurrency: runs at a time, at most.
        catch_up: whether runs that were missed are made up for.
        start: time (RFC 3339) before which nothing is started; empty for none.
        end: time from which on nothing is started; empty for none.
        enabled: None leaves a schedule as it is, and a new one enabled.
    """

    trigger: Trigger
    concurrency: int = 1
    catch_up: bool = True
    start: str = ""
    end: str = ""
    enabled: bool | None = None


@dataclass(frozen=True)
class Started:
    """A run on the server; `started` if this call started it."""

    run_id: str
    name: str
    state: str
    started: bool


@dataclass(frozen=True)
class Scheduled:
    """A schedule on the server; `change` says what was done: created, replaced, or none."""

    schedule_id: str
    name: str
    enabled: bool
    change: str
    replaced: tuple[str, ...] = field(default=())


def deploy(client: KubeflowClient, package: Package) -> Version:
    """Upload a package as a version of its pipeline, unless the same one is there."""
    about = _about(" ".join(package.ir.doc.split()))
    pipeline, _ = _once(
        lambda: next(client.pipelines(package.name), None),
        lambda: client.create_pipeline(package.name, about),
    )
    pipeline_id = str(pipeline["pipeline_id"])

    def upload() -> Record:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{package.version}.yaml"
            file.write_bytes(package.data)
            digest = _about(f"sha256 {package.digest}")
            return client.upload_version(file, pipeline_id, package.version, digest)

    version, uploaded = _once(
        lambda: next(client.versions(pipeline_id, package.version), None), upload
    )
    version_id = str(version["pipeline_version_id"])
    return Version(package.name, pipeline_id, package.version, version_id, uploaded)


def submit(client: KubeflowClient, package: Package, job: Job) -> tuple[Version, Started]:
    """Start a run of a package, unless this pipeline has one of this name.

    Raises:
        SettingsError: the run of this name is one of other content or with other parameters.
        NotFoundError: there is no such experiment.
    """
    body = _job_body(client, job)
    version = deploy(client, package)
    body["pipeline_version_reference"] = version.reference
    body["description"] = _about(_digest(version.name, body["runtime_config"]))

    def find() -> Record | None:
        for run in client.runs(job.name):
            if pipeline_of(run) == version.pipeline_id:
                return run
        return None

    run, started = _once(find, lambda: client.create_run(body))
    if not started and str(run.get("description")) != body["description"]:
        raise SettingsError(
            f"run {job.name} of {version.pipeline} was started before, of another version or with "
            "other parameters",
            hint="choose another --run-name, or leave it out",
        )
    return version, Started(str(run["run_id"]), job.name, state_of(run), started)


def schedule(
    client: KubeflowClient, package: Package, job: Job, timetable: Timetable
) -> tuple[Version, Scheduled]:
    """Have runs of a package started by the clock, under a name.

    Kubeflow cannot change a recurring run. One that differs is replaced, and the old one is deleted
    after that, so that there is one at any time; an interruption in between leaves two, and the
    next call deletes the old one.

    Raises:
        SettingsError: the timetable is none that Kubeflow takes.
    """
    if not 1 <= timetable.concurrency <= 10:
        raise SettingsError(
            f"--max-concurrency {timetable.concurrency} is not between 1 and 10",
            hint="Kubeflow takes no other",
        )
    body = {**_job_body(client, job), "trigger": _trigger(timetable)}
    body |= {"max_concurrency": timetable.concurrency, "no_catchup": not timetable.catch_up}
    version = deploy(client, package)
    body["pipeline_version_reference"] = version.reference
    facts = {k: v for k, v in body.items() if k != "pipeline_version_reference"}
    body["description"] = _about(_digest(version.name, facts))
    before = list(client.recurring_runs(job.name))
    _refuse_foreign(job.name, before)
    was_enabled = [is_enabled(each) for each in before]
    enabled = timetable.enabled
    if enabled is None:
        # A paused schedule stays paused.
        enabled = any(was_enabled) or not before
    body["mode"] = "ENABLE" if enabled else "DISABLE"

    def find() -> Record | None:
        found = client.recurring_runs(job.name)
        return next((each for each in found if each["description"] == body["description"]), None)

    kept, created = _once(find, lambda: client.create_recurring_run(body))
    schedule_id = str(kept["recurring_run_id"])
    old = [str(r["recurring_run_id"]) for r in before if str(r["recurring_run_id"]) != schedule_id]
    for each in old:
        client.delete_recurring_run(each)
    if not created and is_enabled(kept) != enabled:
        client.set_recurring_run(schedule_id, enabled)
    change = "replaced" if created and old else "created" if created else "none"
    return version, Scheduled(schedule_id, job.name, enabled, change, tuple(old))


def set_schedule(client: KubeflowClient, name: str, enabled: bool) -> list[str]:
    """Pause a schedule, or let it go on; the ids of its recurring runs."""
    found = find_schedules(client, name)
    for each in found:
        client.set_recurring_run(each, enabled)
    return found


def delete_schedule(client: KubeflowClient, name: str) -> list[str]:
    """Delete a schedule; its runs stay."""
    found = find_schedules(client, name)
    for each in found:
        client.delete_recurring_run(each)
    return found


def delete_version(client: KubeflowClient, name: str) -> Version:
    """Delete a version of a pipeline.

    Raises:
        NotFoundError: there is none of this name.
        SettingsError: a schedule starts it.
    """
    version = _find_version(client, name)
    users = [
        str(each["display_name"])
        for each in client.recurring_runs()
        if (each.get("pipeline_version_reference") or {}).get("pipeline_version_id")
        == version.version_id
    ]
    if users:
        raise SettingsError(
            f"version {name} is what schedule {users[0]} starts",
            hint=f"delete that first: mlops kubeflow delete schedule {users[0]}",
        )
    client.delete_version(version.pipeline_id, version.version_id)
    return version


def find_schedules(client: KubeflowClient, name: str) -> list[str]:
    """Return the ids of the recurring runs of a schedule: one, unless a replacement was cut off.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = list(client.recurring_runs(name))
    if not found:
        names = {str(each["display_name"]) for each in client.recurring_runs() if is_ours(each)}
        raise NotFoundError(f"there is no schedule {name!r}", hint=did_you_mean(name, names))
    _refuse_foreign(name, found)
    return [str(each["recurring_run_id"]) for each in found]


def is_ours(record: Record) -> bool:
    """Return True if this module made a thing on the server."""
    return str(record.get("description") or "").startswith(OURS)


def pipeline_of(run: Record) -> str:
    """Return the id of the pipeline that a run is of; empty for one without a version."""
    return str((run.get("pipeline_version_reference") or {}).get("pipeline_id") or "")


def is_enabled(record: Record) -> bool:
    """Return True if a recurring run starts runs."""
    return str(record.get("status") or record.get("mode")) in ("ENABLED", "ENABLE")


def _find_version(client: KubeflowClient, name: str) -> Version:
    pipeline_name = name.rpartition("-")[0]
    ours = {str(each["display_name"]): each for each in client.pipelines() if is_ours(each)}
    pipeline = ours.get(pipeline_name)
    if pipeline is None:
        raise NotFoundError(
            f"there is no version {name!r}, for there is no pipeline {pipeline_name!r}",
            hint=did_you_mean(pipeline_name, ours),
        )
    pipeline_id = str(pipeline["pipeline_id"])
    names = {str(v["display_name"]): v for v in client.versions(pipeline_id)}
    if name not in names:
        raise NotFoundError(f"there is no version {name!r}", hint=did_you_mean(name, names))
    version_id = str(names[name]["pipeline_version_id"])
    return Version(pipeline_name, pipeline_id, name, version_id)


def _once(find: Callable[[], Record | None], create: Callable[[], Record]) -> tuple[Record, bool]:
    """Return a thing on the server, and whether it had to be made.

    Where the connection breaks, or somebody else makes the same, it is looked for again first.
    """
    made = taken = False
    until = float("inf")
    while True:
        found = find()
        if found is not None:
            return found, made
        try:
            return create(), True
        except GoneError:
            made, until = True, min(until, time.monotonic() + PATIENCE)
            if time.monotonic() > until:
                raise
            time.sleep(1.0)
        except TakenError:
            if taken:
                raise
            taken = True


def _job_body(client: KubeflowClient, job: Job) -> dict[str, Any]:
    body: dict[str, Any] = {
        "display_name": job.name,
        "runtime_config": {"parameters": dict(job.parameters)},
        "experiment_id": _experiment(client, job),
    }
    if job.pipeline_root:
        body["runtime_config"]["pipeline_root"] = job.pipeline_root
    if job.account:
        body["service_account"] = job.account
    return body


def _experiment(client: KubeflowClient, job: Job) -> str:
    name = job.experiment or DEFAULT_EXPERIMENT

    def create() -> Record:
        if job.experiment and not job.new_experiment:
            known = [str(each["display_name"]) for each in client.experiments()]
            near = did_you_mean(name, known)
            raise NotFoundError(
                f"there is no experiment {name!r}",
                hint=near if near.startswith("did") else "make it with --new-experiment",
            )
        return client.create_experiment(name)

    found, _ = _once(lambda: next(client.experiments(name), None), create)
    return str(found["experiment_id"])


def _trigger(timetable: Timetable) -> dict[str, Any]:
    times = {"start_time": timetable.start, "end_time": timetable.end}
    given = {name: value for name, value in times.items() if value}
    if timetable.trigger.cron:
        return {"cron_schedule": {"cron": timetable.trigger.cron, **given}}
    return {"periodic_schedule": {"interval_second": timetable.trigger.seconds, **given}}


def _refuse_foreign(name: str, found: list[Record]) -> None:
    if any(not is_ours(each) for each in found):
        raise SettingsError(
            f"there is a recurring run {name!r} that was made by other means",
            hint="choose another --name, or delete it on Kubeflow's pages",
        )


def _digest(version: str, facts: Mapping[str, Any]) -> str:
    text = json.dumps([version, facts], sort_keys=True)
    return f"{version} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _about(text: str) -> str:
    return f"{OURS}: {text}" if text else OURS
