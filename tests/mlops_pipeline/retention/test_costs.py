from __future__ import annotations

from retention_stores import Kept

from mlops_pipeline.retention import LostCache, LostLineage
from mlops_pipeline.store import ArtifactState


def test_what_stays_and_was_made_of_what_goes_is_named(kept: Kept) -> None:
    kept.begin("a")
    examples = kept.publish("a", "Make", "Examples")
    model = kept.publish("a", "Train", "Model", examples)
    kept.publish("a", "Evaluate", "ModelBlessing", model, blessed=1)
    kept.end("a")
    plan = kept.plan(keep=frozenset({"blessed"}))
    assert plan.lineage == [LostLineage(model.id, "Model", "a", (examples.id,))]
    assert plan.cache == [LostCache("pets", "Make", 1, 2.0)]


def test_a_result_that_is_not_whole_is_not_lost_again(kept: Kept) -> None:
    examples, _ = kept.run_once("a")
    store = kept.open()
    store.set_artifact_state(examples.id, ArtifactState.DELETED)
    store.close()
    assert [each.node for each in kept.plan().cache] == ["Train"]
