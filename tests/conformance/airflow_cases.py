"""Pipelines of `cases.py` on a real Airflow, and DAGs that show what Airflow alone does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from airflow_server import AirflowServer
from containers import IMAGE, Engine
from snapshot import snapshot
from suite import BY_NAME, HERE, IMPORTS, ROOT, compile_case, find_nap, open_sqlite

from mlops_pipeline import ir as ir_file
from mlops_pipeline.runners.airflow import AirflowClient

AIRFLOW = os.environ.get("MLOPS_TEST_AIRFLOW", "")
"""The `airflow` command of an environment with Airflow 3 and the base install."""

FEATURES = {
    "fan": "fan",
    "retrain": "nested",
    "drift": "drift",
    "on_drift": "nested",
    "spans": "spans",
    "watched": "failure",
    "contained": "skipped",
    "contained_stopped": "interrupted",
}
"""Pipelines by DAG that are no cases: they are about what Airflow alone does."""

OWN = "own_"
"""The ids of DAGs whose tasks run their nodes in their own process begin with it."""

# Airflow has looked at what there is before it writes an event: the others get the time to do so.
SLOW_EVENTS = """
CREATE FUNCTION slow() RETURNS trigger AS $$
BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER slow BEFORE INSERT ON asset_event FOR EACH ROW
WHEN (NEW.source_dag_id = 'fan') EXECUTE FUNCTION slow();
"""

DAG_FILE = """
import sys
import time
from pathlib import Path
from mlops_pipeline.runners.airflow import ExecutionConfig, PipelineDag

place = Path({place!r})
for file in sorted(place.glob("*.json")):
    if file.stem in {features!r}:
        continue
    own = file.stem.startswith({own!r})
    execution = ExecutionConfig(
        **({{"mode": "in_process"}} if own else {{"python": {python!r}}}),
        store=f"sqlite:///{{place / file.stem / 'metadata.db'}}",
        root=str(place / file.stem / "root"),
        base_dir={base_dir!r},
        environment={{"PYTHONPATH": {imports!r}}},
    )
    PipelineDag(file, dag_id=file.stem, execution=execution, schedule=None)
"""


FEATURES_FILE = """
import json
from datetime import datetime, timedelta
from pathlib import Path
from airflow.sdk import AsyncCallback, CronDataIntervalTimetable, DeadlineAlert, DeadlineReference
from mlops_pipeline.runners.airflow import ExecutionConfig, NodeConfig, PipelineDag, pipeline_asset

place = Path({place!r})

def make(dag_id, **arguments):
    execution = ExecutionConfig(
        store=f"sqlite:///{{place / dag_id / 'metadata.db'}}",
        root=str(place / dag_id / "root"),
        base_dir={base_dir!r},
        lineage_url="http://lineage.example/{{run_id}}/{{node}}/{{execution_id}}",
        **arguments.pop("where", {where!r}),
    )
    arguments = {{"dag_id": dag_id, "schedule": None, **arguments}}
    PipelineDag(place / f"{{dag_id}}.json", execution=execution, **arguments)

def note(name):
    return lambda context: (place / "watched" / name).touch()

make("fan")
make("retrain", schedule=[pipeline_asset("fan", "Write", "examples")])
make("drift")
make("on_drift", schedule=[pipeline_asset("drift", "Validate", "anomalies")])
make(
    "spans",
    span="span",
    params={{"folder": str(place / "spans" / "data")}},
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    is_paused_upon_creation=True,
)
make(
    "watched",
    nodes=[NodeConfig("Fail", {{"on_failure_callback": note("task")}})],
    on_failure_callback=note("dag"),
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=1),
        callback=AsyncCallback("watcher.late", kwargs={{"file": str(place / "watched" / "late")}}),
    ),
)
make("contained", where={container!r})
make("contained_stopped", where={container!r})
"""

WATCHER = """
from pathlib import Path

async def late(file, **context):
    Path(file).touch()
