"""Copies of a store into another file: whole, resumed, refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    CopyStep,
    Execution,
    MetadataStore,
    Run,
    State,
    copy_store,
    open_store,
)


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/source.db"
    with closing(open_store(url)) as store:
        store.put_run(Run("run", "pets"))
        for number in range(30):
            publish(store, f"n{number}")
    return url


def publish(store: MetadataStore, name: str) -> None:
    done = Execution(
        "pets.Train",
        "pets",
        "run",
        "train",
        State.COMPLETE,
        name=name,
        parameters={"third": 1 / 3, "large": 2**40, "text": "größe" * 200, "flag": True},
    )
    model = ArtifactRecord("Model", f"/models/{name}", properties={"list": [1, 2], "nan": 0.1})
    store.put_execution(done, outputs={"model": [model]})


def records(url: str) -> tuple[object, ...]:
    with closing(open_store(url)) as store:
        executions = store.executions_of_run("run")
        ids = [each.id for each in executions]
        return (
            executions,
            store.events_by_execution(ids),
            store.artifacts_by_type("Model"),
            store.list_runs(),
        )


def test_a_copy_is_the_same_store(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/target.db"
    done = {each.table: each for each in copy_store(source, target)}
    assert (done["Execution"].rows, done["Execution"].new) == (30, 30)
    assert len(done["EventPath"].digest) == 64
    assert records(target) == records(source)
    # It counts on after what was copied.
    with closing(open_store(target)) as store:
        publish(store, "later")
        assert [each.id for each in store.executions_of_run("run")][-2:] == [30, 31]


def test_a_copy_that_was_stopped_goes_on(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/target.db"
    whole = copy_store(source, target)
    with closing(sqlite3.connect(tmp_path / "target.db")) as connection, connection:
        # As it is when it was stopped between two parts.
        connection.execute("DELETE FROM Execution WHERE id > 10")
        for table in ("ExecutionProperty", "Event", "EventPath", "Association", "Attribution"):
            connection.execute(f"DELETE FROM {table}")
    again = {each.table: each for each in copy_store(source, target)}
    assert (again["Execution"].rows, again["Execution"].new) == (30, 20)
    assert again["Artifact"].new == 0
    assert [each.digest for each in again.values()] == [each.digest for each in whole]
    assert records(target) == records(source)


def test_each_step_of_a_copy_is_told(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/target.db"
    steps: list[CopyStep] = []
    done = {each.table: each for each in copy_store(source, target, steps.append)}
    assert {step.act for step in steps} == {"copying", "comparing"}
    for act in ("copying", "comparing"):
        last = {step.table: (step.rows, step.total) for step in steps if step.act == act}
        assert last == {name: (each.rows, each.rows) for name, each in done.items()}
    steps.clear()
    copy_store(source, target, steps.append)
    assert steps[0].act == "checking"


def test_what_came_since_is_added(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/target.db"
    copy_store(source, target)
    with closing(open_store(source)) as store:
        publish(store, "later")
    again = {each.table: each for each in copy_store(source, target)}
    assert (again["Execution"].rows, again["Execution"].new) == (31, 1)
    assert records(target) == records(source)


def test_another_store_is_not_written_to(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/target.db"
    with closing(open_store(target)) as store:
        store.put_run(Run("other", "cars"))
    with pytest.raises(StoreError, match="holds something else"):
        copy_store(source, target)
    with closing(open_store(target)) as store:
        assert [run.id for run in store.list_runs()] == ["other"]


def test_a_copy_with_more_than_its_source_is_refused(source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/target.db"
    copy_store(source, target)
    with closing(open_store(target)) as store:
        publish(store, "later")
    with pytest.raises(StoreError, match="holds something else"):
        copy_store(source, target)


def test_an_empty_store_is_not_copied(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    open_store(url).close()
    with pytest.raises(StoreError, match="nothing is recorded"):
        copy_store(url, f"sqlite:///{tmp_path}/target.db")
