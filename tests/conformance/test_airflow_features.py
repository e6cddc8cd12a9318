"""What Airflow adds: assets, backfills, alerts, containers, links; and what CI does there."""

from __future__ import annotations

import json
import time
import urllib.error
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from airflow_cases import AIRFLOW, OnAirflow
from snapshot import snapshot
from suite import Snapshots, open_sqlite, wait_for_nap

from mlops_pipeline.cli import call
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.runners.airflow import AirflowClient

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.slow,  # starts a whole Airflow
    pytest.mark.skipif(not AIRFLOW, reason="MLOPS_TEST_AIRFLOW names no airflow command"),
]

CONTAINED = ("contained", "contained_stopped")


@pytest.fixture(scope="module", autouse=True)
def _begun(airflow: OnAirflow) -> None:
    """What the tests wait for, begun at once."""
    data = airflow.place / "spans" / "data"
    data.mkdir()
    for day in ("2026-01-05", "2026-01-07"):
        (data / f"{day}.csv").write_text(day)
    server = airflow.server
    for dag_id in ("fan", "watched", *(() if airflow.no_containers else CONTAINED)):
        server.trigger(dag_id, "r0")
    server.trigger("drift", "calm")
    server.call("PATCH", "/dags/spans", {"is_paused": False})
    body = {
        "dag_id": "spans",
        "from_date": "2026-01-05T00:00:00Z",
        "to_date": "2026-01-07T00:00:00Z",
        "max_active_runs": 3,
    }
    server.call("POST", "/backfills", body)


def test_tasks_that_change_an_asset_at_once_all_succeed(airflow: OnAirflow) -> None:
    server = airflow.server
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


def test_a_new_dataset_starts_the_pipeline_that_waits_for_it(airflow: OnAirflow) -> None:
    server = airflow.server

    def runs() -> list[dict[str, Any]]:
        return server.call("GET", "/dags/retrain/dagRuns")["dag_runs"]

    wait(lambda: any(run["state"] == "success" for run in runs()))
    run = next(run for run in runs() if run["state"] == "success")
    assert run["run_type"] == "asset_triggered"
    path = f"/dags/retrain/dagRuns/{run['dag_run_id']}/upstreamAssetEvents"
    told = server.call("GET", path)["asset_events"]
    assert {event["extra"]["run_id"].partition(".")[2] for event in told} <= {"r0", "r1"}


def test_drift_starts_the_pipeline_that_waits_for_its_alarm(airflow: OnAirflow) -> None:
    server = airflow.server

    def started() -> list[dict[str, Any]]:
        return server.call("GET", "/dags/on_drift/dagRuns")["dag_runs"]

    assert server.wait_for_run("drift", "calm") == "success", server.explain("drift", "calm")
    server.trigger("drift", "short", {"text": "hm"})
    assert server.wait_for_run("drift", "short") == "success", server.explain("drift", "short")
    wait(lambda: bool(started()))
    (run,) = started()
    path = f"/dags/on_drift/dagRuns/{run['dag_run_id']}/upstreamAssetEvents"
    (told,) = server.call("GET", path)["asset_events"]
    assert told["extra"]["run_id"] == "drift.short"
    assert told["extra"]["findings"] == ["2 letters, not 5"]


def test_a_backfill_runs_one_span_for_each_day_and_misses_none(airflow: OnAirflow) -> None:
    server = airflow.server

    def runs() -> list[dict[str, Any]]:
        found = server.call("GET", "/dags/spans/dagRuns?order_by=logical_date")["dag_runs"]
        return [run for run in found if run["run_type"] == "backfill"]

    wait(lambda: [r["state"] for r in runs()] == ["success", "failed", "success"])
    store = open_sqlite(airflow.place / "spans")
    try:
        found = {run.parameters["span"]: run for run in store.list_runs()}
        first = (date(2026, 1, 5) - date(1970, 1, 1)).days
        assert sorted(span for span in found if span < first + 3) == [first, first + 1, first + 2]
        (missed,) = store.executions_of_run(found[first + 1].id)
        assert "span" in missed.error
    finally:
        store.close()


def test_failures_and_late_runs_are_told(airflow: OnAirflow) -> None:
    assert airflow.server.wait_for_run("watched", "r0") == "failed"
    folder = airflow.place / "watched"
    wait(lambda: {"task", "dag", "late"} <= {file.name for file in folder.iterdir()})


def test_a_task_leads_to_the_lineage_of_its_node(airflow: OnAirflow) -> None:
    server = airflow.server
    path = "/dags/fan/dagRuns/r0/taskInstances"
    join = server.call("GET", f"{path}/Join/links")["extra_links"]
    mapped = server.call("GET", f"{path}/Write/links?map_index=1")["extra_links"]
    store = open_sqlite(airflow.place / "fan")
    try:
        ids = {e.node_id: e.id for e in store.executions_of_run("fan.r0")}
        assert join == {"Lineage": f"http://lineage.example/fan.r0/Join/{ids['Join']}"}
        assert mapped["Lineage"].startswith("http://lineage.example/fan.r0/Write/")
    finally:
        store.close()


def test_nodes_in_containers_leave_the_same_records(
    airflow: OnAirflow, by_workers: Snapshots
) -> None:
    if airflow.no_containers:
        pytest.skip(f"NO CONTAINER WAS RUN: {airflow.no_containers}")
    server = airflow.server
    stopped = open_sqlite(airflow.place / "contained_stopped")
    contained = open_sqlite(airflow.place / "contained")
    try:
        wait_for_nap(stopped, "contained_stopped.r0")
        path = "/dags/contained_stopped/dagRuns/r0/taskInstances/Nap"
        server.call("PATCH", path, {"new_state": "failed"})
        assert server.wait_for_run("contained", "r0") == "success", server.explain(
            "contained", "r0"
        )
        assert [snapshot(contained, "contained.r0")] == by_workers("skipped")
        tasks = server.tasks("contained", "r0")
        assert (tasks["big"]["state"], tasks["other"]["state"]) == ("skipped", "success")

        def state() -> str:
            found = stopped.executions_of_run("contained_stopped.r0")
            return next(str(e.state) for e in found if e.node_id == "Nap")

        wait(lambda: state() == "CANCELED")
        assert server.wait_for_run("contained_stopped", "r0") == "failed"
    finally:
        contained.close()
        stopped.close()


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
    for wrong, told in (({"number": "many"}, "many"), ({"run_only": ["Typse"]}, "Typse")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            airflow.server.trigger("parameters", "wrong", wrong)
        assert caught.value.code == 400
        assert told in json.dumps(json.loads(caught.value.read()))


def test_a_run_of_a_paused_dag_is_not_waited_for_without_a_word(
    airflow: OnAirflow, capsys: pytest.CaptureFixture[str]
) -> None:
    server = airflow.server
    server.call("PATCH", "/dags/drift", {"is_paused": True})
    words = ["airflow", "trigger", "drift", "--run-id", "paused", "--wait", "--url", server.url]
    assert call(words) == 2
    said = capsys.readouterr().err
    assert "DAG drift is paused" in said
    assert "--unpause" in said
    assert call([*words, "--unpause"]) == 0
    said = capsys.readouterr()
    assert "Validate: success" in said.err
    assert said.out == "drift paused: success\n"


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not until():
        assert time.monotonic() < deadline, "waited for five minutes"
        time.sleep(0.3)
