from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

pytestmark = pytest.mark.mlmd


OPTIONS = pb.LineageSubgraphQueryOptions


@pytest.fixture
def chain(ask: Any, types: dict[str, int]) -> list[int]:
    """Artifacts a0 -> a1 -> a2 -> a3, each by an execution; returns their ids."""
    nodes = [pb.Artifact(type_id=types["A"], uri=f"/{number}") for number in range(4)]
    ids = list(ask("PutArtifacts", artifacts=nodes).artifact_ids)
    for before, after in pairwise(ids):
        ask(
            "PutExecution",
            execution=pb.Execution(type_id=types["E"]),
            artifact_event_pairs=[
                {"event": pb.Event(type=pb.Event.INPUT, artifact_id=before)},
                {"event": pb.Event(type=pb.Event.OUTPUT, artifact_id=after)},
            ],
            contexts=[pb.Context(type_id=types["C"], name="run")],
            options={"reuse_context_if_already_exist": True},
        )
    return ids


def walk(ask: Any, query: str, **more: Any) -> Any:
    options = OPTIONS(starting_artifacts={"filter_query": query}, **more)
    found = ask("GetLineageSubgraph", lineage_subgraph_query_options=options)
    return found if isinstance(found, tuple) else found.lineage_subgraph


def test_a_walk_goes_one_way_or_both_and_so_far(ask: Any, chain: list[int]) -> None:
    middle = f"id = {chain[1]}"
    up = walk(ask, middle, direction=OPTIONS.UPSTREAM)
    down = walk(ask, middle, direction=OPTIONS.DOWNSTREAM)
    near = walk(ask, middle, max_num_hops=1)
    assert [a.id for a in up.artifacts] == chain[:2]
    assert [a.id for a in down.artifacts] == chain[1:]
    assert ([a.id for a in near.artifacts], len(near.executions)) == ([chain[1]], 2)
    assert len(walk(ask, middle).events) == 6


def test_a_walk_stops_where_it_is_told(ask: Any, chain: list[int]) -> None:
    ending = {"filter_query": "uri = '/2'", "include_ending_nodes": True}
    with_end = walk(ask, "uri = '/0'", ending_artifacts=ending)
    without = walk(ask, "uri = '/0'", ending_artifacts={"filter_query": "uri = '/2'"})
    assert [a.id for a in with_end.artifacts] == chain[:3]
    assert [a.id for a in without.artifacts] == chain[:2]


def test_the_parts_that_are_asked_for_are_answered(ask: Any, chain: list[int]) -> None:
    options = OPTIONS(starting_executions={"filter_query": "id > 0"})
    mask = {"paths": ["contexts", "attributions", "execution_types"]}
    found = ask("GetLineageSubgraph", lineage_subgraph_query_options=options, read_mask=mask)
    graph = found.lineage_subgraph
    assert {f.name for f, _ in graph.ListFields()} == set(mask["paths"])
    assert (len(graph.contexts), len(graph.attributions)) == (1, 4)


def test_a_walk_from_nowhere_is_refused(ask: Any, chain: list[int]) -> None:
    assert walk(ask, "id = 99")[0] == "NOT_FOUND"
    assert walk(ask, "")[0] == "INVALID_ARGUMENT"
    assert walk(ask, "id = 1", max_num_hops=-1)[0] == "INVALID_ARGUMENT"
    assert ask("GetLineageSubgraph")[0] == "INVALID_ARGUMENT"


def test_the_older_request_answers_whole_nodes_up_to_its_boundaries(
    ask: Any, chain: list[int]
) -> None:
    stop = {"boundary_artifacts": f"id != {chain[2]}"}
    options = {"artifacts_options": {"filter_query": "uri = '/0'"}, "stop_conditions": stop}
    graph = ask("GetLineageGraph", options=options).subgraph
    assert [a.uri for a in graph.artifacts] == ["/0", "/1"]
    assert (len(graph.executions), len(graph.events)) == (2, 3)
    assert [t.name for t in graph.artifact_types] == ["A"]
    stop["boundary_artifacts"] = "nonsense"
    assert ask("GetLineageGraph", options=options)[0] == "INVALID_ARGUMENT"
    few = {**options, "stop_conditions": {}, "max_node_size": 3}
    graph = ask("GetLineageGraph", options=few).subgraph
    assert len(graph.artifacts) + len(graph.executions) == 3
