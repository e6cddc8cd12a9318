from __future__ import annotations

import importlib.util

import pytest

from mlops_metadata.layout import rows


@pytest.mark.mlmd
@pytest.mark.skipif(not importlib.util.find_spec("ml_metadata"), reason="compared in `ml`")
def test_the_numbers_are_those_of_ml_metadata() -> None:
    from ml_metadata.proto import metadata_store_pb2 as pb

    for ours, theirs in (
        (rows.ArtifactCode, pb.Artifact.State),
        (rows.ExecutionCode, pb.Execution.State),
        (rows.EventCode, pb.Event.Type),
        (rows.PropertyType, pb.PropertyType),
    ):
        assert {each.name: each.value for each in ours} == dict(theirs.items())


def test_rows_that_say_the_same_are_equal() -> None:
    assert rows.Struct({"a": 1.0}) == rows.Struct({"a": 1.0})
    assert rows.ArtifactRow(1, uri="/x") != rows.ArtifactRow(1, uri="/y")
