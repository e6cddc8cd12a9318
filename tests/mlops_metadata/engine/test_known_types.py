from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactRecord, ArtifactType, Execution, MetadataStore, State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{path}")
    yield opened
    opened.close()


def ask(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return database.execute(statement).fetchall()


def test_a_type_that_contradicts_the_stored_one_is_named(store: MetadataStore) -> None:
    store.register_types([ArtifactType("Scored", "Dataset", {"score": "INT"})])
    with pytest.raises(StoreError, match=r"'score' of .* Scored is INT .* DOUBLE here"):
        store.register_types([ArtifactType("Scored", "Dataset", {"score": "DOUBLE"})])
    with pytest.raises(StoreError, match=r"base type of .* Scored is Dataset .* Model here"):
        store.register_types([ArtifactType("Scored", "Model")])
    with pytest.raises(StoreError, match="did you mean 'Dataset'"):
        store.register_types([ArtifactType("Other", "Datasets")])


def test_a_type_seen_first_in_an_output_gains_its_base_type(store: MetadataStore) -> None:
    made = Execution("pets.Train", "pets", "run", "train", State.COMPLETE)
    store.put_execution(made, outputs={"model": [ArtifactRecord("Model", "/m")]})
    store.register_types([ArtifactType("Model", "Model")])
    with pytest.raises(StoreError, match="is Model in the metadata store"):
        store.register_types([ArtifactType("Model", "Dataset")])


def test_stores_that_are_open_at_once_make_a_type_once(path: Path, store: MetadataStore) -> None:
    other = open_sqlite(f"sqlite:///{path}")
    assert other.artifacts_by_type("Model") == []
    for each in (store, other):
        each.register_types([ArtifactType("Model", "Model", {"a": "INT"})])
        each.put_execution(Execution("pets.Train", "pets", "run", "train", State.COMPLETE))
    other.close()
    assert ask(path, "SELECT name FROM Type GROUP BY name, type_kind HAVING count(*) > 1") == []
    assert ask(path, "SELECT count(*) FROM Type WHERE name = 'pets.Train'") == [(1,)]


def test_a_type_with_a_version_is_not_meant_by_its_name(path: Path, store: MetadataStore) -> None:
    store.register_types([ArtifactType("Model")])
    ask(path, "INSERT INTO Type (name, version, type_kind) VALUES ('Model', 'v2', 1)")
    store.close()
    again = open_sqlite(f"sqlite:///{path}")
    made = Execution("pets.Train", "pets", "run", "train", State.COMPLETE)
    again.put_execution(made, outputs={"model": [ArtifactRecord("Model", "/m")]})
    assert ask(path, "SELECT t.version FROM Artifact a JOIN Type t ON t.id = a.type_id") == [
        (None,)
    ]
    again.close()
