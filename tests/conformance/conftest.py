from __future__ import annotations

import importlib.util
from typing import Any

import pytest

# Every case is recorded by ML Metadata; the light environment has none, and deselects them.
if importlib.util.find_spec("ml_metadata") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from suite import BY_NAME, WORKERS, Snapshots, run_locally

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
