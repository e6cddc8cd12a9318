"""Links to artifacts and executions, also where rows are gone."""

from __future__ import annotations

from lineage_history import History

from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, State
from mlops_pipeline.ui.views.links import (
    GONE,
    ArtifactLink,
    artifact_link,
    execution_link,
    read_links,
    seconds_of,
)


def test_links_of_an_execution_keep_their_names_and_order() -> None:
    history = History()
    first, second = (history.make("Gen", writes="Examples", run=r) for r in ("a", "b"))
    node, (model,) = history.add("Train", reads=[second, first], writes="Model")
    links = read_links(history.store, [node])[node]
    assert [(link.key, link.id) for link in links.inputs] == [("x", second), ("x", first)]
    assert links.outputs == (ArtifactLink(model, "Model", "LIVE", "y", "/Train/r1"),)


def test_an_artifact_whose_row_is_gone_is_a_link_that_says_so() -> None:
    history = History()
    data = history.make("Gen", writes="Examples")
    node, _ = history.add("Train", reads=[data])

    class Damaged(MemoryStore):
        def artifacts(self, ids: object) -> list[ArtifactRecord]:
            return []

    damaged = Damaged()
    damaged.__dict__.update(history.store.__dict__)
    (link,) = read_links(damaged, [node])[node].inputs
    assert (link.id, link.state) == (data, GONE)
    assert read_links(damaged, []) == {}


def test_an_execution_is_named_with_its_iteration_and_time() -> None:
    execution = Execution("c", "p", "r", "n", State.COMPLETE, 7, started=10.0, finished=12.0)
    link = execution_link(execution, "x")
    assert (link.node, link.seconds, link.key) == ("n", 2.0, "x")
    assert artifact_link(ArtifactRecord("T", "/x", 3), "k").key == "k"


def test_times_that_are_none_take_no_time() -> None:
    for started, finished in ((float("nan"), 1.0), (1.0, float("inf")), (5.0, 1.0), (0.0, 0.0)):
        odd = Execution("c", "p", "r", "n", State.FAILED, started=started, finished=finished)
        assert seconds_of(odd) == 0.0
