from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from registered_models import RegisteredModelsContract
from store_contract import SharedStoreContract

from mlops_metadata.messages import request
from mlops_metadata.mlmd import MlmdStore
from mlops_metadata.sqlite_file import open_by_library
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactRecord, ArtifactState, ArtifactType, Execution, Run, State

pytestmark = pytest.mark.mlmd


class TestMlmdStore(SharedStoreContract):
    one_writer = True

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/metadata.db"

    @pytest.fixture
    def store(self, url: str) -> Iterator[MlmdStore]:
        opened = open_by_library(url)
        yield opened
        opened.close()

    def test_a_type_that_contradicts_the_stored_one_is_named(self, store: MlmdStore) -> None:
        store.register_types([ArtifactType("Scored", "Dataset", {"score": "INT"})])
        with pytest.raises(StoreError, match=r"'score' of .* Scored is INT .* DOUBLE here"):
            store.register_types([ArtifactType("Scored", "Dataset", {"score": "DOUBLE"})])
        with pytest.raises(StoreError, match=r"base type of .* Scored is Dataset .* Model here"):
            store.register_types([ArtifactType("Scored", "Model")])
        with pytest.raises(StoreError, match="did you mean 'Dataset'"):
            store.register_types([ArtifactType("Other", "Datasets")])

    def test_a_type_seen_first_in_an_output_gains_its_base_type(self, store: MlmdStore) -> None:
        record = ArtifactRecord("Model", "/m")
        store.put_execution(train(), outputs={"model": [record]})
        store.register_types([ArtifactType("Model", "Model")])
        with pytest.raises(StoreError, match="is Model in the metadata store"):
            store.register_types([ArtifactType("Model", "Dataset")])

    def test_what_is_not_in_the_store_is_named(self, store: MlmdStore) -> None:
        for ask in (
            lambda: store.heartbeat(77),
            lambda: store.put_execution(train(id=77)),
            lambda: store.set_artifact_state(77, ArtifactState.DELETED),
        ):
            with pytest.raises(StoreError, match="77"):
                ask()
        assert store.executions_of_run("run") == []

    def test_what_is_rare_is_found_among_many_others(self, store: MlmdStore) -> None:
        rare = [ArtifactRecord("Rare", f"/rare/{number}") for number in range(3)]
        store.put_execution(train(), outputs={"rare": rare})
        often = [ArtifactRecord("Often", f"/often/{number}") for number in range(250)]
        store.put_execution(train(), outputs={"often": often})
        found = store.artifacts_by_type("Rare", limit=2)
        assert [artifact.uri for artifact in found] == ["/rare/2", "/rare/1"]
        assert len(store.artifacts_by_type("Often", limit=240)) == 240
        assert len(store.artifacts_by_type("Rare")) == 3
        assert store.artifacts_by_type("Rare", limit=0) == []

    def test_old_runs_are_found_behind_many_contexts(self, store: MlmdStore) -> None:
        for number in range(25):
            store.put_run(Run(f"run-{number}", "odd" if number % 2 else "even"))
        store.put_document("first")
        message = request("PutContexts")
        kind = store.connection.read("GetContextTypes", request("GetContextTypes"))
        document = next(t.id for t in kind.context_types if t.name == "mlops.document")
        for number in range(1300):
            message.contexts.add(type_id=document, name=f"document-{number}")
        store.connection.write("PutContexts", message)
        assert [run.id for run in store.list_runs(limit=2)] == ["run-24", "run-23"]
        odd = store.list_runs(pipeline="odd", limit=3)
        assert [run.id for run in odd] == ["run-23", "run-21", "run-19"]
        assert len(store.list_runs(pipeline="even", limit=100)) == 13
        assert len(store.list_runs(limit=100)) == 25

    def test_one_record_in_two_places_is_two_artifacts(self, store: MlmdStore) -> None:
        record = ArtifactRecord("Model", "/m")
        _, written = store.put_execution(train(), outputs={"a": [record, record], "b": [record]})
        assert len({found.id for found in [*written["a"], *written["b"]]}) == 3


def train(**changes: Any) -> Execution:
    return replace(Execution("pets.Train", "pets", "run", "train", State.COMPLETE), **changes)


class TestRegisteredModelsByTheLibrary(RegisteredModelsContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[MlmdStore]:
        opened = open_by_library(f"sqlite:///{tmp_path}/metadata.db")
        yield opened
        opened.close()
