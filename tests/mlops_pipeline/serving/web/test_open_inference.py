"""The Open Inference Protocol, asked over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

# One server and its models for all of them, which takes seconds.
pytestmark = pytest.mark.slow


def tensor(**more: Any) -> dict[str, Any]:
    return {"name": "x", "shape": [2], "datatype": "FP64", "data": [1.0, 2.0], **more}


def test_health_and_metadata_are_shown(served: Any) -> None:
    assert served.ask("/v2/health/live")[2] == {"live": True}
    assert served.ask("/v2")[2]["name"] == "mlops-pipeline"
    assert served.ask("/v2/models/toy")[2]["versions"] == ["2", "1"]
    assert served.ask("/v2/models/toy/versions/1/ready")[2] == {"name": "toy", "ready": True}


def test_tensors_are_answered_by_tensors(served: Any) -> None:
    body = {"id": "7", "inputs": [tensor()], "outputs": [{"name": "outputs"}]}
    assert served.ask("/v2/models/toy/versions/1/infer", body)[2] == {
        "model_name": "toy",
        "model_version": "1",
        "id": "7",
        "outputs": [{"name": "outputs", "shape": [2], "datatype": "FP64", "data": [2.0, 4.0]}],
    }


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v2/models/nobody", None, 404),
        ("/v2/models/nobody/infer", {"inputs": [tensor()]}, 404),
        ("/v2/models/toy/versions/7/ready", None, 404),
        ("/v2/models/toy/explain", None, 404),
        ("/v2/models/toy/infer", None, 404),
        ("/v2/nothing", None, 404),
        ("/v2/models/toy/infer", {}, 400),
        ("/v2/models/toy/infer", {"inputs": [3]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor(), tensor()]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor(datatype="FP7")]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor(datatype=[])]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor(shape=[3])]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor(shape=[-2, -1])]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor(shape=[True, 2])]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor(data=["a", "b"])]}, 400),
        ("/v2/models/toy/infer", {"inputs": [{"name": "x"}]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor()], "outputs": [{"name": "z"}]}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor()], "outputs": 3}, 400),
        ("/v2/models/toy/infer", {"inputs": [tensor()], "parameters": 3}, 400),
    ],
)
def test_what_is_wrong_is_refused(served: Any, path: str, body: Any, status: int) -> None:
    found = served.ask(path, body)
    assert (found[0], list(found[2])) == (status, ["error"])
