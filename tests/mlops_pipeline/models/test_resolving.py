from __future__ import annotations

import pytest
from registered_models import with_versions

from mlops_pipeline.errors import ParameterError, ResolutionError
from mlops_pipeline.models import refuse_rolled_back, resolve_alias, rollback, set_alias
from mlops_pipeline.resolvers import Query
from mlops_pipeline.store import ArtifactRecord, ArtifactState, MemoryStore


def query(store: MemoryStore, name: str = "fraud", **arguments: object) -> Query:
    return Query(store, "pets", "r", "PushedModel", {"model_name": name, **arguments})


def test_the_champion_is_what_the_alias_points_to() -> None:
    store = MemoryStore()
    first, second = with_versions(store, 2)
    set_alias(store, "fraud", 1)
    set_alias(store, "fraud", 2, alias="challenger")
    assert [each.id for each in resolve_alias(query(store))] == [first]
    assert [each.id for each in resolve_alias(query(store, alias="challenger"))] == [second]


def test_there_is_none_before_the_first_promotion() -> None:
    store = MemoryStore()
    assert resolve_alias(query(store)) == []
    with_versions(store, 1)
    assert resolve_alias(query(store)) == []


def test_a_champion_whose_files_are_gone_is_an_error() -> None:
    store = MemoryStore()
    (artifact,) = with_versions(store, 1)
    set_alias(store, "fraud", 1)
    store.set_artifact_state(artifact, ArtifactState.DELETED)
    with pytest.raises(ResolutionError, match=f"champion of fraud is v1, artifact {artifact}"):
        resolve_alias(query(store))


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ParameterError, match="is no name of a model"):
        resolve_alias(query(MemoryStore(), "a/b"))


def test_what_was_rolled_back_is_refused_by_the_model_that_was_pushed() -> None:
    store = MemoryStore()
    with_versions(store, 2)
    set_alias(store, "fraud", 1)
    set_alias(store, "fraud", 2)
    rollback(store, "fraud", why="errors")
    refuse_rolled_back(store, "fraud", [ArtifactRecord("Model", "/x", digest="new")])
    refuse_rolled_back(store, "nothing", [ArtifactRecord("Model", "/x", digest="mfraud-2")])
    with pytest.raises(ResolutionError, match="has the bytes of fraud v2"):
        refuse_rolled_back(store, "fraud", [ArtifactRecord("Model", "/x", digest="mfraud-2")])
