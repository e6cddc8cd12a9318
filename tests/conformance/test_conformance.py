"""One suite for all runners: the same pipeline leaves the same records everywhere."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline import ir as ir_file
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.loading import load_pipeline
from mlops_pipeline.runners import local
from mlops_pipeline.runners.airflow.client import AirflowClient
from mlops_pipeline.store import MetadataStore
from mlops_pipeline.stores import open_store
from mlops_pipeline.workspace import Workspace

pytestmark = [
    pytest.mark.mlmd,
    pytest.mark.skipif(importlib.util.find_spec("ml_metadata") is None, reason="no ML Metadata"),
]

HERE = Path(__file__).parent
CASES = HERE / "cases.py"
ROOT = HERE.parents[1]
IMPORTS = os.pathsep.join(str(ROOT / each) for each in (".", "components", "metadata"))


def _module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


snapshot = _module("snapshot").snapshot


@dataclass(frozen=True)
class Case:
    """A pipeline of `cases.py`, run once for each set of parameters.

    Args:
        states: how the last run and its nodes end; the rest is compared between runners.
        gaps: runners that do not share the behaviour, each with the reason.
    """

    pipeline: str
    states: dict[str, str]
    runs: tuple[dict[str, Any], ...] = ({},)
    gaps: dict[str, str] = field(default_factory=dict)
    id: str = ""

    @property
    def name(self) -> str:
        return self.id or self.pipeline


IN_PROCESS = "in process"
OWN_PROCESS = {IN_PROCESS: "the executor is this very process"}
TYPED = {
    "number": 3,
    "ratio": 2.5,
    "text": "3",
    "flag": True,
    "colour": "blue",
    "items": [5, 6, 7],
    "path": str(HERE / "snapshot.py"),
}

SUITE = [
    Case("success", {"": "COMPLETE", "Write": "COMPLETE", "both": "COMPLETE"}),
    Case("success", {"": "COMPLETE", "Write": "CACHED", "both": "CACHED"}, ({}, {}), id="cached"),
    Case(
        "cutoff",
        {"": "COMPLETE", "Write": "COMPLETE", "Read": "CACHED"},
        ({}, {"noise": True}),
        id="early cut-off",
    ),
    Case("failure", {"": "FAILED", "first": "COMPLETE", "Fail": "FAILED", "told": "COMPLETE"}),
    Case("retry", {"": "COMPLETE", "FailFirst": "COMPLETE"}),
    Case("timeout", {"": "FAILED", "Sleep": "FAILED"}, gaps=OWN_PROCESS),
    Case("killed", {"": "FAILED", "Die": "FAILED"}, gaps=OWN_PROCESS),
    Case(
        "skipped",
        {"": "COMPLETE", "big": "SKIPPED", "Read": "SKIPPED", "other": "CACHED"},
    ),
    Case(
        "gated",
        {
            "": "COMPLETE",
            "Check": "CACHED",
            "Train": "SKIPPED",
            "Read": "SKIPPED",
            "other": "CACHED",
        },
        ({}, {}),
        id="gate skips",
    ),
    Case(
        "gated",
        {"": "FAILED", "Check": "FAILED", "other": "COMPLETE", "told": "COMPLETE"},
        ({"action": "fail"},),
        id="gate fails",
    ),
    Case("gated", {"": "COMPLETE", "Read": "COMPLETE"}, ({"action": ""},), id="gate warns"),
    Case(
        "loops",
        {
            "": "COMPLETE",
            "doubled.1": "COMPLETE",
            "moved.1.0": "COMPLETE",
            "fixed_one.0": "COMPLETE",
        },
    ),
    Case("nothing", {"": "COMPLETE", "Echo": "SKIPPED"}, id="loop over nothing"),
    Case("nested", {"": "COMPLETE", "inner.Write": "COMPLETE", "Read": "COMPLETE"}),
    Case("parameters", {"": "COMPLETE", "Types": "COMPLETE"}, (TYPED,)),
    Case("resolvers", {"": "COMPLETE", "Read": "CACHED"}, ({}, {})),
    Case("custom", {"": "COMPLETE", "Loud": "COMPLETE"}, id="custom driver and publisher"),
]
NAMES = [case.name for case in SUITE]
BY_NAME = dict(zip(NAMES, SUITE, strict=True))


def compile_case(pipeline: str) -> Any:
    """The IR of a pipeline of `cases.py`."""
    return load_pipeline(f"{CASES}:{pipeline}", project=HERE).compile()


def open_sqlite(folder: Path) -> MetadataStore:
    """The store of a folder."""
    return open_store(f"sqlite:///{folder / 'metadata.db'}")


Snapshots = Callable[[str], list[dict[str, Any]]]


def run_locally(folder: Path, case: Case, options: local.RunOptions) -> list[dict[str, Any]]:
    """All runs of a case on the local runner."""
    folder.mkdir(parents=True)
    store = open_sqlite(folder)
    try:
        workspace = Workspace(store, str(folder / "root"), HERE, (str(HERE),))
        found = []
        for number, parameters in enumerate(case.runs):
            run_id = f"{case.pipeline}.r{number}"
            local.run(
                compile_case(case.pipeline),
                run_id,
                workspace,
                parameters=parameters,
                options=options,
            )
            found.append(snapshot(store, run_id))
        return found
    finally:
        store.close()


# As a scheduler does, nodes that do not depend on a failed one are run.
WORKERS = local.RunOptions(workers=2, keep_going=True)


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    """What the local runner leaves of a case, with its executors in worker processes."""
    done: dict[str, list[dict[str, Any]]] = {}

    def run(name: str) -> list[dict[str, Any]]:
        if name not in done:
            folder = tmp_path_factory.mktemp("workers") / "run"
            done[name] = run_locally(folder, BY_NAME[name], WORKERS)
        return done[name]

    return run


def states(found: dict[str, Any]) -> dict[str, str]:
    """How a run and its nodes ended."""
    ended = {place: attempts[-1]["state"] for place, attempts in found["nodes"].items()}
    return {"": found["state"], **ended}


@pytest.mark.parametrize("name", NAMES)
def test_local_workers(by_workers: Snapshots, name: str) -> None:
    assert BY_NAME[name].states.items() <= states(by_workers(name)[-1]).items()


@pytest.mark.parametrize("name", NAMES)
def test_local_in_process(by_workers: Snapshots, name: str, tmp_path: Path) -> None:
    case = BY_NAME[name]
    if IN_PROCESS in case.gaps:
        pytest.skip(f"not the same in process: {case.gaps[IN_PROCESS]}")
    options = local.RunOptions(in_process=True, keep_going=True)
    assert run_locally(tmp_path / "run", case, options) == by_workers(name)


# Airflow

AIRFLOW = os.environ.get("MLOPS_TEST_AIRFLOW", "")
"""The `airflow` command of an environment with Airflow 3 and the base install."""

airflow_only = [
    pytest.mark.airflow,
    pytest.mark.slow,  # starts a whole Airflow
    pytest.mark.skipif(not AIRFLOW, reason="MLOPS_TEST_AIRFLOW names no airflow command"),
]

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

    def __init__(self, server: Any, place: Path) -> None:
        self.server = server
        self.place = place

    def write_dags(self, names: dict[str, str]) -> None:
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
        ended: dict[str, list[str]] = {name: [] for name in NAMES}
        for number in range(max(len(case.runs) for case in SUITE)):
            due = [case for case in SUITE if number < len(case.runs)]
            for case in due:
                self.server.trigger(_dag_id(case.name), f"r{number}", case.runs[number])
            for case in due:
                ended[case.name].append(self.server.wait_for_run(_dag_id(case.name), f"r{number}"))
        return ended

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


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAirflow]:
    home = tmp_path_factory.mktemp("airflow")
    server = _module("airflow_server").AirflowServer(Path(AIRFLOW), home, imports=str(ROOT))
    server.start()
    try:
        place = tmp_path_factory.mktemp("airflow_runs")
        on_airflow = OnAirflow(server, place)
        on_airflow.write_dags({**{_dag_id(c.name): c.pipeline for c in SUITE}, "slow": "slow"})
        yield on_airflow
    finally:
        server.stop()


@pytest.fixture(scope="module")
def ended(airflow: OnAirflow) -> dict[str, list[str]]:
    return airflow.run_all()


class TestAirflow:
    pytestmark = airflow_only

    @pytest.mark.parametrize("name", NAMES)
    def test_leaves_the_records_of_the_local_runner(
        self, airflow: OnAirflow, ended: dict[str, list[str]], by_workers: Snapshots, name: str
    ) -> None:
        found = airflow.snapshots(name)
        assert found == by_workers(name)
        good = {"COMPLETE": "success", "FAILED": "failed"}
        assert ended[name] == [good[run["state"]] for run in found]

    def test_shows_skips_and_retries_as_its_own(
        self, airflow: OnAirflow, ended: dict[str, list[str]]
    ) -> None:
        tasks = airflow.server.tasks("skipped", "r0")
        assert {n: t["state"] for n, t in tasks.items() if t["state"] == "skipped"} == {
            "big": "skipped",
            "Read": "skipped",
        }
        assert airflow.server.tasks("retry", "r0")["FailFirst"]["try_number"] == 2

    def test_stopping_a_task_cancels_its_node(self, airflow: OnAirflow) -> None:
        airflow.server.trigger("slow", "r0")
        store = open_sqlite(airflow.place / "slow")
        try:
            _wait(lambda: any(e.state == "RUNNING" for e in store.executions_of_run("slow.r0")))
            airflow.server.call(
                "PATCH", "/dags/slow/dagRuns/r0/taskInstances/Sleep", {"new_state": "failed"}
            )
            _wait(lambda: [e.state for e in store.executions_of_run("slow.r0")] == ["CANCELED"])
            assert airflow.server.wait_for_run("slow", "r0") == "failed"
        finally:
            store.close()

    def test_ci_starts_a_run_once_and_waits_for_it(self, airflow: OnAirflow) -> None:
        client = AirflowClient(airflow.server.url)
        assert client.trigger("nested", "commit-1", {"text": "from CI"})
        assert not client.trigger("nested", "commit-1", {"text": "from CI"})
        assert client.wait("nested", "commit-1", 300) == "success"
        with pytest.raises(ParameterError, match="no parameter 'txt'"):
            client.trigger("nested", "commit-2", {"txt": "typo"})
        with pytest.raises(NotFoundError, match="no DAG unknown"):
            client.trigger("unknown", "commit-1", {})

    def test_a_wrong_parameter_is_refused_when_a_run_is_triggered(self, airflow: OnAirflow) -> None:
        with pytest.raises(urllib.error.HTTPError) as caught:
            airflow.server.trigger("parameters", "wrong", {"number": "many"})
        assert caught.value.code == 400
        assert "many" in json.dumps(json.loads(caught.value.read()))


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not until():
        assert time.monotonic() < deadline, "waited for five minutes"
        time.sleep(0.1)
