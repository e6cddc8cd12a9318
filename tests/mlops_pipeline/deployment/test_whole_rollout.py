"""A rollout with a real server and clients: a bad version is taken out, and nobody notices."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registered_models import push
from serving_process import Served

from mlops_pipeline.deployment import (
    RolloutPlaces,
    RolloutPlan,
    RolloutState,
    run_controller,
    start_rollout,
    verify_rollout,
)
from mlops_pipeline.models import open_model, register_artifact
from mlops_pipeline.store import open_store

pytestmark = [pytest.mark.ml, pytest.mark.slow]  # Parquet; a server and its models.

CODE = """
from pathlib import Path

def make(folder):
    factor = float((Path(folder) / "factor.txt").read_text())

    def predict(inputs):
        values = list(inputs["x"])
        if factor < 0 and max(values) >= 50:
            raise ValueError("this version knows no large numbers")
        return [abs(factor) * float(value) for value in values]

    return predict
"""


ROW = {"instances": [{"x": 5.0}]}


class Clients:
    """Users who ask a server all the time, each about a number of their own."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.statuses: Counter[int] = Counter()
        self.versions: Counter[str] = Counter()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(3)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, client: int) -> None:
        number = client
        while not self._over.is_set():
            # One after the other, numbers of both halves.
            body = {"instances": [{"x": float(number * 37 % 100)}]}
            path, key = "/v1/models/scorer:predict", f"user-{number}"
            status, headers, _ = self.served.ask(path, body, x_mlops_key=key)
            self.statuses[status] += 1
            self.versions[headers["x-mlops-version"]] += 1
            number += 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scorers.py").write_text(CODE)
    return tmp_path


@pytest.fixture
def places(folder: Path) -> Iterator[RolloutPlaces]:
    store = open_store(f"sqlite:///{folder}/metadata.db")
    yield RolloutPlaces(store, folder / "table.json", folder / "log")
    store.close()


def pushed(places: RolloutPlaces, folder: Path, version: int, factor: str) -> None:
    """Push a version as a Pusher does, and register it."""
    half = folder / "scorer" / f".{version}"
    half.mkdir(parents=True)
    (half / "factor.txt").write_text(factor)
    half.rename(folder / "scorer" / str(version))
    artifact = push(places.store, f"v{version}", pushed_version=str(version))
    register_artifact(places.store, artifact, "scorer")


def rolled_out(places: RolloutPlaces, candidate: int, champion: int) -> Any:
    serves = (candidate * 10, champion * 10)
    plan = RolloutPlan(
        *("scorer", candidate, champion, serves),
        steps=(0.3, 0.5),
        minimum=60,
        step_seconds=0.2,
        load_seconds=0,
        max_seconds=60,
        max_errors=0.05,
        latency_quantile=0,
    )
    name = start_rollout(places.store, plan).name
    return run_controller(places, name, every=0.1)


def test_a_bad_version_is_taken_out_and_a_good_one_promoted_with_no_failed_request(
    places: RolloutPlaces, folder: Path
) -> None:
    pushed(places, folder, 10, "2")
    # From then on the table says who answers, whatever is pushed.
    first = RolloutPlan("scorer", 1, 0, (10, 0), "all-at-once", (), load_seconds=0)
    run_controller(places, start_rollout(places.store, first).name, every=0.01)
    options = ["--table", str(places.table), "--log", str(places.log), "--log-seconds", "0.2"]
    arguments = ["scorer", "--predict", "scorers:make", "--keep", "1", "--poll", "0.2", *options]
    served = Served(arguments, folder)
    try:
        served.wait()
        with Clients(served) as clients:
            pushed(places, folder, 20, "-3")
            bad = rolled_out(places, 2, 1)
            assert bad.state == RolloutState.ROLLED_BACK
            assert "errors" in bad.last.why
            assert open_model(places.store, "scorer").version(2).state == "rolled back"
            ended = time.monotonic()
            pushed(places, folder, 30, "4")
            good = rolled_out(places, 3, 1)
            assert good.state == RolloutState.PROMOTED, good.last
            assert time.monotonic() - ended < 60
            served.wait("/v1/models/scorer/versions/30/metadata")
        assert set(clients.statuses) == {200}
        assert clients.versions["20"] > 0
        assert clients.versions["30"] > 0
        assert open_model(places.store, "scorer").alias("champion") == 3
        assert verify_rollout(bad) == verify_rollout(good) == []
        answers = iter(lambda: served.ask("/v1/models/scorer:predict", ROW), None)
        deadline = time.monotonic() + 20
        while (found := next(answers))[1]["x-mlops-version"] != "30":
            assert time.monotonic() < deadline
        assert (found[0], found[2]) == (200, {"predictions": [20.0]})
    finally:
        served.end()
