from __future__ import annotations

from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

pytestmark = pytest.mark.mlmd


def test_an_execution_is_put_with_all_that_belongs_to_it(ask: Any, types: dict[str, int]) -> None:
    made = pb.Artifact(type_id=types["A"], external_id="x", uri="/made")
    event = pb.Event(type=pb.Event.OUTPUT)
    context = pb.Context(type_id=types["C"], name="run")
    pairs = [{"artifact": made, "event": event}, {"artifact": pb.Artifact(type_id=types["A"])}, {}]
    put = {
        "execution": pb.Execution(type_id=types["E"]),
        "artifact_event_pairs": pairs,
        "contexts": [context],
        "options": {
            "reuse_context_if_already_exist": True,
            "reuse_artifact_if_already_exist_by_external_id": True,
        },
    }
    first, second = ask("PutExecution", **put), ask("PutExecution", **put)
    assert first.artifact_ids[0] == second.artifact_ids[0]
    assert first.artifact_ids[1] != second.artifact_ids[1]
    assert (first.artifact_ids[2], first.context_ids) == (-1, second.context_ids)
    found = ask("GetArtifactsByContext", context_id=first.context_ids[0]).artifacts
    assert [a.id for a in found] == sorted({*first.artifact_ids, *second.artifact_ids} - {-1})


def test_a_context_is_used_as_it_is_made_or_refused(ask: Any, types: dict[str, int]) -> None:
    new = pb.Context(type_id=types["C"], name="new")
    new.custom_properties["p"].int_value = 1
    execution = pb.Execution(type_id=types["E"])
    (made,) = ask("PutExecution", execution=execution, contexts=[new]).context_ids
    refused = ask("PutExecution", execution=execution, contexts=[new])
    assert refused[0] == "ALREADY_EXISTS"
    by_id = [pb.Context(id=made), new]
    options = {"force_reuse_context": True, "reuse_context_if_already_exist": True}
    found = ask("PutExecution", execution=execution, contexts=by_id, options=options)
    assert list(found.context_ids) == [made, made]
    missing = [pb.Context(id=99)]
    assert ask("PutExecution", execution=execution, contexts=missing, options=options)[0] == (
        "NOT_FOUND"
    )
    for each in (pb.Context(name="c"), pb.Context(type_id=types["C"])):
        refused = ask("PutExecution", execution=execution, contexts=[each])
        assert refused[0] == "INVALID_ARGUMENT"
    assert len(ask("GetExecutions").executions) == 2


def test_a_subgraph_is_put_with_its_edges(ask: Any, types: dict[str, int]) -> None:
    put = {
        "executions": [pb.Execution(type_id=types["E"])],
        "artifacts": [pb.Artifact(type_id=types["A"]), pb.Artifact(type_id=types["A"])],
        "contexts": [pb.Context(type_id=types["C"], name="run")],
    }
    edge = {"execution_index": 0, "artifact_index": 1, "event": pb.Event(type=pb.Event.OUTPUT)}
    found = ask("PutLineageSubgraph", **put, event_edges=[edge])
    (event,) = ask("GetEventsByExecutionIDs", execution_ids=found.execution_ids).events
    assert event.artifact_id == found.artifact_ids[1]
    assert len(ask("GetArtifactsByContext", context_id=found.context_ids[0]).artifacts) == 2
    for wrong, code in (
        ({**edge, "artifact_index": 2}, "OUT_OF_RANGE"),
        ({**edge, "execution_index": -1}, "OUT_OF_RANGE"),
        ({"artifact_index": 0, "event": edge["event"]}, "INVALID_ARGUMENT"),
        ({"execution_index": 0, "artifact_index": 0}, "INVALID_ARGUMENT"),
    ):
        put["contexts"][0].name = "other"
        assert ask("PutLineageSubgraph", **put, event_edges=[wrong])[0] == code


def test_events_that_contradict_their_pair_are_refused(ask: Any, types: dict[str, int]) -> None:
    execution = pb.Execution(type_id=types["E"])
    for event in (
        pb.Event(type=pb.Event.INPUT, execution_id=99, artifact_id=1),
        pb.Event(type=pb.Event.INPUT),
        pb.Event(artifact_id=1),
    ):
        refused = ask("PutExecution", execution=execution, artifact_event_pairs=[{"event": event}])
        assert refused[0] == "INVALID_ARGUMENT"
    artifact = pb.Artifact(type_id=types["A"])
    pair = {"artifact": artifact, "event": pb.Event(type=pb.Event.INPUT, artifact_id=99)}
    refused = ask("PutExecution", execution=execution, artifact_event_pairs=[pair])
    assert refused[0] == "INVALID_ARGUMENT"
    assert ask("PutExecution")[0] == "INVALID_ARGUMENT"
    assert (len(ask("GetExecutions").executions), len(ask("GetArtifacts").artifacts)) == (0, 0)
