"""A real Airflow leaves the records that the local runner leaves."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest
from airflow_cases import AIRFLOW, OWN, OnAirflow, dag_id_of, on_airflow
from suite import FEW, IN_TASKS, NAMES, Snapshots

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.slow,  # starts a whole Airflow
    pytest.mark.skipif(not AIRFLOW, reason="MLOPS_TEST_AIRFLOW names no airflow command"),
]


def check(airflow: OnAirflow, ended: Sequence[str], local: Snapshots, dag_id: str) -> None:
    """What a case left is what it leaves of a local run, and its DAG runs ended alike."""
    wanted = local(airflow.cases[dag_id].name)
    good = {"COMPLETE": "success", "FAILED": "failed"}
    for number, (run, state) in enumerate(zip(wanted, ended, strict=True)):
        assert state == good[run["state"]], airflow.server.explain(dag_id, f"r{number}")
    found = airflow.snapshots(dag_id)
    for number, pair in enumerate(zip(found, wanted, strict=True)):
        if pair[0] != pair[1]:
            # Shown where a test fails.
            sys.stdout.write(airflow.server.explain(dag_id, f"r{number}"))
    assert found == wanted


def test_leaves_the_records_of_the_local_runner_with_its_database_on_sqlite(
    tmp_path_factory: pytest.TempPathFactory, by_workers: Snapshots
) -> None:
    with on_airflow(tmp_path_factory, "", FEW) as started:
        ended = started.run_all()
        for name in FEW:
            check(started, ended[dag_id_of(name)], by_workers, dag_id_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_records_of_the_local_runner(
    airflow: OnAirflow, ended: dict[str, list[str]], by_workers: Snapshots, name: str
) -> None:
    check(airflow, ended[dag_id_of(name)], by_workers, dag_id_of(name))


@pytest.mark.parametrize("name", IN_TASKS)
def test_leaves_the_same_records_from_the_processes_of_its_tasks(
    airflow: OnAirflow, ended: dict[str, list[str]], by_workers: Snapshots, name: str
) -> None:
    dag_id = OWN + dag_id_of(name)
    check(airflow, ended[dag_id], by_workers, dag_id)


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
