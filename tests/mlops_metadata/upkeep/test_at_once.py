from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    MetadataStore,
    Run,
    State,
    all_at_once,
    open_store,
)


def put(store: MetadataStore) -> None:
    store.put_run(Run("r1", "p", started=1.0))
    execution = Execution("c", "p", "r1", "n", State.COMPLETE, cache_key="k", name="one")
    store.put_execution(execution, outputs={"o": [ArtifactRecord("Model", "/m")]})
    store.put_document("text")


def test_work_is_recorded_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/metadata.db"
    all_at_once(url, put)
    with closing(open_store(url)) as store:
        assert store.get_run("r1") is not None
        (found,) = store.executions_by_cache_key("k")
        assert [event.key for event in store.events_by_execution([found.id])] == ["o"]


def test_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/metadata.db"

    def fail(store: MetadataStore) -> None:
        put(store)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        all_at_once(url, fail)
    with closing(open_store(url)) as store:
        assert (store.list_runs(), store.artifacts([1]), store.executions([1])) == ([], [], [])


def test_a_store_without_tables_is_refused() -> None:
    with pytest.raises(StoreError, match="cannot be reached"):
        all_at_once("memory://", put)
