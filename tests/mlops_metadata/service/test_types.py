from __future__ import annotations

from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

pytestmark = pytest.mark.mlmd


def put(ask: Any, wanted: Any, **more: Any) -> Any:
    return ask("PutExecutionType", execution_type=wanted, **more)


def test_a_type_is_registered_once_and_may_gain_properties(ask: Any) -> None:
    first = put(ask, pb.ExecutionType(name="T", properties={"a": pb.INT}))
    again = put(ask, pb.ExecutionType(name="T", properties={"a": pb.INT}))
    wider = pb.ExecutionType(name="T", properties={"a": pb.INT, "b": pb.STRING})
    assert put(ask, wider)[0] == "ALREADY_EXISTS"
    assert put(ask, wider, can_add_fields=True).type_id == first.type_id == again.type_id
    assert put(ask, pb.ExecutionType(name="T"))[0] == "ALREADY_EXISTS"
    assert put(ask, pb.ExecutionType(name="T"), can_omit_fields=True) == first
    other = pb.ExecutionType(name="T", properties={"a": pb.DOUBLE})
    assert put(ask, other, can_omit_fields=True)[0] == "ALREADY_EXISTS"
    found = ask("GetExecutionType", type_name="T").execution_type
    assert dict(found.properties) == {"a": pb.INT, "b": pb.STRING}


def test_what_a_type_says_of_itself_comes_back(ask: Any) -> None:
    wanted = pb.ExecutionType(name="T", version="2", description="ü", external_id="x")
    wanted.input_type.dict.properties["model"].simple.name = "Model"
    wanted.output_type.any.SetInParent()
    wanted.base_type = pb.ExecutionType.TRAIN
    wanted.id = put(ask, wanted).type_id
    found = ask("GetExecutionType", type_name="T", type_version="2").execution_type
    assert found == wanted
    assert ask("GetExecutionType", type_name="T")[0] == "NOT_FOUND"


def test_a_base_type_stays(ask: Any) -> None:
    put(ask, pb.ExecutionType(name="T", base_type=pb.ExecutionType.TRAIN))
    assert put(ask, pb.ExecutionType(name="T", base_type=pb.ExecutionType.DEPLOY)) == (
        "UNIMPLEMENTED",
        "base_type update is not supported yet",
    )
    assert put(ask, pb.ExecutionType(name="U", base_type=0))[0] == "UNIMPLEMENTED"


def test_types_that_are_none_are_refused(ask: Any) -> None:
    assert put(ask, pb.ExecutionType())[0] == "INVALID_ARGUMENT"
    unknown = pb.ExecutionType(name="T", properties={"a": pb.UNKNOWN})
    assert put(ask, unknown)[0] == "INVALID_ARGUMENT"
    assert put(ask, pb.ExecutionType(name="T"), all_fields_match=False)[0] == "UNIMPLEMENTED"
    assert len(ask("GetExecutionTypes").execution_types) == 0
