from __future__ import annotations

from dataclasses import replace

import pytest
from registered_models import push, with_versions

from mlops_pipeline.errors import ParameterError, StoreError
from mlops_pipeline.models import (
    ModelChange,
    check_model_name,
    open_model,
    read_changes,
    register_artifact,
    set_alias,
)
from mlops_pipeline.models.changes import ALIAS, write_change
from mlops_pipeline.store import MODEL_CHANGE, Execution, MemoryStore, State


def put(store: MemoryStore, name: str, **parameters: object) -> None:
    record = Execution(MODEL_CHANGE, "fraud", "", "alias", State.COMPLETE, name=name)
    store.put_execution(replace(record, parameters=parameters))


@pytest.mark.parametrize(
    "name", ["", "a/b", "../x", "a b", "-a", ".a", "x" * 101, "ä", "a\0", "a\n", "<b>", "%2e"]
)
def test_a_name_that_does_not_fit_everywhere_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="is no name of a model"):
        check_model_name(name)


def test_times_never_go_back() -> None:
    store = MemoryStore()
    with_versions(store, 1)
    ahead = read_changes(store, "fraud")[0][-1].at + 1000
    record = Execution(
        MODEL_CHANGE, "fraud", "", "alias", State.COMPLETE, name="fraud/2", started=ahead
    )
    facts = {"number": 2, "version": 1, "artifact": 0, "by": "x", "why": "", "fact.alias": "a"}
    store.put_execution(replace(record, parameters=facts))
    move = set_alias(store, "fraud", 1)
    assert move
    assert move.at == ahead


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"number": "2", "version": 1, "artifact": 0, "by": "x", "why": ""},
        {"number": 2, "version": -1, "artifact": 0, "by": "x", "why": ""},
        {"number": 2, "version": 1, "artifact": 0, "by": None, "why": ""},
        {"number": 7, "version": 1, "artifact": 0, "by": "x", "why": ""},
        {"number": True, "version": 1, "artifact": 0, "by": "x", "why": ""},
    ],
)
def test_a_record_that_was_written_over_is_told_and_worked_around(
    parameters: dict[str, object],
) -> None:
    store = MemoryStore()
    with_versions(store, 2)
    put(store, "fraud/3", **parameters)
    model = open_model(store, "fraud")
    assert "cannot be read" in model.damage[0]
    assert [each.number for each in model.versions] == [1, 2]
    assert set_alias(store, "fraud", 2)
    assert open_model(store, "fraud").alias("champion") == 2


def test_a_change_about_a_version_that_is_not_there_is_damage() -> None:
    store = MemoryStore()
    with_versions(store, 1)
    put(store, "fraud/2", number=2, version=9, artifact=0, by="x", why="", **{"fact.alias": "a"})
    model = open_model(store, "fraud")
    assert model.damage == ("change 2 is about 'version 9', which is not there",)
    assert model.aliases == ()


def test_a_change_that_is_gone_is_told() -> None:
    store = MemoryStore()
    with_versions(store, 1)
    put(store, "fraud/3", number=3, version=1, artifact=0, by="x", why="", **{"fact.alias": "a"})
    assert open_model(store, "fraud").damage == ("change 2 is gone",)


def test_whoever_is_late_each_time_is_told_in_the_end() -> None:
    store = MemoryStore()
    with_versions(store, 1)

    def always_late(changes: object) -> ModelChange:
        register_artifact(store, push(store, "other"), "fraud")
        return ModelChange(0, ALIAS, 1, facts={"alias": "a"})

    with pytest.raises(StoreError, match="changed by others 20 times"):
        write_change(store, "fraud", always_late)


def test_who_did_it_is_the_user_unless_somebody_is_named() -> None:
    store = MemoryStore()
    with_versions(store, 1)
    set_alias(store, "fraud", 1, by="ann")
    register, move = read_changes(store, "fraud")[0]
    assert register.by
    assert move.by == "ann"
