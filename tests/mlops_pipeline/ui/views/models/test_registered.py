"""Registered models on the page of models."""

from __future__ import annotations

from dataclasses import replace

from registered_models import push, with_versions
from rollouts import plan_of, with_served

from mlops_pipeline.business import BusinessMetric, Lift, record_estimate
from mlops_pipeline.deployment import (
    ArmEvidence,
    ErrorSums,
    Evidence,
    decide,
    open_rollout,
    start_rollout,
)
from mlops_pipeline.deployment.rollouts import write_step
from mlops_pipeline.models import approve, register_artifact, rollback, set_alias
from mlops_pipeline.store import MODEL_CHANGE, Execution, MemoryStore, State
from mlops_pipeline.ui.views.models.registered import NEWEST, read_registered
from mlops_pipeline.ui.views.reader import Reader
from mlops_pipeline.value import always_valid, shares


def test_versions_and_moves_come_newest_first_with_who_and_why() -> None:
    store = MemoryStore()
    first, _ = with_versions(store, 2)
    set_alias(store, "fraud", 1, by="ann", why="first")
    set_alias(store, "fraud", 2, by="bob")
    rollback(store, "fraud", by="eve", why="errors")
    approve(store, "fraud", first, by="ann", why="fair")
    (model,) = read_registered(Reader(store))
    assert [(v.number, v.state, v.aliases) for v in model.versions] == [
        (2, "rolled back", ()),
        (1, "ready", ("champion",)),
    ]
    assert model.versions[1].decision == "approved by ann: fair"
    assert [(m.before, m.version, m.by, m.rollback) for m in model.moves] == [
        (2, 1, "eve", True),
        (1, 2, "bob", False),
        (0, 1, "ann", False),
    ]


def test_a_long_history_is_cut() -> None:
    store = MemoryStore()
    for number in range(NEWEST + 2):
        register_artifact(store, push(store, str(number)), "fraud")
    (model,) = read_registered(Reader(store))
    assert (len(model.versions), model.version_count) == (NEWEST, NEWEST + 2)
    assert model.versions[0].number == NEWEST + 2


def test_damage_is_on_the_page() -> None:
    store = MemoryStore()
    with_versions(store, 1)
    record = Execution(MODEL_CHANGE, "fraud", "", "alias", State.COMPLETE, name="fraud/2")
    store.put_execution(replace(record, parameters={"number": "x"}))
    (model,) = read_registered(Reader(store))
    assert "cannot be read" in model.damage[0]


def test_without_registered_models_there_is_nothing() -> None:
    assert read_registered(Reader(MemoryStore())) == ()


def test_rollouts_come_newest_first_with_what_led_to_their_state() -> None:
    store = MemoryStore()
    with_served(store)
    first = start_rollout(store, plan_of(), by="ann")
    begun = Evidence(first.last.at + 1)
    step = decide(first, begun)
    assert step
    write_step(store, first.name, first.plan, step, {})
    bad = ArmEvidence(ErrorSums(500, 500, 400, 500, 400, 400))
    good = ArmEvidence(ErrorSums(500, 500, 0, 500, 0, 0))
    canary = open_rollout(store, first.name)
    end = decide(canary, Evidence(begun.at + 1, begun.at, bad, good))
    assert end
    write_step(store, first.name, first.plan, end, {})
    start_rollout(store, plan_of())
    (model,) = read_registered(Reader(store))
    newest, oldest = model.rollouts
    assert (newest.name, newest.state, newest.weight) == ("fraud-2", "loading", 0.0)
    assert (oldest.name, oldest.candidate, oldest.champion) == ("fraud-1", 2, 1)
    assert oldest.states == ("loading", "canary", "rolled_back")
    assert oldest.why.startswith("errors: ")
    assert any(check.startswith("fail: errors: ") for check in oldest.checks)


def test_what_a_version_is_worth_stands_beside_it() -> None:
    store = MemoryStore()
    with_served(store)
    samples = (shares(100, 1000), shares(200, 1000))
    metric = BusinessMetric("fraud", "bought")
    lift = Lift(metric, 2, 1, "experiment", *samples, always_valid(*samples))
    record_estimate(store, lift)
    (model,) = read_registered(Reader(store))
    assert model.versions[0].lifts == (f"{lift.text}, experiment",)
    assert model.versions[1].lifts == ()
