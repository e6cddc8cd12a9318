"""The protobuf messages `Example` and `SequenceExample`, without TensorFlow around them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_PACKED = {"BytesList": 12, "FloatList": 2, "Int64List": 3}
_MESSAGES: dict[str, list[tuple[str, str]]] = {
    "Features": [("feature", "map Feature")],
    "FeatureList": [("feature", "list Feature")],
    "FeatureLists": [("feature_list", "map FeatureList")],
    # The second field is not TensorFlow's: it shows a SequenceExample that is read as an Example.
    "Example": [("features", "Features"), ("feature_lists", "FeatureLists")],
    "SequenceExample": [("context", "Features"), ("feature_lists", "FeatureLists")],
}


@lru_cache(maxsize=1)
def message_types() -> dict[str, Any]:
    """Return the message classes by name."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="mlops_examples.proto", package="mlops", syntax="proto3"
    )
    for name, number in _PACKED.items():
        _field(file.message_type.add(name=name), "value", 1, type=number, label=3)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(_PACKED, 1):
        field = _field(feature, _snake(name), number, type=11, type_name=f".mlops.{name}")
        field.oneof_index = 0
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (key, kind) in enumerate(fields, 1):
            _message_field(message, key, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return {n: message_factory.GetMessageClass(find(f"mlops.{n}")) for n in _MESSAGES}


def _snake(name: str) -> str:
    return name.replace("List", "_list").lower()


def _field(message: Any, name: str, number: int, **rest: Any) -> Any:
    return message.field.add(name=name, number=number, **{"label": 1, **rest})


def _message_field(message: Any, name: str, number: int, kind: str) -> None:
    shape, _, wanted = kind.rpartition(" ")
    target = f".mlops.{wanted}"
    if shape == "map":
        entry = message.nested_type.add(name=name.title().replace("_", "") + "Entry")
        entry.options.map_entry = True
        _field(entry, "key", 1, type=9)
        _field(entry, "value", 2, type=11, type_name=target)
        target = f".mlops.{message.name}.{entry.name}"
    _field(message, name, number, type=11, type_name=target, label=3 if shape else 1)