"""


class OnAirflow:
    """The cases on a real Airflow; all are started at once, since each start takes a while.

    Args:
        names: of cases.
        own: of those that are run in the processes of tasks, too.
    """

    def __init__(
        self, server: AirflowServer, place: Path, names: Sequence[str], own: Sequence[str] = ()
    ) -> None:
        self.server = server
        self.place = place
        self.cases = {dag_id_of(name): BY_NAME[name] for name in names}
        self.cases |= {OWN + dag_id_of(name): BY_NAME[name] for name in own}
        self.no_containers = "no engine was started"

    def write_dags(self, engine: Engine | None = None) -> None:
        """Write the DAGs of the cases; with an engine those of the features too."""
        names = {dag_id: case.pipeline for dag_id, case in self.cases.items()}
        if engine is not None:
            names |= FEATURES
        for dag_id, pipeline in names.items():
            (self.place / dag_id).mkdir()
            (self.place / f"{dag_id}.json").write_bytes(ir_file.dump(compile_case(pipeline)))
        given = {"place": str(self.place), "base_dir": str(HERE), "features": list(FEATURES)}
        text = DAG_FILE.format(python=sys.executable, imports=IMPORTS, own=OWN, **given)
        (self.server.dags / "cases_dag.py").write_text(text)
        if engine is not None:
            where = {"python": sys.executable, "environment": {"PYTHONPATH": IMPORTS}}
            container = self._in_containers(engine)
            text = FEATURES_FILE.format(where=where, container=container, **given)
            (self.server.dags / "features_dag.py").write_text(text)
            (self.server.modules / "watcher.py").write_text(WATCHER)
        self.dag_ids = list(names)

    def wait_for_dags(self) -> None:
        """Wait until Airflow has read all DAGs."""
        for dag_id in self.dag_ids:
            self.server.wait_for_dag(dag_id)

    def _in_containers(self, engine: Engine) -> dict[str, Any]:
        """Arguments of `ExecutionConfig` for nodes in containers."""
        self.no_containers = engine.start()
        self.server.environment["CONTAINERS_CONF"] = engine.environment["CONTAINERS_CONF"]
        read = [*engine.mounts, str(ROOT)]
        return {
            "mode": "container",
            "image": IMAGE,
            "options": [
                "--network=none",
                *(f"--volume={folder}:{folder}:ro" for folder in read),
                f"--volume={self.place}:{self.place}",
            ],
            "environment": {
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "PYTHONPATH": IMPORTS,
                "HOME": str(self.place),
                "TMPDIR": str(self.place),
            },
        }

    def run_all(self) -> dict[str, list[str]]:
        """Run all cases, the n-th runs of all at once; how the runs of each DAG ended."""
        ended: dict[str, list[str]] = {dag_id: [] for dag_id in self.cases}
        for number in range(max(len(case.runs) for case in self.cases.values())):
            due = {d: case for d, case in self.cases.items() if number < len(case.runs)}
            for dag_id, case in due.items():
                given = case.given(number, f"{dag_id}.r")
                self.server.trigger(dag_id, f"r{number}", given)
            self._break_all([dag_id for dag_id, case in due.items() if case.fault], f"r{number}")
            for dag_id, case in due.items():
                if case.resume:
                    assert self._end(dag_id, number) == "failed"
                    assert AirflowClient(self.server.url).resume(dag_id, f"r{number}")
            for dag_id in due:
                ended[dag_id].append(self._end(dag_id, number))
        return ended

    def _end(self, dag_id: str, number: int) -> str:
        return self.server.wait_for_run(dag_id, f"r{number}")

    def _break_all(self, dag_ids: list[str], run_id: str, seconds: float = 600) -> None:
        """Break each run when its node `Nap` is at work, the first to start first.

        Airflow runs few tasks at once here: those that nap keep the others from starting.
        """
        left, deadline = list(dag_ids), time.monotonic() + seconds
        while left:
            for dag_id in list(left):
                if self._break(dag_id, run_id):
                    left.remove(dag_id)
            if left and time.monotonic() > deadline:
                pytest.fail(f"Nap did not start in: {left}. {self.server.explain(left[0], run_id)}")
            time.sleep(0.2)

    def _break(self, dag_id: str, run_id: str) -> bool:
        """Stop or kill what runs node `Nap`; whether it was at work."""
        store = open_sqlite(self.place / dag_id)
        try:
            running = find_nap(store, f"{dag_id}.{run_id}")
        finally:
            store.close()
        if running is None:
            return False
        if self.cases[dag_id].fault == "kill":
            os.kill(running.pid, signal.SIGKILL)
        else:
            path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/Nap"
            self.server.call("PATCH", path, {"new_state": "failed"})
        return True

    def snapshots(self, dag_id: str) -> list[dict[str, Any]]:
        store = open_sqlite(self.place / dag_id)
        try:
            return [
                snapshot(store, f"{dag_id}.r{number}")
                for number, _ in enumerate(self.cases[dag_id].runs)
            ]
        finally:
            store.close()


def dag_id_of(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


@contextlib.contextmanager
def on_airflow(
    folders: pytest.TempPathFactory,
    database: str,
    names: Sequence[str],
    own: Sequence[str] = (),
    engine: Engine | None = None,
) -> Iterator[OnAirflow]:
    """A running Airflow with the DAGs of some cases."""
    home, place = folders.mktemp("airflow"), folders.mktemp("airflow_runs")
    server = AirflowServer(Path(AIRFLOW), home, database, imports=str(ROOT))
    try:
        started = OnAirflow(server, place, names, own)
        started.write_dags(engine)
        server.start()
        started.wait_for_dags()
        yield started
    finally:
        server.stop()


def run_sql(binaries: Path, port: int, statements: str) -> None:
    """Change Airflow's own database."""
    command = [binaries / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "owner", "postgres"]
    environment = {**os.environ, "PGPASSWORD": "sesame"}
    done = subprocess.run([*command, "-c", statements], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
