"""The graph of a run: who waits for whom, what is folded, what is left out."""

from __future__ import annotations

import itertools

import pytest
from page_runs import page

from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, Run, State
from mlops_pipeline.ui.views.graphs import MOST_BOXES, GraphEdge, GraphNode, PageGraph, drawable
from mlops_pipeline.ui.views.reader import Reader


def by_id(graph: PageGraph) -> dict[str, GraphNode]:
    return {node.id: node for node in graph.nodes}


def test_a_run_has_the_nodes_of_its_pipeline_also_those_that_never_began(reader: Reader) -> None:
    graph = page(reader, "run?id=failing").graph
    boxes = by_id(graph)
    states = {name: node.state for name, node in boxes.items()}
    assert states["Train"] == "failed"
    assert states["Evaluate"] == "not reached"
    assert GraphEdge("Train", "Evaluate") in graph.edges
    assert [node.id for node in graph.before("Evaluate")] == ["Gen", "Train"]
    assert boxes["Train"].href == "node?run=failing&name=Train"


def test_iterations_are_one_box_that_leads_to_their_rows(reader: Reader) -> None:
    box = by_id(page(reader, "run?id=second").graph)["Square"]
    assert (box.label, box.note, box.href) == ("Square \u00d7 6", "all 6", "#n2")


@pytest.mark.parametrize("document", [None, "{", '{"schema_version": "99"}', "[]"])
def test_a_run_without_its_pipeline_is_linked_by_what_its_nodes_read(
    reader: Reader, document: str | None
) -> None:
    run = reader.store.list_runs(limit=1)[0]
    store = MemoryStore()
    ir = store.put_document(document) if document else ""
    store.put_run(Run("r", run.pipeline, State.COMPLETE, ir=ir, started=1.0, finished=2.0))
    _, made = store.put_execution(_node("A"), outputs={"out": [ArtifactRecord("Model", "/a")]})
    store.put_execution(_node("B"), inputs={"in": [made["out"][0].id]})
    graph = page(Reader(store), "run?id=r").graph
    assert graph.edges == (GraphEdge("A", "B"),)


def _node(name: str) -> Execution:
    return Execution(
        component=name, pipeline="p", run_id="r", node_id=name, name=name, state=State.COMPLETE
    )


def test_boxes_between_the_same_neighbours_become_one_where_there_are_too_many() -> None:
    middle = [f"m{i}" for i in range(500)]
    boxes = {name: GraphNode(name, name, state="run") for name in ("first", *middle, "last")}
    edges = {name: frozenset({"first"}) for name in middle} | {"last": frozenset(middle)}
    graph = drawable(boxes, edges)
    assert [node.label for node in graph.nodes] == ["first", "m0 and 499 more", "last"]
    assert graph.edges == (GraphEdge("first", "m0"), GraphEdge("m0", "last"))
    assert graph.left_out == 0


def test_of_a_long_chain_the_beginning_is_drawn_and_the_rest_is_counted() -> None:
    names = [f"m{i}" for i in range(500)]
    boxes = {name: GraphNode(name, name) for name in names}
    edges = {after: frozenset({before}) for before, after in itertools.pairwise(names)}
    graph = drawable(boxes, edges)
    assert len(graph.nodes) == MOST_BOXES
    assert graph.left_out == 500 - MOST_BOXES


def test_a_small_graph_is_not_folded() -> None:
    boxes = {name: GraphNode(name, name) for name in "abc"}
    assert len(drawable(boxes, {"c": frozenset("ab")}).nodes) == 3
