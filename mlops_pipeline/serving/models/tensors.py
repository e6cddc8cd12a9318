"""Tensors as bytes: made of nested lists, put together by rows, and taken apart again.

The server holds no NumPy: what comes as JSON becomes bytes here, and a model's process reads them
as arrays. Rows of a tensor are its first dimension, so that joining tensors is joining bytes.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.serving.models.failures import BadInputFailure

STRING = "string"

CODES = {
    "bool": "?",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float16": "e",
    "float32": "f",
    "float64": "d",
}
"""Letters of `struct` by the name of a type of numbers; bytes are little-endian."""

_SIZES = {name: struct.calcsize(f"<{code}") for name, code in CODES.items()}
_LENGTH = struct.Struct("<I")
_MOST_DIMENSIONS = 32


@dataclass(frozen=True)
class Tensor:
    """Values of one type in some shape, as bytes in C order.

    Args:
        data: numbers one after another; of strings, the length of each (4 bytes) and its bytes.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def count(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def rows(self) -> int:
        """The length of the first dimension; -1 for a single value, which has none."""
        return self.shape[0] if self.shape else -1

    @property
    def kind(self) -> tuple[str, tuple[int, ...]]:
        """What tensors have in common that can be put together."""
        return self.dtype, self.shape[1:]


def checked_tensor(dtype: str, shape: Sequence[int], data: bytes) -> Tensor:
    """Return the tensor of bytes that came from elsewhere.

    Raises:
        BadInputFailure: type, shape and bytes do not fit each other.
    """
    tensor = Tensor(dtype, tuple(shape), data)
    if len(shape) > _MOST_DIMENSIONS or any(size < 0 for size in shape):
        raise BadInputFailure(f"a tensor cannot have the shape {list(shape)}")
    if dtype == STRING:
        _offsets(tensor)
    elif dtype not in _SIZES:
        raise BadInputFailure(f"tensors of the type {dtype!r} are not known")
    elif tensor.count * _SIZES[dtype] != len(data):
        raise BadInputFailure(f"{len(data)} bytes are no {dtype} of the shape {list(shape)}")
    return tensor


def of_lists(value: Any, dtype: str = "") -> Tensor:
    """Return the tensor of a value or of nested lists, as JSON has them.

    Args:
        dtype: the type that a signature asks for; guessed where it is empty.

    Raises:
        BadInputFailure: the lists have no shape, or a value does not fit the type.
    """
    shape = _shape(value)
    flat = _flat(value, shape)
    dtype = dtype or _guessed(flat)
    if dtype == STRING:
        return Tensor(STRING, shape, of_strings([_bytes(each) for each in flat]))
    if dtype not in CODES:
        raise BadInputFailure(f"tensors of the type {dtype!r} cannot be sent as JSON")
    wanted = _wanted(dtype)
    for each in flat:
        if type(each) not in wanted:
            raise BadInputFailure(
                f"JSON Value: {_shown(each)} Type: {_json_type(each)} "
                f"is not of expected type: {dtype}"
            )
    try:
        return Tensor(dtype, shape, struct.pack(f"<{len(flat)}{CODES[dtype]}", *flat))
    except (struct.error, OverflowError, ValueError):
        raise BadInputFailure(f"a number is out of the range of {dtype}") from None


def to_lists(tensor: Tensor) -> Any:
    """Return the values of a tensor as nested lists; strings as bytes."""
    values: Any = values_of(tensor)
    if not tensor.shape:
        return values[0]
    for size in reversed(tensor.shape[1:]):
        if size == 0:
            return _empty(tensor.shape)
        values = [values[start : start + size] for start in range(0, len(values), size)]
    return values


def values_of(tensor: Tensor) -> list[Any]:
    """Return all values of a tensor in one list."""
    if tensor.dtype == STRING:
        return list(_strings(tensor.data))
    return list(struct.unpack(f"<{tensor.count}{CODES[tensor.dtype]}", tensor.data))


def joined(tensors: Sequence[Tensor]) -> Tensor:
    """Return the rows of all tensors, which are of one kind, in their order."""
    if len(tensors) == 1:
        return tensors[0]
    rows = sum(tensor.rows for tensor in tensors)
    shape = (rows, *tensors[0].shape[1:])
    return Tensor(tensors[0].dtype, shape, b"".join(tensor.data for tensor in tensors))


def split(tensor: Tensor, rows: Sequence[int]) -> list[Tensor]:
    """Return the tensors that have been joined, by their numbers of rows."""
    if len(rows) == 1:
        return [tensor]
    inner = math.prod(tensor.shape[1:])
    offsets: Sequence[int]
    if tensor.dtype == STRING:
        offsets = _offsets(tensor)
    else:
        size = _SIZES[tensor.dtype]
        offsets = range(0, len(tensor.data) + 1, size)
    parts, start = [], 0
    for count in rows:
        end = start + count * inner
        data = tensor.data[offsets[start] : offsets[end]]
        parts.append(Tensor(tensor.dtype, (count, *tensor.shape[1:]), data))
        start = end
    return parts


def of_strings(values: Sequence[bytes]) -> bytes:
    """Return strings as the bytes of a tensor."""
    return b"".join(_LENGTH.pack(len(value)) + value for value in values)


def is_finite(tensor: Tensor) -> bool:
    """Return False if a number is NaN or infinite."""
    if not tensor.dtype.startswith("float"):
        return True
    return all(map(math.isfinite, values_of(tensor)))


def _strings(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def _offsets(tensor: Tensor) -> list[int]:
    """Return where each string of a tensor begins, and where the last one ends."""
    offsets, at, data = [0], 0, tensor.data
    while at < len(data):
        if at + 4 > len(data):
            break
        at += 4 + _LENGTH.unpack_from(data, at)[0]
        offsets.append(at)
    if at != len(data) or len(offsets) != tensor.count + 1:
        raise BadInputFailure(f"the strings are not {tensor.count}, or are cut off")
    return offsets


def _shape(value: Any) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if len(shape) > _MOST_DIMENSIONS:
            raise BadInputFailure(f"a tensor has at most {_MOST_DIMENSIONS} dimensions")
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _flat(value: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return all values in one list, after a look at the length of each list on the way."""
    level = [value]
    for size in shape:
        deeper: list[Any] = []
        for each in level:
            if not isinstance(each, list) or len(each) != size:
                raise BadInputFailure(
                    "Encountered list at unexpected size or depth: the lists of a tensor have to "
                    "be of equal length"
                )
            deeper += each
        level = deeper
    for each in level:
        if isinstance(each, list):
            raise BadInputFailure("Encountered list at unexpected depth")
    return level


def _guessed(flat: Sequence[Any]) -> str:
    kinds = {type(each) for each in flat}
    if kinds <= {bool} and kinds:
        return "bool"
    if kinds <= {int} and kinds:
        return "int64"
    if kinds <= {int, float}:
        return "float64"
    return STRING


def _wanted(dtype: str) -> tuple[type, ...]:
    if dtype == "bool":
        return (bool,)
    return (int, float) if dtype.startswith("float") else (int,)


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise BadInputFailure("a text is no Unicode; send it as base64") from None
    if isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (binascii.Error, ValueError):
            raise BadInputFailure("Unable to base64 decode a value of the key 'b64'") from None
    raise BadInputFailure(
        f"JSON Value: {_shown(value)} Type: {_json_type(value)} is not of expected type: string"
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _json_type(value: Any) -> str:
    kinds: dict[type, str] = {str: "String", dict: "Object", list: "Array", bool: "Boolean"}
    return "Null" if value is None else kinds.get(type(value), "Number")


def _empty(shape: Sequence[int]) -> Any:
    return [_empty(shape[1:]) for _ in range(shape[0])] if len(shape) > 1 else []
