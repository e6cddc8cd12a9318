from __future__ import annotations

from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.engine import Database

pytestmark = pytest.mark.mlmd


def test_damaged_columns_hide_nothing_else(
    ask: Any, types: dict[str, int], database: Database
) -> None:
    fine = pb.Artifact(type_id=types["A"], name="fine")
    odd = pb.Artifact(type_id=types["A"], name="odd", uri="/odd")
    odd.custom_properties["p"].int_value = 1
    ids = ask("PutArtifacts", artifacts=[fine, odd]).artifact_ids
    database.write(lambda s: s.run("UPDATE Artifact SET state = 77 WHERE name = 'odd'"))
    database.write(lambda s: s.run("UPDATE ArtifactProperty SET int_value = NULL"))
    database.write(lambda s: s.run("UPDATE Artifact SET type_id = 999 WHERE name = 'odd'"))
    found = ask("GetArtifactsByID", artifact_ids=[*ids, 55, *ids]).artifacts
    assert [node.name for node in found] == ["fine", "odd"]
    assert (found[1].uri, found[1].type, found[1].HasField("state")) == ("/odd", "", False)


def test_fields_that_were_not_put_are_not_there(ask: Any, types: dict[str, int]) -> None:
    (each,) = ask("PutArtifacts", artifacts=[pb.Artifact(type_id=types["A"])]).artifact_ids
    (found,) = ask("GetArtifactsByID", artifact_ids=[each]).artifacts
    assert not any(found.HasField(name) for name in ("name", "state", "external_id"))
    assert (found.type, found.HasField("uri")) == ("A", True)
    assert found.create_time_since_epoch == found.last_update_time_since_epoch > 0
