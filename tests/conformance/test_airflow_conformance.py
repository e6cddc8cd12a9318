"""A real Airflow leaves the records that the local runner leaves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from airflow_server import AirflowServer
from postgres_server import find_binaries, postgres_server
from snapshot import snapshot
from suite import (
    BY_NAME,
    FEW,
    HERE,
    IMPORTS,
    NAMES,
    ROOT,
    Case,
    Snapshots,
    compile_case,
    open_sqlite,
    wait_for_nap,
)

from mlops_pipeline import ir as ir_file
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.runners.airflow.client import AirflowClient

AIRFLOW = os.environ.get("MLOPS_TEST_AIRFLOW", "")
"""The `airflow` command of an environment with Airflow 3 and the base install."""

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.slow,  # starts a whole Airflow
    pytest.mark.skipif(not AIRFLOW, reason="MLOPS_TEST_AIRFLOW names no airflow command"),
]

OWN = {"fan": "fan"}
"""Pipelines by DAG that are no cases: they are about what Airflow alone does."""

# Airflow has looked at what there is before it writes an event: the others get the time to do so.
SLOW_EVENTS = """
CREATE FUNCTION slow() RETURNS trigger AS $$
BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER slow BEFORE INSERT ON asset_event FOR EACH ROW
WHEN (NEW.source_dag_id = 'fan') EXECUTE FUNCTION slow();
"""

DAG_FILE = """
import sys
from pathlib import Path
from mlops_pipeline.runners.airflow import ExecutionConfig, PipelineDag

place = Path({place!r})
for file in sorted(place.glob("*.json")):
    execution = ExecutionConfig(
        python={python!r},
        store=f"sqlite:///{{place / file.stem / 'metadata.db'}}",
        root=str(place / file.stem / "root"),
        base_dir={base_dir!r},
        environment={{"PYTHONPATH": {imports!r}}},
    )
    PipelineDag(file, dag_id=file.stem, execution=execution, schedule=None)
