"""Pipelines on a real Airflow, each task of them a pod of a real cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow_pods import AIRFLOW

from mlops_pipeline.run_state import LOST
from mlops_pipeline.store import State

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,  # starts a whole Airflow, and every task is a pod
    pytest.mark.skipif(not AIRFLOW, reason="MLOPS_TEST_AIRFLOW names no airflow command"),
]


def ended(around: Any, run_id: str) -> dict[str, str]:
    """How the nodes of a run ended, each by its last attempt; the run itself under no name."""
    found = {e.node_id: str(e.state) for e in around.store.executions_of_run(run_id)}
    return {"": str(around.store.get_run(run_id).state), **found}


@pytest.fixture(scope="module", autouse=True)
def _begun(airflow: Any) -> None:
    """What the tests wait for, begun at once; tasks that are to be ended, first."""
    for dag_id in ("lost", "terminated", "sums", "troubled", "large"):
        airflow.server.trigger(dag_id, "r0")


@pytest.fixture(scope="module")
def troubled(airflow: Any) -> str:
    """The id of a run with a retry, a time limit and a failure."""
    assert airflow.server.wait_for_run("troubled", "r0") == "failed"
    return "troubled.r0"


def of(dag_id: str, task_id: str = "") -> Callable[[str, Any], bool]:
    """Whether a pod is of a DAG, and of one task in it."""

    def is_mine(name: str, labels: Any) -> bool:
        mine = labels.get("dag_id") == dag_id
        return mine and task_id in ("", labels.get("task_id"))

    return is_mine


def test_a_deleted_pod_is_lost_and_its_task_tried_again(surroundings: Any, airflow: Any) -> None:
    root, server = surroundings.folder / "root", airflow.server

    def begun() -> bool:
        # Airflow has to know of the pod that it runs, and to wait for its end.
        works = any(root.glob("*/.state/lost.r0/Nap/tried"))
        return works and "Running phase" in airflow.log("lost", "r0", "Nap")

    surroundings.kubernetes.delete_in_a_nap(begun, of("lost", "Nap"))
    assert server.wait_for_run("lost", "r0") == "success", server.explain("lost", "r0")
    found = surroundings.store.executions_of_run("lost.r0")
    lost, again = (e for e in sorted(found, key=lambda e: e.id) if e.node_id == "Nap")
    assert (str(lost.state), str(again.state)) == ("FAILED", "COMPLETE")
    assert lost.properties[LOST] == "SIGTERM"
    log = airflow.log("lost", "r0", "Nap")
    assert "Nap: the pod was taken away: " in log
    assert "remote_pod" not in log
    assert "xcom" not in log.lower()


def test_a_task_that_a_person_stops_is_canceled_and_not_lost(
    surroundings: Any, airflow: Any
) -> None:
    root, server = surroundings.folder / "root", airflow.server
    surroundings.kubernetes.wait(
        "Nap does not sleep", lambda: any(root.glob("*/.state/terminated.r0/Nap/tried"))
    )
    path = "/dags/terminated/dagRuns/r0/taskInstances/Nap"
    server.call("PATCH", path, {"new_state": "failed"})
    assert server.wait_for_run("terminated", "r0") == "failed"
    (stopped,) = surroundings.kubernetes.wait(
        "Nap has not ended",
        lambda: [
            each
            for each in surroundings.store.executions_of_run("terminated.r0")
            if each.state is not State.RUNNING
        ],
    )
    assert (stopped.node_id, str(stopped.state)) == ("Nap", "CANCELED")
    assert LOST not in stopped.properties


def test_a_node_that_failed_is_tried_again_in_another_pod(
    surroundings: Any, airflow: Any, troubled: str
) -> None:
    found = surroundings.store.executions_of_run(troubled)
    tried = [e for e in sorted(found, key=lambda e: e.id) if e.node_id == "FailFirst"]
    assert [str(each.state) for each in tried] == ["FAILED", "COMPLETE"]
    assert airflow.server.tasks("troubled", "r0")["FailFirst"]["try_number"] == 2


def test_a_time_limit_and_a_failure_are_recorded_and_end_the_run(
    surroundings: Any, troubled: str
) -> None:
    assert ended(surroundings, troubled) == {
        "": "FAILED",
        "FailFirst": "COMPLETE",
        "Nap": "FAILED",
        "Fail": "FAILED",
    }
    found = surroundings.store.executions_of_run(troubled)
    (late,) = (e for e in found if e.node_id == "Nap")
    assert "2 s" in late.error


def test_the_log_of_a_failed_pod_has_the_traceback_of_its_node(airflow: Any, troubled: str) -> None:
    log = airflow.log("troubled", "r0", "Fail")
    assert "Traceback (most recent call last)" in log
    assert "raise ValueError(text)" in log
    assert "ValueError: too large" in log


def test_a_pipeline_runs_in_pods_and_its_second_run_comes_from_the_cache(
    surroundings: Any, airflow: Any
) -> None:
    server = airflow.server
    assert server.wait_for_run("sums", "r0") == "success", server.explain("sums", "r0")
    assert ended(surroundings, "sums.r0") == {
        "": "COMPLETE",
        "Count": "COMPLETE",
        "Total": "COMPLETE",
    }
    assert airflow.run("sums", "r1") == "success", server.explain("sums", "r1")
    assert ended(surroundings, "sums.r1") == {
        "": "COMPLETE",
        "Count": "CACHED",
        "Total": "CACHED",
    }


def test_a_node_that_needs_too_much_memory_is_told_the_limit_of_its_pod(
    surroundings: Any, airflow: Any
) -> None:
    assert airflow.server.wait_for_run("large", "r0") == "failed"
    log = airflow.log("large", "r0", "Hold")
    assert "it may have run out of memory: its pod may use 300Mi" in log
    assert "Resources(memory=" in log


def test_no_pod_has_a_sidecar(surroundings: Any, airflow: Any, troubled: str) -> None:
    is_mine = of("troubled")
    of_airflow = [
        pod
        for pod in surroundings.kubernetes.pods()
        if is_mine(pod["metadata"]["name"], pod["metadata"].get("labels", {}))
    ]
    assert len(of_airflow) >= 5
    images = [[c["image"] for c in pod["spec"]["containers"]] for pod in of_airflow]
    assert images == [[surroundings.image]] * len(of_airflow)
