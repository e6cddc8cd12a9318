from __future__ import annotations

from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.layout.rows import (
    ArtifactRow,
    ContextRow,
    EventRow,
    ExecutionRow,
    Proto,
    Struct,
)
from mlops_metadata.messages import (
    artifact_row,
    context_row,
    event_row,
    execution_row,
    fill,
    fill_event,
)

pytestmark = pytest.mark.mlmd

VALUES: dict[str, Any] = {
    "truth": True,
    "number": 2**40,
    "double": 1.5,
    "text": "Zoë",
    "struct": Struct({"a": [1.0, None, "x", {"b": False}]}),
    "empty struct": Struct({}),
    "proto": Proto("type.googleapis.com/x", b"\0\xff"),
    "nothing": None,
}


@pytest.mark.parametrize(
    ("row", "message", "read"),
    [
        (ArtifactRow(3, uri="/x", state=2, name="a", custom=VALUES), pb.Artifact(), artifact_row),
        (ExecutionRow(3, id=7, state=4, custom=VALUES), pb.Execution(), execution_row),
        (ContextRow(3, name="c", properties={"n": 1}), pb.Context(), context_row),
    ],
)
def test_a_row_is_a_message_and_a_row_again(row: Any, message: Any, read: Any) -> None:
    fill(row, message)
    assert read(type(message).FromString(message.SerializeToString())) == row


def test_an_event_keeps_its_path() -> None:
    event = EventRow(4, ("model", 0, "base", 1))
    message = pb.Event()
    fill_event(event, message)
    assert event_row(message) == event