"""


class OnAirflow:
    """The cases on a real Airflow; all are started at once, since each start takes a while."""

    def __init__(self, server: AirflowServer, place: Path, names: Sequence[str]) -> None:
        self.server = server
        self.place = place
        self.cases = [BY_NAME[name] for name in names]

    def write_dags(self) -> None:
        names = {**{_dag_id(case.name): case.pipeline for case in self.cases}, **OWN}
        for dag_id, pipeline in names.items():
            (self.place / dag_id).mkdir()
            (self.place / f"{dag_id}.json").write_bytes(ir_file.dump(compile_case(pipeline)))
        text = DAG_FILE.format(
            place=str(self.place), python=sys.executable, base_dir=str(HERE), imports=IMPORTS
        )
        (self.server.dags / "cases_dag.py").write_text(text)
        for dag_id in names:
            self.server.wait_for_dag(dag_id)

    def run_all(self) -> dict[str, list[str]]:
        """Run all cases, the n-th runs of all at once; how the DAG runs ended."""
        ended: dict[str, list[str]] = {case.name: [] for case in self.cases}
        for number in range(max(len(case.runs) for case in self.cases)):
            due = [case for case in self.cases if number < len(case.runs)]
            for case in due:
                dag_id = _dag_id(case.name)
                given = case.given(number, f"{dag_id}.r")
                self.server.trigger(dag_id, f"r{number}", given)
            for case in due:
                if case.fault:
                    self._break(case, f"r{number}")
            for case in due:
                if case.resume:
                    assert self._end(case, number) == "failed"
                    assert AirflowClient(self.server.url).resume(_dag_id(case.name), f"r{number}")
            for case in due:
                ended[case.name].append(self._end(case, number))
        return ended

    def _end(self, case: Case, number: int) -> str:
        return self.server.wait_for_run(_dag_id(case.name), f"r{number}")

    def _break(self, case: Case, run_id: str) -> None:
        """Stop or kill what runs node `Nap`."""
        dag_id = _dag_id(case.name)
        store = open_sqlite(self.place / dag_id)
        try:
            running = wait_for_nap(store, f"{dag_id}.{run_id}")
        finally:
            store.close()
        if case.fault == "kill":
            os.kill(running.pid, signal.SIGKILL)
        else:
            path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/Nap"
            self.server.call("PATCH", path, {"new_state": "failed"})

    def snapshots(self, name: str) -> list[dict[str, Any]]:
        dag_id = _dag_id(name)
        store = open_sqlite(self.place / dag_id)
        try:
            return [
                snapshot(store, f"{dag_id}.r{number}")
                for number, _ in enumerate(BY_NAME[name].runs)
            ]
        finally:
            store.close()


def _dag_id(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


@contextlib.contextmanager
def on_airflow(folders: pytest.TempPathFactory, database: str, names: Sequence[str]) -> Any:
    """A running Airflow with the DAGs of some cases."""
    home, place = folders.mktemp("airflow"), folders.mktemp("airflow_runs")
    server = AirflowServer(Path(AIRFLOW), home, database, imports=str(ROOT))
    try:
        server.start()
        started = OnAirflow(server, place, names)
        started.write_dags()
        yield started
    finally:
        server.stop()


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAirflow]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("NO AIRFLOW WAS RUN on PostgreSQL, which is not installed here")
    with postgres_server(binaries, "sesame") as postgres:
        url = f"postgresql+psycopg2://owner:sesame@127.0.0.1:{postgres.port}/postgres"
        with on_airflow(tmp_path_factory, url, NAMES) as started:
            run_sql(binaries, postgres.port, SLOW_EVENTS)
            yield started


def run_sql(binaries: Path, port: int, statements: str) -> None:
    """Change Airflow's own database."""
    command = [binaries / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "owner", "postgres"]
    environment = {**os.environ, "PGPASSWORD": "sesame"}
    done = subprocess.run([*command, "-c", statements], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def ended(airflow: OnAirflow) -> dict[str, list[str]]:
    return airflow.run_all()


def check(airflow: OnAirflow, ended: Sequence[str], local: Snapshots, name: str) -> None:
    """What a case left is what it leaves of a local run, and its DAG runs ended alike."""
    wanted = local(name)
    good = {"COMPLETE": "success", "FAILED": "failed"}
    for number, (run, state) in enumerate(zip(wanted, ended, strict=True)):
        assert state == good[run["state"]], airflow.server.explain(_dag_id(name), f"r{number}")
    assert airflow.snapshots(name) == wanted


def test_leaves_the_records_of_the_local_runner_with_its_database_on_sqlite(
    tmp_path_factory: pytest.TempPathFactory, by_workers: Snapshots
) -> None:
    with on_airflow(tmp_path_factory, "", FEW) as started:
        ended = started.run_all()
        for name in FEW:
            check(started, ended[name], by_workers, name)


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_records_of_the_local_runner(
    airflow: OnAirflow, ended: dict[str, list[str]], by_workers: Snapshots, name: str
) -> None:
    check(airflow, ended[name], by_workers, name)


def test_shows_skips_and_retries_as_its_own(
    airflow: OnAirflow, ended: dict[str, list[str]]
) -> None:
    tasks = airflow.server.tasks("skipped", "r0")
    assert {n: t["state"] for n, t in tasks.items() if t["state"] == "skipped"} == {
        "big": "skipped",
        "Read": "skipped",
    }
    tasks = airflow.server.tasks("partial_run", "r2")
    assert {n: t["state"] for n, t in tasks.items() if t["state"] == "skipped"} == {
        "Read": "skipped",
        "both": "skipped",
    }
    assert airflow.server.tasks("retry", "r0")["FailFirst"]["try_number"] == 2


def test_tasks_that_change_an_asset_at_once_all_succeed(airflow: OnAirflow) -> None:
    server = airflow.server
    server.trigger("fan", "r0")
    assert server.wait_for_run("fan", "r0") == "success", server.explain("fan", "r0")
    states = {name: task["state"] for name, task in server.tasks("fan", "r0").items()}
    assert set(states.values()) == {"success"}, server.explain("fan", "r0")
    events = server.call("GET", "/assets/events?source_dag_id=fan")["asset_events"]
    assert sorted(event["source_map_index"] for event in events) == [0, 1]
    assert {event["extra"]["run_id"] for event in events} == {"fan.r0"}
    server.trigger("fan", "r1")
    assert server.wait_for_run("fan", "r1") == "success", server.explain("fan", "r1")
    again = server.call("GET", "/assets/events?source_dag_id=fan")["asset_events"]
    # All came from the cache: nothing has changed.
    assert len(again) == len(events)


def test_ci_starts_a_run_once_and_waits_for_it(airflow: OnAirflow) -> None:
    client = AirflowClient(airflow.server.url)
    assert client.trigger("nested", "commit-1", {"text": "from CI"})
    assert not client.trigger("nested", "commit-1", {"text": "from CI"})
    assert client.wait("nested", "commit-1", 300) == "success"
    with pytest.raises(ParameterError, match="no parameter 'txt'"):
        client.trigger("nested", "commit-2", {"txt": "typo"})
    with pytest.raises(NotFoundError, match="no DAG unknown"):
        client.trigger("unknown", "commit-1", {})


def test_a_wrong_parameter_is_refused_when_a_run_is_triggered(airflow: OnAirflow) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        airflow.server.trigger("parameters", "wrong", {"number": "many"})
    assert caught.value.code == 400
    assert "many" in json.dumps(json.loads(caught.value.read()))
