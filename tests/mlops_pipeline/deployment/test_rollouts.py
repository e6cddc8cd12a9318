"""Rollouts as records: names, states, what a table wants, damage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rollouts import plan_of, with_served

from mlops_pipeline.deployment import (
    Evidence,
    ModelRoutes,
    RolloutState,
    RolloutStep,
    list_rollouts,
    open_rollout,
    start_rollout,
)
from mlops_pipeline.deployment.rollouts import next_name, write_step
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.store import ROLLOUT_STEP, Execution, MemoryStore, State


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with_served(made)
    return made


def test_a_state_is_written_once_and_read_back(store: MemoryStore) -> None:
    rollout = start_rollout(store, plan_of(), by="ann", why="try it")
    evidence = Evidence(12.5, 1.1, shadow_requests=3)
    step = RolloutStep(2, RolloutState.CANARY, 0, rollout.last.at + 1, "c", "go", evidence)
    assert write_step(store, rollout.name, plan_of(), step, {})
    assert not write_step(store, rollout.name, plan_of(), step, {})
    found = open_rollout(store, "fraud-1")
    assert found.plan == plan_of()
    assert found.steps == (replace(rollout.last), step)
    assert (found.steps[0].by, found.steps[0].why) == ("ann", "try it")
    assert (found.weight, found.damage) == (0.1, ())


def test_rollouts_are_numbered_and_listed_by_model(store: MemoryStore) -> None:
    for _ in range(11):
        start_rollout(store, plan_of())
    assert [each.name for each in list_rollouts(store, "fraud")] == [
        f"fraud-{number}" for number in range(1, 12)
    ]
    assert next_name(store, "fraud") == "fraud-12"
    assert list_rollouts(store, "frau") == []
    for name in ("fraud-12", "fraud", "-1", "nobody-1"):
        with pytest.raises(NotFoundError):
            open_rollout(store, name)


@pytest.mark.parametrize(
    ("state", "stage", "wanted"),
    [
        ("loading", -1, ModelRoutes(101, 102, 0.0, "fraud-1")),
        ("shadow", -1, ModelRoutes(101, 102, 0.0, "fraud-1", (102,))),
        ("canary", 1, ModelRoutes(101, 102, 0.5, "fraud-1")),
        ("held", 0, ModelRoutes(101, 102, 0.1, "fraud-1")),
        ("paused", 0, ModelRoutes(101, 102, 0.1, "fraud-1")),
        ("promoted", 1, ModelRoutes(102, last_good=(101,))),
        ("rolled_back", 1, ModelRoutes(101)),
        ("aborted", 1, ModelRoutes(101)),
    ],
)
def test_each_state_wants_its_routes(
    store: MemoryStore, state: str, stage: int, wanted: ModelRoutes
) -> None:
    rollout = start_rollout(store, plan_of())
    step = RolloutStep(2, RolloutState(state), stage)
    found = replace(rollout, steps=(*rollout.steps, step)).routes
    kept = ("champion", "candidate", "weight", "salt", "shadow", "last_good")
    assert [getattr(found, name) for name in kept] == [getattr(wanted, name) for name in kept]


def test_records_that_somebody_has_written_over_are_named(store: MemoryStore) -> None:
    start_rollout(store, plan_of())
    for name, parameters in (("fraud-1/2", {"number": "two"}), ("fraud-9/1", {})):
        record = Execution(
            ROLLOUT_STEP, "fraud", "", "canary", State.COMPLETE, name=name, parameters=parameters
        )
        store.put_execution(record)
    found = open_rollout(store, "fraud-1")
    assert len(found.damage) == 1
    assert "fraud-1/2" in found.damage[0]
    assert [each.name for each in list_rollouts(store, "fraud")] == ["fraud-1"]
    # Nor is the name of what cannot be read given to another one.
    assert next_name(store, "fraud") == "fraud-2"


def test_states_are_no_runs_and_no_work(store: MemoryStore) -> None:
    start_rollout(store, plan_of())
    assert {run.id for run in store.list_runs()} <= {"run-v1", "run-v2"}
