"""Registered models on the page of models."""

from __future__ import annotations

from dataclasses import replace

from registered_models import push, with_versions

from mlops_pipeline.models import approve, register_artifact, rollback, set_alias
from mlops_pipeline.store import MODEL_CHANGE, Execution, MemoryStore, State
from mlops_pipeline.ui.views.models.registered import NEWEST, read_registered
from mlops_pipeline.ui.views.reader import Reader


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
