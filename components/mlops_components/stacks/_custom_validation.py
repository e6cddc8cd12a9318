"""Validations by SQL over the statistics of features, where TFDV no longer has them.

An expression sees the `FeatureNameStatistics` of a feature as `feature`, or those of a pair as
`feature_test` and `feature_base`; it is an anomaly where it is false. Anomalies are those of TFDV.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow_metadata.proto.v0 import anomalies_pb2, path_pb2

from mlops_components.sql._evaluate import compute, parse
from mlops_components.sql._types import SqlError, kind
from mlops_components.stacks._protobuf import is_repeated

_PACKAGE = "tensorflow.data_validation"
_DEFAULT_SLICE = "All Examples"
# Name, type or message, and whether it is a list; the numbers are those of TFDV's messages.
_MESSAGES: Mapping[str, list[tuple[str, str, bool]]] = {
    "Validation": [
        ("sql_expression", "string", False),
        ("severity", "enum tensorflow.metadata.v0.AnomalyInfo.Severity", False),
        ("description", "string", False),
        ("in_environment", "string", True),
    ],
    "FeatureValidation": [
        ("dataset_name", "string", False),
        ("feature_path", "tensorflow.metadata.v0.Path", False),
        ("validations", f"{_PACKAGE}.Validation", True),
    ],
    "FeaturePairValidation": [
        ("dataset_name", "string", False),
        ("base_dataset_name", "string", False),
        ("feature_test_path", "tensorflow.metadata.v0.Path", False),
        ("feature_base_path", "tensorflow.metadata.v0.Path", False),
        ("validations", f"{_PACKAGE}.Validation", True),
    ],
    "CustomValidationConfig": [
        ("feature_validations", f"{_PACKAGE}.FeatureValidation", True),
        ("feature_pair_validations", f"{_PACKAGE}.FeaturePairValidation", True),
    ],
}


@lru_cache(maxsize=1)
def config_type() -> Any:
    """Return the message class `CustomValidationConfig`, with the fields of TFDV's."""
    file = descriptor_pb2.FileDescriptorProto(
        name="mlops_custom_validation.proto",
        package=_PACKAGE,
        syntax="proto2",
        dependency=[anomalies_pb2.DESCRIPTOR.name, path_pb2.DESCRIPTOR.name],
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (key, wanted, several) in enumerate(fields, 1):
            field = message.field.add(name=key, number=number, label=3 if several else 1)
            shape, _, target = wanted.rpartition(" ")
            field.type = 9 if wanted == "string" else 14 if shape else 11
            if wanted != "string":
                field.type_name = f".{target}"
    pool = descriptor_pool.Default()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.CustomValidationConfig")
    return message_factory.GetMessageClass(found)


def validate_custom(statistics: Any, base: Any, config: Any, environment: str) -> Any:
    """Return the anomalies of all validations.

    Args:
        base: statistics that pairs are compared with, or None.

    Raises:
        ValueError: a dataset or a feature is not there, or an expression cannot be computed.
    """
    found = anomalies_pb2.Anomalies()
    test = _by_name(statistics)
    for each in config.feature_validations:
        one = _statistics(test, each.dataset_name, each.feature_path)
        for check in _wanted(each.validations, environment):
            if not _holds(check.sql_expression, {"feature": one}):
                _add(found, each.feature_path, check, _set(each.dataset_name))
    if config.feature_pair_validations and base is None:
        raise ValueError(
            "Failed to run custom validations: Feature pair validations are included in the "
            "CustomValidationConfig but base_statistics have not been specified."
        )
    others = _by_name(base) if config.feature_pair_validations else {}
    for pair in config.feature_pair_validations:
        names = {
            "feature_test": _statistics(test, pair.dataset_name, pair.feature_test_path),
            "feature_base": _statistics(others, pair.base_dataset_name, pair.feature_base_path),
        }
        where = (
            f"{_set(pair.dataset_name)} Base dataset: {pair.base_dataset_name} "
            f"Base path: {_joined(pair.feature_base_path)}"
        )
        for check in _wanted(pair.validations, environment):
            if not _holds(check.sql_expression, names):
                _add(found, pair.feature_test_path, check, where)
    return found


def _set(name: str) -> str:
    return name or "default slice"


def _by_name(statistics: Any) -> dict[str, dict[str, Any]]:
    return {
        dataset.name: {_joined(feature.path): feature for feature in dataset.features}
        for dataset in statistics.datasets
    }


def _statistics(known: Mapping[str, Mapping[str, Any]], dataset: str, path: Any) -> Any:
    features = known.get(dataset)
    if features is None and not dataset:
        features = known.get(_DEFAULT_SLICE)
    if features is None:
        missing = f"Dataset {dataset}"
    elif _joined(path) in features:
        return features[_joined(path)]
    else:
        missing = f"Feature {_joined(path)}"
    raise ValueError(
        f"Failed to run custom validations: {missing} specified in validation config not found in "
        "statistics."
    )


def _joined(path: Any) -> str:
    """Write a path as TFDV does; a step with dots is in quotes."""
    plain = re.compile(r"[^()'.]+|\([^()]*\)")
    steps = (s if plain.fullmatch(s) else "'" + s.replace("'", "''") + "'" for s in path.step)
    return ".".join(steps)


def _wanted(checks: Any, environment: str) -> list[Any]:
    return [c for c in checks if not c.in_environment or environment in c.in_environment]


def _add(found: Any, path: Any, check: Any, where: str) -> None:
    info = found.anomaly_info[_joined(path)]
    info.path.CopyFrom(path)
    info.severity = max(info.severity, check.severity)
    info.reason.add(
        type=anomalies_pb2.AnomalyInfo.CUSTOM_VALIDATION,
        short_description=check.description,
        description="Custom validation triggered anomaly. "
        f"Query: {check.sql_expression} Test dataset: {where}",
    )


def merge(found: Any, own: Any) -> None:
    """Add the anomalies of validations to others."""
    for name, info in own.anomaly_info.items():
        whole = found.anomaly_info[name]
        several = bool(whole.reason) or len(info.reason) > 1
        if not whole.reason:
            whole.path.CopyFrom(info.path)
        whole.severity = max(whole.severity, info.severity)
        whole.reason.extend(info.reason)
        whole.description = " ".join(reason.description for reason in whole.reason)
        whole.short_description = "Multiple errors" if several else info.reason[0].short_description


def _holds(expression: str, names: Mapping[str, Any]) -> bool:
    try:
        value = compute(parse(expression), lambda path: _read(path, names))
        if kind(value) not in ("BOOL", "NULL"):
            raise SqlError("Validation predicate returned non-bool.")
        held = value.as_py() if isinstance(value, pa.Scalar) else value[0].as_py()
        if held is None:
            raise SqlError("Validation predicate returned null.")
    except SqlError as error:
        raise ValueError(
            "Failed to run custom validations: "
            f"Attempt to run query '{expression}' failed with error: {error}"
        ) from None
    return bool(held)


def _read(path: list[str], names: Mapping[str, Any]) -> Any:
    """Return the value of a field, in an array; below a message that is not set, all is NULL."""
    if path[0].lower() not in names:
        raise SqlError(f"Unrecognized name: {path[0]}; there are {', '.join(names)}")
    message = names[path[0].lower()]
    descriptor, value, is_set = message.DESCRIPTOR, message, True
    field: Any = None
    for name in path[1:]:
        if descriptor is None or (field is not None and is_repeated(field)):
            raise SqlError(f"Cannot access field {name} of {'.'.join(path)}")
        fields = {each.lower(): each for each in descriptor.fields_by_name}
        if name.lower() not in fields:
            raise SqlError(f"{descriptor.full_name} does not have a field called {name}")
        field = descriptor.fields_by_name[fields[name.lower()]]
        is_set = is_set and (
            not field.message_type or is_repeated(field) or value.HasField(field.name)
        )
        value = getattr(value, field.name)
        descriptor = field.message_type
    wanted, one = _converted(field, value)
    return pa.array([one if is_set else None], wanted)


def _converted(field: Any, value: Any) -> tuple[Any, Any]:
    """Return the Arrow type of a value, and the value; of messages only whether there is one."""
    if field is None or (field.message_type and not is_repeated(field)):
        return pa.struct([("set", pa.bool_())]), {"set": True}
    if is_repeated(field):
        return pa.list_(pa.null()), [None] * len(value)
    if field.enum_type:
        return pa.large_string(), field.enum_type.values_by_number[value].name
    if field.type == field.TYPE_FLOAT:
        return pa.float32(), value
    types = {
        int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.large_string(),
        bytes: pa.large_binary(),
    }  # fmt: skip
    return types[type(value)], value
