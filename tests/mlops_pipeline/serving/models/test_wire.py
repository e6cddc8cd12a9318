"""Frames: a message and its tensors come through as they were."""

import pytest

from mlops_pipeline.serving.models import wire
from mlops_pipeline.serving.models.signatures import Signature, TensorSpec
from mlops_pipeline.serving.models.tensors import of_lists


@pytest.mark.parametrize(
    "order",
    [
        wire.LoadOrder("m:f", "/v", {"a": 1}, ("p",), True),
        wire.ReadyOrder("m:f"),
        wire.PredictOrder("s", [("x", "float32", (1, 2), 8)]),
    ],
)
def test_orders_come_through(order: wire.Order) -> None:
    data = wire.frame(order)
    head, size = wire.PREFIX.unpack_from(data)
    assert (wire.orders.decode(data[wire.PREFIX.size :]), size) == (order, 0)
    assert len(data) == wire.PREFIX.size + head


def test_replies_bring_their_tensors() -> None:
    tensors = {"a": of_lists([1.0, 2.0]), "b": of_lists([["x", "yz"]])}
    data = wire.frame(wire.PredictReply(wire.places(tensors)), tensors)
    head, size = wire.PREFIX.unpack_from(data)
    start = wire.PREFIX.size + head
    reply = wire.replies.decode(data[wire.PREFIX.size : start])
    assert isinstance(reply, wire.PredictReply)
    assert len(data) == start + size
    assert wire.tensors_in(reply.tensors, data[start:]) == tensors


def test_facts_keep_signatures() -> None:
    facts = wire.ModelFacts({"s": Signature({"x": TensorSpec("float32", (-1, 2))})}, 3, False)
    data = wire.frame(facts)
    assert wire.replies.decode(data[wire.PREFIX.size :]) == facts
