"""Statistics compared with a schema and with other statistics, by TFDV, slice by slice.

TFDV computes the distances of drift and skew: L-infinity, or approximate Jensen-Shannon divergence.
Those of `mlops data diff` are computed in `mlops_pipeline/inspection/feature_statistics.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from google.protobuf import json_format, text_format
from tensorflow_data_validation import constants, types
from tensorflow_data_validation.utils import schema_util
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from mlops_components.stacks import _tfdv as _stack_tfdv
from mlops_components.statistics import _comparators, _tfdv
from mlops_components.statistics.severity import Anomaly
from mlops_pipeline.artifacts import ExampleStatistics
from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean

_Type = anomalies_pb2.AnomalyInfo
_COMPARISONS = frozenset(
    {
        _Type.COMPARATOR_CONTROL_DATA_MISSING,
        _Type.COMPARATOR_TREATMENT_DATA_MISSING,
        _Type.COMPARATOR_L_INFTY_HIGH,
        _Type.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH,
        _Type.COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH,
        _Type.COMPARATOR_LOW_NUM_EXAMPLES,
        _Type.COMPARATOR_HIGH_NUM_EXAMPLES,
        _Type.CUSTOM_VALIDATION,
        # Not of TFDV, but added by `_comparators`.
        _Type.STATS_NOT_AVAILABLE,
    }
)
"""Anomalies of a dataset beside another one, not of one dataset alone."""


@dataclass(frozen=True)
class Reference:
    """Standards that statistics are compared with; each part may be left out.

    Args:
        schema: what the data should look like, and the thresholds of the comparators.
        previous, serving, version: statistics to compare with: of the span before, of what is
            served, of another version of the same span.
        custom: a `CustomValidationConfig`.
    """

    schema: Any
    environment: str = ""
    previous: Any = None
    serving: Any = None
    version: Any = None
    custom: Any = None


def validate(statistics: Any, reference: Reference) -> Any:
    """Return the anomalies of all examples: of the default slice, if the statistics are sliced.

    A comparator that has compared nothing is one of them.

    Raises:
        ExecutorError: TFDV cannot compare them; the message says why.
    """
    try:
        others = (reference.schema, reference.previous, reference.serving, reference.version)
        found = _stack_tfdv.find_anomalies(
            statistics, others, reference.environment, reference.custom
        )
    except (ValueError, RuntimeError) as error:
        text = " ".join(str(error).split()).removeprefix("INTERNAL: ")
        hint = "fix the schema, or what the statistics are compared with"
        if "custom validations" in text:
            hint = "fix the SQL in custom_validation_config"
        raise ExecutorError(text, hint=hint, retryable=False) from None
    _comparators.add_not_compared(
        found,
        reference.schema,
        reference.environment,
        statistics,
        {"drift": reference.previous, "skew": reference.serving},
    )
    return found


def validate_slices(statistics: Any, reference: Reference) -> Any:
    """Return the anomalies of all examples and of each slice, named `slice(<slice>)::<feature>`.

    A slice is compared with the same slice; what the schema says of the dataset counts for all
    examples together only.
    """
    whole = validate(statistics, reference)
    schema = type(reference.schema)()
    schema.CopyFrom(reference.schema)
    schema.ClearField("dataset_constraints")
    others = {
        name: _slices(getattr(reference, name)) for name in ("previous", "serving", "version")
    }
    for name, part in sorted(_slices(statistics).items()):
        same = {which: slices.get(name) for which, slices in others.items()}
        found = validate(part, Reference(schema, reference.environment, **same))
        _add_slice(whole, found, f"slice({name})::")
    return whole


def _slices(statistics: Any) -> dict[str, Any]:
    """Return each slice as statistics of its own, by its name; the whole is none."""
    datasets = statistics.datasets if statistics is not None else ()
    return {
        each.name: statistics_pb2.DatasetFeatureStatisticsList(datasets=[each])
        for each in datasets
        if each.name not in ("", constants.DEFAULT_SLICE_KEY)
    }


def _add_slice(whole: Any, found: Any, prefix: str) -> None:
    for key, info in found.anomaly_info.items():
        added = whole.anomaly_info[prefix + key]
        added.CopyFrom(info)
        if added.path.step:
            added.path.step[0] = prefix + added.path.step[0]
    for measured in found.drift_skew_info:
        added = whole.drift_skew_info.add()
        added.CopyFrom(measured)
        added.path.step[0] = prefix + added.path.step[0]


def not_compared(statistics: Any, reference: Reference, *, by_slice: bool) -> list[str]:
    """Return comparators of the schema that had no statistics to compare with, in words."""
    sides = {
        "previous_statistics": reference.previous,
        "serving_statistics": reference.serving,
        "previous_version_statistics": reference.version,
    }
    texts = []
    for name, what in _comparators.compared_things(reference.schema, reference.environment).items():
        if sides[name] is None:
            texts.append(f"there are no {name} to compare with: {', '.join(what)}")
        elif by_slice:
            lacking = sorted(_slices(statistics).keys() - _slices(sides[name]).keys())
            texts += [f"{name} have no slice {each!r} to compare with" for each in lacking]
    return texts


def anomalies_in(found: Any) -> Iterator[Anomaly]:
    """Yield every reason in an `Anomalies`, feature by feature."""
    for name, info in sorted(found.anomaly_info.items()):
        yield from _reasons(name, info)
    if found.HasField("dataset_anomaly_info"):
        yield from _reasons("", found.dataset_anomaly_info)


def _reasons(feature: str, info: Any) -> Iterator[Anomaly]:
    for reason in info.reason:
        kind = anomalies_pb2.AnomalyInfo.Type.Name(reason.type)
        # Of a custom validation, the description is the query; the short one is the user's own.
        custom = reason.type == anomalies_pb2.AnomalyInfo.CUSTOM_VALIDATION
        text = reason.short_description if custom else reason.description
        yield Anomaly(feature, kind, " ".join((text or reason.description).split()))


def is_blessed(found: Any) -> bool:
    """Return True if there is no anomaly."""
    return not found.anomaly_info and not found.HasField("dataset_anomaly_info")


def write_anomalies(found: Any, folder: Path) -> None:
    """Write `SchemaDiff.pb`."""
    folder.mkdir(parents=True, exist_ok=True)
    data = found.SerializeToString(deterministic=True)
    (folder / _tfdv.ANOMALIES_FILE).write_bytes(data)


def statistics_beside(artifact: ExampleStatistics | None, split: str, name: str) -> Any:
    """Return the statistics to compare a split with: of the same or the only split.

    Raises:
        ParameterError: it is not clear which split is meant.
    """
    if artifact is None:
        return None
    splits = artifact.splits
    if split not in splits and len(splits) != 1:
        raise ParameterError(
            f"{name} has no split {split!r}, but several others: {', '.join(splits)}",
            hint="give statistics with the same splits, or with one only",
        )
    return _tfdv.read_of_rows(artifact, split if split in splits else splits[0])


def check_environment(schema: Any, environment: str) -> None:
    """Refuse an environment that the schema does not name.

    Raises:
        ParameterError: it is not in `default_environment`.
    """
    known = list(schema.default_environment)
    if environment and environment not in known:
        raise ParameterError(
            f"the schema has no environment {environment!r}",
            hint=did_you_mean(environment, known)
            if known
            else "name it in the schema's default_environment",
        )


def custom_config(given: Mapping[str, Any] | str | None) -> Any:
    """Return a `CustomValidationConfig` from its fields, its JSON, or its text form.

    Raises:
        ParameterError: a field is unknown or of a wrong type.
    """
    if not given:
        return None
    config = _stack_tfdv.custom_validation_config()
    try:
        if isinstance(given, Mapping):
            return json_format.ParseDict(dict(given), config)
        if given.lstrip().startswith("{"):
            return json_format.Parse(given, config)
        return text_format.Parse(given, config)
    except (json_format.ParseError, text_format.ParseError) as error:
        raise ParameterError(
            f"custom_validation_config: {error}",
            hint="give the fields of TFDV's CustomValidationConfig",
        ) from None


def compare(statistics: Any, baseline: Any, config: Any, custom: Any) -> Any:
    """Return the anomalies of a comparison alone, and those features that could not be compared.

    Args:
        config: a `DistributionValidatorConfig`.
    """
    examples = config.default_slice_config.num_examples_comparator
    schema = tfdv.infer_schema(baseline)
    features = [(_path(each.path), each) for each in config.default_slice_config.feature]
    for path, each in features:
        # Features that the baseline lacks are missing from the comparison; they are reported below.
        with contextlib.suppress(ValueError):
            feature = schema_util.get_feature(schema, types.FeaturePath(path))
            _fill(feature.drift_comparator, each.distribution_comparator)
    if examples is not None:
        _fill(schema.dataset_constraints.num_examples_drift_comparator, examples)
    found = validate(statistics, Reference(schema, previous=baseline, custom=custom))
    _keep_comparisons(found)
    compared = {tuple(each.path.step) for each in found.drift_skew_info}
    for path, _ in features:
        info = found.anomaly_info.get(".".join(path))
        known = info and any(reason.type == _Type.STATS_NOT_AVAILABLE for reason in info.reason)
        if tuple(path) not in compared and not known:
            _comparators.add_anomaly(
                found, tuple(path), "it is not in both datasets, or has no threshold."
            )
    found.anomaly_name_format = anomalies_pb2.Anomalies.SERIALIZED_PATH
    return found


def _path(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given.step)


def _fill(message: Any, given: Any) -> None:
    """Set the fields that a dataclass of the same names gives."""
    known = {name: value for name, value in dataclasses.asdict(given).items() if value is not None}
    json_format.ParseDict(known, message)


def _keep_comparisons(found: Any) -> None:
    """Drop what the inferred schema has to say: it is only there to hold the thresholds."""
    for name in list(found.anomaly_info):
        if not _keep_reasons(found.anomaly_info[name]):
            del found.anomaly_info[name]
    if not _keep_reasons(found.dataset_anomaly_info):
        found.ClearField("dataset_anomaly_info")
    found.ClearField("data_missing")


def _keep_reasons(info: Any) -> bool:
    # These speak of all reasons at once.
    for text in ("description", "short_description", "diff_regions"):
        info.ClearField(text)
    kept = [reason for reason in info.reason if reason.type in _COMPARISONS]
    del info.reason[:]
    info.reason.extend(kept)
    return bool(kept)
