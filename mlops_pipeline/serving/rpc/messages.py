"""Messages of TensorFlow Serving's gRPC services, by their numbers: TensorFlow is not imported.

Importing the published messages would load TensorFlow into the server. So the fields that are used
are listed here; what else a message has is passed over, as protobuf does with any unknown field.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

# Each field: name, number, type; `*` is repeated, `map` is from texts to a message. An `Example` is
# a message that is handed on as it is, and so is bytes here, which is the same on the wire.
_MESSAGES: dict[str, str] = {
    "Int64Value": "value 1 int64",
    "ModelSpec": "name 1 string, version 2 Int64Value, signature_name 3 string, "
    "version_label 4 string",
    "Dim": "size 1 int64, name 2 string",
    "TensorShapeProto": "dim 2 *Dim, unknown_rank 3 bool",
    "TensorProto": "dtype 1 int32, tensor_shape 2 TensorShapeProto, tensor_content 4 bytes, "
    "float_val 5 *float, double_val 6 *double, int_val 7 *int32, string_val 8 *bytes, "
    "int64_val 10 *int64, bool_val 11 *bool, half_val 13 *int32, uint32_val 16 *uint32, "
    "uint64_val 17 *uint64",
    "PredictRequest": "model_spec 1 ModelSpec, inputs 2 map TensorProto, output_filter 3 *string",
    "PredictResponse": "outputs 1 map TensorProto, model_spec 2 ModelSpec",
    "ExampleList": "examples 1 *bytes",
    "ExampleListWithContext": "examples 1 *bytes, context 2 bytes",
    "Input": "example_list 1 ExampleList, example_list_with_context 2 ExampleListWithContext",
    "ExamplesRequest": "model_spec 1 ModelSpec, input 2 Input",
    "Class": "label 1 string, score 2 float",
    "Classifications": "classes 1 *Class",
    "ClassificationResult": "classifications 1 *Classifications",
    "ClassificationResponse": "result 1 ClassificationResult, model_spec 2 ModelSpec",
    "Regression": "value 1 float",
    "RegressionResult": "regressions 1 *Regression",
    "RegressionResponse": "result 1 RegressionResult, model_spec 2 ModelSpec",
    "GetModelStatusRequest": "model_spec 1 ModelSpec",
    "StatusProto": "error_code 1 int32, error_message 2 string",
    "ModelVersionStatus": "version 1 int64, state 2 int32, status 3 StatusProto",
    "GetModelStatusResponse": "model_version_status 1 *ModelVersionStatus",
    "Any": "type_url 1 string, value 2 bytes",
    "TensorInfo": "name 1 string, dtype 2 int32, tensor_shape 3 TensorShapeProto",
    "SignatureDef": "inputs 1 map TensorInfo, outputs 2 map TensorInfo, method_name 3 string",
    "SignatureDefMap": "signature_def 1 map SignatureDef",
    "GetModelMetadataRequest": "model_spec 1 ModelSpec, metadata_field 2 *string",
    "GetModelMetadataResponse": "model_spec 1 ModelSpec, metadata 2 map Any",
}

_PACKAGE = "mlops.tensorflow_serving"
_SCALARS = ("bool", "bytes", "double", "float", "int32", "int64", "string", "uint32", "uint64")

DTYPES = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "string": 7,
    "int64": 9,
    "bool": 10,
    "uint16": 17,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
}
"""Numbers of TensorFlow's types."""

NAMES = {number: name for name, number in DTYPES.items()}


@functools.cache
def messages() -> Any:
    """Return the classes of the messages, as attributes."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="mlops_tensorflow_serving.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        _describe(file.message_type.add(name=name), name, fields.split(", "))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }
    return SimpleNamespace(**found)


def _describe(message: Any, name: str, fields: Iterable[str]) -> None:
    for text in fields:
        field, number, kind, *value = text.split()
        if kind == "map":
            entry = "".join(part.capitalize() for part in field.split("_")) + "Entry"
            nested = message.nested_type.add(name=entry)
            nested.options.map_entry = True
            _add(nested, "key", 1, "string")
            _add(nested, "value", 2, value[0])
            _add(message, field, int(number), f"*{name}.{entry}")
        else:
            _add(message, field, int(number), kind)


def _add(message: Any, name: str, number: int, kind: str) -> None:
    from google.protobuf import descriptor_pb2

    types = descriptor_pb2.FieldDescriptorProto
    field = message.field.add(name=name, number=number)
    field.label = types.LABEL_REPEATED if kind.startswith("*") else types.LABEL_OPTIONAL
    kind = kind.lstrip("*")
    if kind in _SCALARS:
        field.type = getattr(types, f"TYPE_{kind.upper()}")
    else:
        field.type = types.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
