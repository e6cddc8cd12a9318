"""`mlops rollout`: what goes on is shown, paused, resumed, ended and verified."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cli_project import Mlops
from rollouts import with_served

from mlops_pipeline.store import MetadataStore, open_store


@pytest.fixture
def store(mlops: Mlops) -> MetadataStore:
    mlops("run", ".")
    store = open_store(os.environ["MLOPS_STORE"])
    with_served(store)
    return store


@pytest.fixture
def places(store: MetadataStore, mlops: Mlops, tmp_path: Path) -> list[str]:
    """Where a rollout that has begun reads and writes."""
    mlops("deploy", "fraud", "--steps", "10%,50%", "--load-seconds", "0", "--detach")
    return ["--table", str(tmp_path / "table.json"), "--log", str(tmp_path / "log")]


def test_without_rollouts_it_says_how_to_begin_one(mlops: Mlops, store: MetadataStore) -> None:
    assert "mlops deploy" in mlops("rollout", "list").out
    assert mlops("rollout", "list", "--json").data == []
    wrong = mlops("rollout", "status", "fraud-1")
    assert (wrong.code, "no rollout 'fraud-1'" in wrong.err) == (2, True)


def test_it_is_run_shown_paused_and_resumed(mlops: Mlops, places: list[str]) -> None:
    assert "canary 10.0%" in mlops("rollout", "run", "fraud-1", "--once", *places).out
    assert "10%" in mlops("rollout", "list").out
    shown = mlops("rollout", "status", "fraud-1", *places).out
    assert "waiting: traffic: no request with a key has come yet" in shown
    told: Any = mlops("rollout", "status", "fraud-1", *places, "--json").data
    assert (told["verdict"], told["weight"]) == ("waiting", 0.1)
    paused = mlops("rollout", "pause", "fraud-1", "--by", "ann", "--why", "lunch").out
    assert "fraud-1: paused by ann: lunch" in paused
    assert mlops("rollout", "resume", "fraud-1").code == 0
    again = mlops("rollout", "resume", "fraud-1")
    assert (again.code, "not paused" in again.err) == (2, True)


def test_it_is_ended(mlops: Mlops, places: list[str]) -> None:
    mlops("rollout", "run", "fraud-1", "--once", *places)
    assert "aborted" in mlops("rollout", "abort", "fraud-1", *places, "--why", "no").out
    assert '"champion": 101' in Path(places[1]).read_text()
    assert mlops("rollout", "run", "fraud-1", *places).code == 1


def test_what_was_decided_is_verified(mlops: Mlops, places: list[str]) -> None:
    nothing = mlops("rollout", "verify", "fraud-1")
    assert (nothing.code, "nothing to verify" in nothing.out) == (1, True)
    mlops("rollout", "run", "fraud-1", "--once", *places)
    assert "1 decisions follow" in mlops("rollout", "verify", "fraud-1").out
    told: Any = mlops("rollout", "verify", "fraud-1", "--json").data
    assert told == {"rollout": "fraud-1", "decisions": 1, "faults": []}
