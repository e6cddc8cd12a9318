from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import ArtifactRecord, Execution, MetadataStore, Run, State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{path}")
    yield opened
    opened.close()


def names(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return sorted(database.execute(statement).fetchall())


def above(path: Path) -> list[tuple[Any, ...]]:
    return names(
        path,
        "SELECT c.name, u.name FROM ParentContext p JOIN Context c ON c.id = p.context_id "
        "JOIN Context u ON u.id = p.parent_context_id",
    )


def test_a_run_stands_below_its_pipeline_and_its_base_run(path: Path, store: MetadataStore) -> None:
    store.put_run(Run("r0", "pets"))
    store.put_run(Run("r1", "pets", base_run="r0"))
    store.put_run(Run("r1", "pets", State.COMPLETE, base_run="r0"))
    assert above(path) == [("r0", "pets"), ("r1", "pets"), ("r1", "r0")]


def test_an_execution_places_the_run_that_nobody_has_put(path: Path, store: MetadataStore) -> None:
    store.put_execution(Execution("pets.Gen", "pets", "r", "gen", State.RUNNING))
    assert above(path) == [("r", "pets")]
    assert [run.pipeline for run in store.list_runs(pipeline="pets")] == ["pets"]


def test_executions_and_artifacts_stand_in_all_their_contexts(
    path: Path, store: MetadataStore
) -> None:
    made = Execution("pets.Gen", "pets", "r", "gen", State.COMPLETE, cache_key="k")
    store.put_execution(made, outputs={"x": [ArtifactRecord("Model", "/m")]})
    expected = [("k",), ("pets",), ("pets.gen",), ("r",)]
    for table in ("Association", "Attribution"):
        statement = f"SELECT c.name FROM {table} a JOIN Context c ON c.id = a.context_id"
        assert names(path, statement) == expected


def test_runs_of_a_rare_pipeline_are_found_behind_many_contexts(store: MetadataStore) -> None:
    store.put_run(Run("old", "rare"))
    for number in range(30):
        store.put_run(Run(f"run-{number}", "often"))
        store.put_document(f"text {number}")
    assert [run.id for run in store.list_runs(pipeline="rare", limit=2)] == ["old"]
    assert [run.id for run in store.list_runs(limit=2)] == ["run-29", "run-28"]
