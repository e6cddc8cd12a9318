from __future__ import annotations

from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

pytestmark = pytest.mark.mlmd


def test_relatives_of_several_contexts_are_answered_at_once(
    ask: Any, types: dict[str, int]
) -> None:
    nodes = [pb.Context(type_id=types["C"], name=name) for name in "abc"]
    a, b, c = ask("PutContexts", contexts=nodes).context_ids
    links = [pb.ParentContext(child_id=each, parent_id=a) for each in (b, c)]
    ask("PutParentContexts", parent_contexts=links)
    above = ask("GetParentContextsByContexts", context_ids=[a, b, c, 99]).contexts
    below = ask("GetChildrenContextsByContexts", context_ids=[a]).contexts
    assert {key: [p.id for p in each.parent_contexts] for key, each in above.items()} == {
        b: [a],
        c: [a],
    }
    assert [each.id for each in below[a].children_contexts] == [b, c]
    assert ask("GetParentContextsByContexts")[0] == "INVALID_ARGUMENT"


def test_what_is_not_there_is_answered_as_ml_metadata_does(ask: Any, types: dict[str, int]) -> None:
    assert ask("GetArtifactsByExternalIds", external_ids=["x"])[0] == "NOT_FOUND"
    assert ask("GetArtifactsByExternalIds", external_ids=[""])[0] == "INVALID_ARGUMENT"
    assert ask("GetContextsByArtifact", artifact_id=1)[0] == "NOT_FOUND"
    assert ask("GetArtifactType", type_name="nothing")[0] == "NOT_FOUND"
    empty = ask("GetArtifactByTypeAndName", type_name="A", artifact_name="nothing")
    assert not empty.HasField("artifact")
    for method in ("GetArtifactsByType", "GetArtifactsByExternalIds", "GetArtifactsByURI"):
        assert len(ask(method).artifacts) == 0


def test_ids_that_nothing_can_have_are_no_error(ask: Any, types: dict[str, int]) -> None:
    ids = [0, -1, 2**63 - 1, -(2**63)]
    assert len(ask("GetArtifactsByID", artifact_ids=ids).artifacts) == 0
    assert len(ask("GetEventsByExecutionIDs", execution_ids=ids).events) == 0
    assert len(ask("GetArtifactTypesByID", type_ids=ids).artifact_types) == 0


def test_artifacts_come_with_their_types_where_that_is_asked(
    ask: Any, types: dict[str, int]
) -> None:
    node = pb.Artifact(type_id=types["A"])
    ids = ask("PutArtifacts", artifacts=[node, node]).artifact_ids
    found = ask("GetArtifactsByID", artifact_ids=ids, populate_artifact_types=True)
    assert [(t.id, t.name, len(t.properties)) for t in found.artifact_types] == [
        (types["A"], "A", 6)
    ]
