"""Retraining: every outcome, once each, and after a kill at any point."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from retrained import make_project

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.models import open_model, set_alias
from mlops_pipeline.request_log import LogOptions, LogPolicy, RequestLog, RequestRecord
from mlops_pipeline.retraining import (
    RetrainOutcome,
    RetrainPlaces,
    read_decisions,
    read_policies,
    retrain,
)
from mlops_pipeline.store import MemoryStore, open_store


class Shop:
    """A project with a policy, in a store in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = make_project(folder)
        self.store = MemoryStore()

    @property
    def policy(self) -> Any:
        return read_policies(self.file)["daily"]

    def retrain(self) -> Any:
        places = RetrainPlaces(self.store, self.folder / "root", self.folder / "log")
        return retrain(self.policy, places)

    def data(self, text: str) -> None:
        (self.folder / "data.txt").write_text(text)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path)


def test_each_outcome_has_its_code_and_its_record(shop: Shop) -> None:
    first = shop.retrain()
    assert (first.outcome, first.version, first.run) == (RetrainOutcome.ROLLED_OUT, 1, "daily-1")
    assert open_model(shop.store, "shop").version(1).run == "daily-1"
    again = shop.retrain()
    assert (again.outcome, again.outcome.exit_code) == (RetrainOutcome.NOT_NEEDED, 11)
    assert "as they were" in again.why
    shop.data("worse")
    worse = shop.retrain()
    assert (worse.outcome.exit_code, worse.version) == (10, 0)
    shop.data("broken")
    broken = shop.retrain()
    assert (broken.outcome.exit_code, "Train" in broken.why) == (1, True)
    shop.data("good 2")
    assert (shop.retrain().version, shop.retrain().outcome) == (2, RetrainOutcome.NOT_NEEDED)
    outcomes = [each.outcome for each in read_decisions(shop.store, shop.policy)]
    assert outcomes == ["rolled out", "not better", "failed", "rolled out"]


def test_the_decision_says_what_made_it(shop: Shop) -> None:
    shop.retrain()
    shop.data("good 2")
    shop.retrain()
    first, second = read_decisions(shop.store, shop.policy)
    assert (first.trigger, second.trigger) == ("inputs", "inputs")
    assert first.why.startswith("Train: ")
    assert "data.txt" in second.why


def test_what_cannot_be_planned_is_an_error_and_no_decision(shop: Shop) -> None:
    (shop.folder / "pipeline.py").write_text("import nothing_there\n")
    with pytest.raises(PipelineError, match="nothing_there"):
        shop.retrain()
    assert read_decisions(shop.store, shop.policy) == []


@pytest.mark.ml  # Parquet.
def test_new_data_is_trained_on_when_the_requests_have_drifted(shop: Shop) -> None:
    shop.retrain()
    set_alias(shop.store, "shop", 1)
    promoted = open_model(shop.store, "shop").moves[-1].at
    policy = replace(shop.policy, on_inputs=False, drift_window=0.2)
    places = RetrainPlaces(shop.store, shop.folder / "root", shop.folder / "log")
    shop.data("good 2")

    def log(at: float, city: str) -> None:
        log = RequestLog(places.log, LogPolicy({"city": "keep"}), LogOptions(seconds=3600))
        for number in range(200):
            cities = [city if number % 2 else "a"]
            key = f"{at}-{number}"
            inputs = {"city": lambda cities=cities: cities}
            log.note(RequestRecord("shop", key, at, key, inputs=inputs))
        log.close()

    assert retrain(policy, places).outcome == RetrainOutcome.NOT_NEEDED
    log(promoted + 0.01, "b")
    while time.time() < promoted + 0.5:
        time.sleep(0.01)
    log(time.time() + 0.1, "b")
    assert "known to have drifted" in retrain(policy, places).why
    log(time.time() + 0.1, "c")
    time.sleep(0.15)
    done = retrain(policy, places)
    assert (done.outcome, done.trigger) == (RetrainOutcome.ROLLED_OUT, "drift")


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
os.chdir({folder!r})
from mlops_pipeline.retraining import RetrainPlaces, read_policies, retrain
from mlops_pipeline.store import open_store

def kill(point):
    if point == {point!r}:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    store = open_store("sqlite:///m.db")
    policy = read_policies(Path("policies.toml"))["daily"]
    done = retrain(policy, RetrainPlaces(store, "root", Path("log"), kill))
    sys.exit(done.outcome.exit_code)
"""


@pytest.mark.slow  # Starts processes.
@pytest.mark.parametrize("point", ["claimed", "run"])
def test_what_a_killed_process_has_begun_is_ended_by_the_next(tmp_path: Path, point: str) -> None:
    make_project(tmp_path)

    def process(at: str) -> int:
        code = KILLED.format(path=[p for p in sys.path if p], folder=str(tmp_path), point=at)
        (tmp_path / "killed.py").write_text(code)
        return subprocess.run([sys.executable, str(tmp_path / "killed.py")], timeout=120).returncode

    assert process(point) == -9
    assert process("") == 0
    assert process("") == 11
    store = open_store(f"sqlite:///{tmp_path}/m.db")
    (found,) = read_decisions(store, read_policies(tmp_path / "policies.toml")["daily"])
    assert (found.outcome, found.run) == ("rolled out", "daily-1")
    assert [each.run for each in open_model(store, "shop").versions] == ["daily-1"]
    store.close()
