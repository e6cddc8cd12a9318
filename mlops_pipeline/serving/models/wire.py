"""Messages between the server and a model's process: a head in MessagePack, then raw tensors.

A frame is the length of the head (4 bytes), that of the tensors (8 bytes), the head, and the bytes
of its tensors one after another.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from mlops_pipeline.serving.models.signatures import Signature, Tensors
from mlops_pipeline.serving.models.tensors import Tensor

PREFIX = struct.Struct("<IQ")
LARGEST = 2**32
"""Bytes of tensors that a frame has at most."""

Place = tuple[str, str, tuple[int, ...], int]
"""A tensor in a frame: name, type, shape, and its number of bytes."""


class LoadOrder(msgspec.Struct, tag="load"):
    """Asks a process to load a model, and to warm it up."""

    loader: str
    folder: str
    options: dict[str, Any] = {}
    import_paths: tuple[str, ...] = ()
    finite: bool = False


class ReadyOrder(msgspec.Struct, tag="ready"):
    """Asks a process to import what a loader needs, before there is a model."""

    loader: str
    import_paths: tuple[str, ...] = ()


class PredictOrder(msgspec.Struct, tag="predict"):
    """Asks a model for predictions."""

    signature: str
    tensors: list[Place]


class ModelFacts(msgspec.Struct, tag="facts"):
    """What a process says of the model that it has loaded.

    Args:
        signatures: by name.
        warmed: requests that warmed it up.
        splits: False where a batch of the warm-up gave other rows than its requests alone.
    """

    signatures: dict[str, Signature]
    warmed: int = 0
    splits: bool = True


class PredictReply(msgspec.Struct, tag="outputs"):
    """The answer to a `PredictOrder`."""

    tensors: list[Place]


class Trouble(msgspec.Struct, tag="trouble"):
    """An order that failed.

    Args:
        kind: `input` for a mistake of the client, else a kind of `ModelFailure`.
    """

    kind: str
    message: str


Order = LoadOrder | ReadyOrder | PredictOrder
Reply = ModelFacts | PredictReply | Trouble

_Message = TypeVar("_Message")

_encoder = msgspec.msgpack.Encoder()
orders = msgspec.msgpack.Decoder(Order)
replies = msgspec.msgpack.Decoder(Reply)


def frame(message: Order | Reply, tensors: Mapping[str, Tensor] | None = None) -> bytes:
    """Return a message, and tensors that belong to it, as bytes."""
    head = _encoder.encode(message)
    data = [tensor.data for tensor in (tensors or {}).values()]
    return b"".join([PREFIX.pack(len(head), sum(map(len, data))), head, *data])


def places(tensors: Mapping[str, Tensor]) -> list[Place]:
    """Return where tensors stand in a frame."""
    return [(name, t.dtype, t.shape, len(t.data)) for name, t in tensors.items()]


def tensors_in(found: list[Place], data: bytes) -> Tensors:
    """Return the tensors of a frame."""
    tensors, at = {}, 0
    for name, dtype, shape, length in found:
        tensors[name] = Tensor(dtype, tuple(shape), data[at : at + length])
        at += length
    return tensors
