from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Execution,
    MetadataStore,
    State,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{tmp_path}/metadata.db")
    yield opened
    opened.close()


def train(**changes: Any) -> Execution:
    return replace(Execution("pets.Train", "pets", "run", "train", State.COMPLETE), **changes)


def test_what_is_not_in_the_store_is_named(store: MetadataStore) -> None:
    for ask in (
        lambda: store.heartbeat(77),
        lambda: store.put_execution(train(id=77)),
        lambda: store.put_execution(train(), inputs={"model": [77]}),
        lambda: store.set_artifact_state(77, ArtifactState.DELETED),
    ):
        with pytest.raises(StoreError, match="77"):
            ask()
    assert store.executions_of_run("run") == []


def test_one_record_in_two_places_is_two_artifacts(store: MetadataStore) -> None:
    record = ArtifactRecord("Model", "/m")
    _, written = store.put_execution(train(), outputs={"a": [record, record], "b": [record]})
    assert len({found.id for found in [*written["a"], *written["b"]]}) == 3


@pytest.mark.slow  # Thousands of rows.
def test_thousands_of_outputs_are_published_at_once(store: MetadataStore) -> None:
    records = [ArtifactRecord("Model", f"/m/{n}", properties={"n": n}) for n in range(4400)]
    done, written = store.put_execution(train(), outputs={"models": records})
    ids = [record.id for record in written["models"]]
    found = store.artifacts(ids)
    assert [record.properties["n"] for record in found] == list(range(4400))
    events = sorted(store.events_by_execution([done.id]), key=lambda event: event.index)
    assert [event.artifact_id for event in events] == ids


def test_a_value_that_is_not_json_writes_nothing(store: MetadataStore) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        store.put_execution(train(parameters={"a": {1, 2}}))
    assert store.executions_of_run("run") == []
