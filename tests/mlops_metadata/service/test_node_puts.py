from __future__ import annotations

from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

pytestmark = pytest.mark.mlmd


def test_of_two_that_change_an_artifact_since_they_read_it_one_does(
    ask: Any, types: dict[str, int]
) -> None:
    ids = ask("PutArtifacts", artifacts=[pb.Artifact(type_id=types["A"], uri="/a")]).artifact_ids
    (read,) = ask("GetArtifactsByID", artifact_ids=ids).artifacts
    options = {"abort_if_latest_updated_time_changed": True}
    first, second = pb.Artifact(), pb.Artifact()
    first.CopyFrom(read)
    second.CopyFrom(read)
    first.uri, second.uri = "/first", "/second"
    assert list(ask("PutArtifacts", artifacts=[first], options=options).artifact_ids) == ids
    assert ask("PutArtifacts", artifacts=[second], options=options)[0] == "FAILED_PRECONDITION"
    assert ask("GetArtifactsByID", artifact_ids=ids).artifacts[0].uri == "/first"


def test_a_mask_changes_what_it_names(ask: Any, types: dict[str, int]) -> None:
    before = pb.Artifact(type_id=types["A"], uri="/a", state=pb.Artifact.LIVE)
    for name in ("size", "note"):
        before.custom_properties[name].int_value = 1
    (each,) = ask("PutArtifacts", artifacts=[before]).artifact_ids
    change = pb.Artifact(id=each, uri="/no", state=pb.Artifact.DELETED)
    change.custom_properties["size"].int_value = 2
    mask = {"paths": ["state", "custom_properties.size", "custom_properties.gone"]}
    ask("PutArtifacts", artifacts=[change], update_mask=mask)
    (found,) = ask("GetArtifactsByID", artifact_ids=[each]).artifacts
    values = {name: value.int_value for name, value in found.custom_properties.items()}
    assert (found.uri, found.state, values) == ("/a", pb.Artifact.DELETED, {"size": 2, "note": 1})


def test_a_change_of_one_property_leaves_its_namesake_alone(
    ask: Any, types: dict[str, int]
) -> None:
    node = pb.Context(type_id=types["C"], name="c")
    node.properties["size"].int_value = node.custom_properties["size"].int_value = 1
    (node.id,) = ask("PutContexts", contexts=[node]).context_ids
    del node.custom_properties["size"]
    ask("PutContexts", contexts=[node])
    (found,) = ask("GetContextsByID", context_ids=[node.id]).contexts
    assert (dict(found.properties), dict(found.custom_properties)) == (dict(node.properties), {})


def test_what_does_not_differ_keeps_its_time(ask: Any, types: dict[str, int]) -> None:
    execution = pb.Execution(type_id=types["E"])
    (each,) = ask("PutExecutions", executions=[execution]).execution_ids
    (found,) = ask("GetExecutionsByID", execution_ids=[each]).executions
    ask("PutExecutions", executions=[found])
    assert ask("GetExecutionsByID", execution_ids=[each]).executions[0] == found
    ask("PutExecution", execution=found, options={"force_update_time": True})
    (later,) = ask("GetExecutionsByID", execution_ids=[each]).executions
    assert later.last_update_time_since_epoch > found.last_update_time_since_epoch


def test_of_a_request_that_is_refused_nothing_is_there(ask: Any, types: dict[str, int]) -> None:
    nodes = [pb.Context(type_id=types["C"], name=name) for name in ("a", "b", "a")]
    code, problem = ask("PutContexts", contexts=nodes)
    assert (code, problem) == (
        "ALREADY_EXISTS",
        "Given node already exists: Context 'a', 'b', 'a'",
    )
    assert len(ask("GetContexts").contexts) == 0


def test_many_nodes_are_put_at_once(ask: Any, types: dict[str, int]) -> None:
    nodes = [pb.Artifact(type_id=types["A"], uri=f"/{number}") for number in range(3000)]
    for node in nodes:
        node.custom_properties["number"].int_value = 1
    ids = ask("PutArtifacts", artifacts=nodes).artifact_ids
    found = ask("GetArtifactsByID", artifact_ids=ids).artifacts
    assert [node.uri for node in found] == [node.uri for node in nodes]
