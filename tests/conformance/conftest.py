from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

# Every case is recorded by ML Metadata; the light environment has none, and deselects them.
if importlib.util.find_spec("ml_metadata") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from airflow_cases import SLOW_EVENTS, OnAirflow, on_airflow, run_sql
    from containers import Engine
    from postgres_server import find_binaries, postgres_server
    from suite import BY_NAME, IN_TASKS, NAMES, WORKERS, Snapshots, run_locally

    @pytest.fixture(scope="session")
    def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAirflow]:
        """A real Airflow on PostgreSQL, with all cases and features."""
        binaries = find_binaries()
        if binaries is None:
            pytest.skip("NO AIRFLOW WAS RUN on PostgreSQL, which is not installed here")
        engine = Engine(tmp_path_factory.mktemp("engine"))
        with postgres_server(binaries, "sesame") as postgres, contextlib.closing(engine):
            url = f"postgresql+psycopg2://owner:sesame@127.0.0.1:{postgres.port}/postgres"
            with on_airflow(tmp_path_factory, url, NAMES, IN_TASKS, engine) as started:
                run_sql(binaries, postgres.port, SLOW_EVENTS)
                yield started

    @pytest.fixture(scope="module")
    def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
        """A container engine, with the image of the conformance tests."""
        with contextlib.closing(Engine(tmp_path_factory.mktemp("engine"))) as engine:
            problem = engine.start()
            if problem:
                pytest.skip(f"NO CONTAINER WAS RUN: {problem}")
            yield engine

    @pytest.fixture(scope="session")
    def ended(airflow: OnAirflow) -> dict[str, list[str]]:
        """How the runs of all DAGs ended."""
        return airflow.run_all()

    @pytest.fixture(scope="session")
    def by_workers(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
        """What the local runner leaves of a case, with its executors in worker processes."""
        done: dict[str, list[dict[str, Any]]] = {}

        def run(name: str) -> list[dict[str, Any]]:
            if name not in done:
                folder = tmp_path_factory.mktemp("workers") / "run"
                done[name] = run_locally(folder, BY_NAME[name], WORKERS)
            return done[name]

        return run
