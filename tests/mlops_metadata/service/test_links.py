from __future__ import annotations

from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

pytestmark = pytest.mark.mlmd


def pair(ask: Any, types: dict[str, int]) -> tuple[int, int]:
    (artifact,) = ask("PutArtifacts", artifacts=[pb.Artifact(type_id=types["A"])]).artifact_ids
    execution = pb.Execution(type_id=types["E"])
    (found,) = ask("PutExecutions", executions=[execution]).execution_ids
    return artifact, found


def test_events_come_back_with_their_paths(ask: Any, types: dict[str, int]) -> None:
    artifact, execution = pair(ask, types)
    event = pb.Event(artifact_id=artifact, execution_id=execution, type=pb.Event.OUTPUT)
    event.milliseconds_since_epoch = 5
    for key, index in (("b", 2), ("a", 0), ("", 2**31 - 1)):
        event.path.steps.add(key=key)
        event.path.steps.add(index=index)
    ask("PutEvents", events=[event])
    assert list(ask("GetEventsByArtifactIDs", artifact_ids=[artifact]).events) == [event]
    assert list(ask("GetEventsByExecutionIDs", execution_ids=[execution, 99]).events) == [event]
    assert ask("PutEvents", events=[event])[0] == "ALREADY_EXISTS"


def test_no_event_ends_nowhere(ask: Any, types: dict[str, int]) -> None:
    artifact, execution = pair(ask, types)
    for ids in ({"artifact_id": artifact}, {"artifact_id": 99, "execution_id": execution}):
        event = pb.Event(type=pb.Event.INPUT, **ids)
        assert ask("PutEvents", events=[event])[0] == "INVALID_ARGUMENT"
    event = pb.Event(type=pb.Event.INPUT, artifact_id=99)
    new = pb.Execution(type_id=types["E"])
    refused = ask("PutExecution", execution=new, artifact_event_pairs=[{"event": event}])
    assert refused[0] == "INVALID_ARGUMENT"


def test_contexts_make_no_circle(ask: Any, types: dict[str, int]) -> None:
    nodes = [pb.Context(type_id=types["C"], name=name) for name in "abc"]
    a, b, c = ask("PutContexts", contexts=nodes).context_ids
    links = [pb.ParentContext(child_id=b, parent_id=a), pb.ParentContext(child_id=c, parent_id=b)]
    ask("PutParentContexts", parent_contexts=links)
    circle = [pb.ParentContext(child_id=a, parent_id=c)]
    code, problem = ask("PutParentContexts", parent_contexts=circle)
    assert (code, "cycle" in problem) == ("INVALID_ARGUMENT", True)
    assert ask("PutParentContexts", parent_contexts=links[:1])[0] == "ALREADY_EXISTS"
    itself = [pb.ParentContext(child_id=a, parent_id=a)]
    assert ask("PutParentContexts", parent_contexts=itself)[0] == "INVALID_ARGUMENT"


def test_links_to_contexts_are_put_once(ask: Any, types: dict[str, int]) -> None:
    artifact, execution = pair(ask, types)
    node = pb.Context(type_id=types["C"], name="c")
    (context,) = ask("PutContexts", contexts=[node]).context_ids
    one = pb.Attribution(artifact_id=artifact, context_id=context)
    other = pb.Association(execution_id=execution, context_id=context)
    for _ in range(2):
        ask("PutAttributionsAndAssociations", attributions=[one, one], associations=[other])
    found = ask("GetArtifactsByContext", context_id=context).artifacts
    assert [each.id for each in found] == [artifact]
    assert [each.id for each in ask("GetContextsByExecution", execution_id=execution).contexts] == [
        context
    ]
    nowhere = pb.Attribution(artifact_id=99, context_id=context)
    refused = ask("PutAttributionsAndAssociations", attributions=[nowhere])
    assert refused == ("INVALID_ARGUMENT", "Artifact id not found.")
