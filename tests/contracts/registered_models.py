"""What registered models do on every store: a test derives from `RegisteredModelsContract`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.models import (
    approve,
    archive,
    list_models,
    model_as_of,
    open_model,
    read_changes,
    register_artifact,
    rollback,
    set_alias,
)
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Execution,
    MetadataStore,
    State,
)


def push(
    store: MetadataStore, name: str, *, digest: str = "", of: str = "", **properties: Any
) -> int:
    """Push a model as a run does; returns the id of the pushed one.

    Args:
        of: digest of the model that is pushed.
    """
    base = Execution("pets.Train", "pets", f"run-{name}", "train", State.COMPLETE)
    _, trained = store.put_execution(
        base, outputs={"model": [ArtifactRecord("Model", f"/m/{name}", digest=of or f"m{name}")]}
    )
    record = ArtifactRecord(
        "PushedModel",
        f"/pushed/{name}",
        digest=digest or f"d{name}",
        properties={"pushed": 1, **properties},
    )
    done = Execution("pets.Push", "pets", f"run-{name}", "push", State.COMPLETE)
    _, written = store.put_execution(
        done, inputs={"model": [trained["model"][0].id]}, outputs={"pushed_model": [record]}
    )
    return written["pushed_model"][0].id


def with_versions(store: MetadataStore, count: int, name: str = "fraud") -> list[int]:
    """Register some pushed models; returns the ids of the artifacts."""
    ids = [push(store, f"{name}-{number}") for number in range(1, count + 1)]
    for each in ids:
        register_artifact(store, each, name)
    return ids


class RegisteredModelsContract:
    """Needs a fixture `store`: an empty store."""

    def again(self, store: MetadataStore) -> MetadataStore:
        """Return the store as another process has it."""
        return store

    def test_versions_are_numbered_in_the_order_they_are_registered(
        self, store: MetadataStore
    ) -> None:
        first, second = with_versions(store, 2)
        found = open_model(store, "fraud").versions
        assert [(v.number, v.artifact, v.digest) for v in found] == [
            (1, first, "dfraud-1"),
            (2, second, "dfraud-2"),
        ]
        assert found[0].run == "run-fraud-1"
        assert found[0].source_digest == "mfraud-1"

    def test_a_version_registered_twice_stays_one(self, store: MetadataStore) -> None:
        (artifact,) = with_versions(store, 1)
        assert register_artifact(store, artifact, "fraud").number == 1
        assert len(read_changes(store, "fraud")[0]) == 1

    def test_an_alias_has_a_history(self, store: MetadataStore) -> None:
        with_versions(store, 2)
        set_alias(store, "fraud", 1, by="ann", why="first")
        set_alias(store, "fraud", "v2", by="bob", why="better")
        model = open_model(self.again(store), "fraud")
        assert model.aliases == (("champion", 2),)
        assert [(m.before, m.version, m.by, m.why) for m in model.moves] == [
            (0, 1, "ann", "first"),
            (1, 2, "bob", "better"),
        ]
        assert model.version(2).aliases == ("champion",)

    def test_the_state_at_any_time_is_a_question(self, store: MetadataStore) -> None:
        with_versions(store, 2)
        first = set_alias(store, "fraud", 1)
        second = set_alias(store, "fraud", 2)
        assert first
        assert second
        assert model_as_of(store, "fraud", first.at - 1e-3).alias("champion") == 0
        assert model_as_of(store, "fraud", first.at).alias("champion") == 1
        assert model_as_of(store, "fraud", second.at).alias("champion") == 2
        assert model_as_of(store, "fraud", 0).versions == ()

    def test_a_version_that_was_rolled_back_is_not_used_again(self, store: MetadataStore) -> None:
        with_versions(store, 2)
        set_alias(store, "fraud", 1)
        set_alias(store, "fraud", 2)
        move = rollback(store, "fraud", by="ann", why="errors doubled")
        assert move
        assert (move.before, move.version, move.rollback) == (2, 1, True)
        model = open_model(self.again(store), "fraud")
        assert model.version(2).state == "rolled back"
        with pytest.raises(PipelineError, match=r"v2 was rolled back: errors doubled"):
            set_alias(store, "fraud", 2)

    def test_bytes_that_were_rolled_back_are_not_registered_again(
        self, store: MetadataStore
    ) -> None:
        with_versions(store, 2)
        set_alias(store, "fraud", 1)
        set_alias(store, "fraud", 2)
        rollback(store, "fraud", why="errors")
        same = push(store, "same", digest="dfraud-2")
        with pytest.raises(PipelineError, match="has the bytes of fraud v2"):
            register_artifact(store, same, "fraud")
        retrained = push(store, "retrained", of="mfraud-2")
        with pytest.raises(PipelineError, match="has the bytes of fraud v2"):
            register_artifact(store, retrained, "fraud")
        assert len(open_model(store, "fraud").versions) == 2

    def test_rollback_passes_over_what_may_not_be_used(self, store: MetadataStore) -> None:
        with_versions(store, 3)
        for number in (1, 2, 3):
            set_alias(store, "fraud", number)
        archive(store, "fraud", 2, why="too slow")
        move = rollback(store, "fraud")
        assert move
        assert move.version == 1
        with pytest.raises(PipelineError, match="no other version"):
            rollback(store, "fraud")
        assert open_model(store, "fraud").alias("champion") == 1

    def test_what_an_alias_points_to_is_not_archived(self, store: MetadataStore) -> None:
        with_versions(store, 1)
        set_alias(store, "fraud", 1)
        with pytest.raises(PipelineError, match="v1 is champion"):
            archive(store, "fraud", 1)
        set_alias(store, "fraud", 0)
        assert archive(store, "fraud", 1).archived
        with pytest.raises(PipelineError, match="v1 is archived"):
            set_alias(store, "fraud", 1)
        assert not archive(store, "fraud", 1, restore=True).archived

    def test_deleted_files_are_not_promoted(self, store: MetadataStore) -> None:
        (artifact,) = with_versions(store, 1)
        store.set_artifact_state(artifact, ArtifactState.DELETED)
        with pytest.raises(PipelineError, match=f"artifact {artifact} was deleted"):
            set_alias(store, "fraud", 1)
        assert open_model(store, "fraud").moves == ()

    def test_a_decision_says_who_and_why(self, store: MetadataStore) -> None:
        (artifact,) = with_versions(store, 1)
        approve(store, "fraud", artifact, reject=True, by="ann", why="no card")
        approve(store, "fraud", artifact, by="bob", why="has a card")
        found = open_model(self.again(store), "fraud").last_decision(artifact)
        assert found
        assert (found.approved, found.by, found.why) == (True, "bob", "has a card")
        with pytest.raises(PipelineError, match="needs a reason"):
            approve(store, "fraud", artifact, why=" ")

    def test_models_are_listed_and_not_mixed_up(self, store: MetadataStore) -> None:
        with_versions(store, 1, "fraud")
        with_versions(store, 2, "Fraud")
        with_versions(store, 1, "fraud.v2")
        found = {model.name: len(model.versions) for model in list_models(self.again(store))}
        assert found == {"Fraud": 2, "fraud": 1, "fraud.v2": 1}

    def test_of_promoters_at_once_one_wins_and_the_others_are_told(
        self, store: MetadataStore
    ) -> None:
        with_versions(store, 4)
        for trial in range(3):
            before = len(open_model(store, "fraud").moves)
            answers = self._race(store, trial)
            assert answers.count("won") >= 1
            told = [each for each in answers if each != "won"]
            assert [each for each in told if "has just moved champion" not in each] == []
            model = open_model(store, "fraud")
            assert model.damage == ()
            moves = model.moves
            # Each move began where the one before ended: nothing was overwritten unseen.
            for one, other in itertools.pairwise(moves):
                assert other.before == one.version
            assert len(moves) > before

    def _race(self, store: MetadataStore, trial: int) -> Sequence[str]:
        barrier = Barrier(3)

        def promote(number: int) -> str:
            mine = self.again(store)
            barrier.wait()
            try:
                set_alias(mine, "fraud", (number + trial) % 4 + 1, by=f"p{number}")
            except PipelineError as error:
                return str(error)
            return "won"

        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(promote, range(3)))

    def test_registering_at_once_gives_each_a_number_of_its_own(self, store: MetadataStore) -> None:
        ids = [push(store, f"p{number}") for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            versions = pool.map(lambda each: register_artifact(self.again(store), each, "m"), ids)
            assert sorted(each.number for each in versions) == [1, 2, 3, 4]

    def test_registered_models_are_no_runs_and_no_work(self, store: MetadataStore) -> None:
        with_versions(store, 1)
        set_alias(store, "fraud", 1)
        assert {run.id for run in store.list_runs()} <= {"run-fraud-1"}
        assert [each.node_id for each in store.executions_of_run("run-fraud-1")] == [
            "train",
            "push",
        ]
