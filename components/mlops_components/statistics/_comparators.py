"""Comparators of a schema that have compared nothing.

TFDV measures 0 for a comparator that does not suit the type of a feature, and nothing at all where
one side has no values; either passes every threshold. Here each becomes an anomaly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tensorflow_data_validation import constants
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

_Type = anomalies_pb2.AnomalyInfo
_Measure = anomalies_pb2.DriftSkewInfo.Measurement

MISSING = frozenset(
    {
        _Type.COMPARATOR_CONTROL_DATA_MISSING,
        _Type.COMPARATOR_TREATMENT_DATA_MISSING,
        _Type.SCHEMA_MISSING_COLUMN,
    }
)
"""Anomalies that say already that there was nothing to compare."""

_NAMES = {
    "infinity_norm": _Measure.L_INFTY,
    "jensen_shannon_divergence": _Measure.JENSEN_SHANNON_DIVERGENCE,
    "normalized_abs_difference": _Measure.NORMALIZED_ABSOLUTE_DIFFERENCE,
}
_OF_COUNTS = ("infinity_norm", "normalized_abs_difference")
_IGNORED = frozenset(
    getattr(schema_pb2, name)
    for name in ("PLANNED", "ALPHA", "DEBUG_ONLY", "DEPRECATED", "DISABLED")
    if hasattr(schema_pb2, name)
)


@dataclass(frozen=True)
class _Comparator:
    path: tuple[str, ...]
    kind: str
    name: str
    limited: bool
    is_nan: bool


def add_not_compared(
    found: Any, schema: Any, environment: str, statistics: Any, others: dict[str, Any]
) -> None:
    """Add an anomaly for each comparator that has compared nothing.

    Args:
        found: the `Anomalies` of TFDV.
        others: statistics to compare with, or None, for `drift` and `skew`.
    """
    default = tuple(schema.default_environment)
    for each in _comparators(schema.feature, environment, default, ()):
        other = others[each.kind]
        info = found.anomaly_info.get(".".join(each.path))
        if other is None or (info and any(r.type in MISSING for r in info.reason)):
            continue
        reason = _reason(each, found, statistics, other)
        if reason:
            add_anomaly(found, each.path, reason)


def compared_things(schema: Any, environment: str) -> dict[str, list[str]]:
    """Return what the comparators of a schema compare, by the input that they compare with."""
    found: dict[str, list[str]] = {}
    for each in _comparators(schema.feature, environment, tuple(schema.default_environment), ()):
        names = found.setdefault(_INPUTS[each.kind], [])
        text = f"{each.kind} of {'.'.join(each.path)!r}"
        if text not in names:
            names.append(text)
    for kind, name in (
        ("drift", "previous_statistics"),
        ("version", "previous_version_statistics"),
    ):
        if schema.dataset_constraints.HasField(f"num_examples_{kind}_comparator"):
            found.setdefault(name, []).append("number of examples")
    return found


_INPUTS = {"drift": "previous_statistics", "skew": "serving_statistics"}


def add_anomaly(found: Any, path: tuple[str, ...], description: str) -> None:
    """Add the anomaly of a feature that was not compared."""
    info = found.anomaly_info[".".join(path)]
    info.path.step[:] = path
    info.severity = _Type.ERROR
    info.reason.add(
        type=_Type.STATS_NOT_AVAILABLE,
        short_description="The feature was not compared.",
        description=f"The feature was not compared: {description}",
    )


def _reason(each: _Comparator, found: Any, statistics: Any, other: Any) -> str:
    if not each.limited:
        return f"{each.name} has no threshold."
    if each.is_nan:
        return f"the threshold of {each.name} is NaN, which nothing is above."
    sides = {"these statistics": statistics, "those to compare with": other}
    for side, one in sides.items():
        feature = _feature(one, each.path)
        kind = feature.WhichOneof("stats") if feature is not None else None
        if kind is None:
            return f"it is not in {side}."
        common = getattr(feature, kind).common_stats
        if not common.num_non_missing or not common.tot_num_values:
            return f"it has no values in {side}."
        if each.name in _OF_COUNTS and kind != "string_stats":
            return (
                f"{each.name} compares the shares of texts and categories, and it has numbers "
                f"in {side}. Use jensen_shannon_divergence, or make it a category in the schema of "
                "the statistics: int_domain { is_categorical: true }."
            )
    if _NAMES[each.name] not in _measured(found, each):
        return f"{each.name} could not be computed from its statistics."
    return ""


def _feature(statistics: Any, path: tuple[str, ...]) -> Any:
    """Return the statistics of a feature, of all examples."""
    names = ("", constants.DEFAULT_SLICE_KEY)
    datasets = sorted(statistics.datasets, key=lambda each: each.name not in names)
    for feature in datasets[0].features if datasets else ():
        if (tuple(feature.path.step) or (feature.name,)) == path:
            return feature
    return None


def _measured(found: Any, each: _Comparator) -> set[int]:
    return {
        measured.type
        for info in found.drift_skew_info
        if tuple(info.path.step) == each.path
        for measured in getattr(info, f"{each.kind}_measurements")
    }


def _comparators(
    features: Any, environment: str, default: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[_Comparator]:
    """Yield all comparators of the features that an environment has."""
    for feature in features:
        path = (*above, feature.name)
        if feature.lifecycle_stage in _IGNORED or not _is_in(feature, environment, default):
            continue
        for kind in ("drift", "skew"):
            comparator = getattr(feature, f"{kind}_comparator")
            for name in _NAMES:
                if comparator.HasField(name):
                    limited = getattr(comparator, name).HasField("threshold")
                    is_nan = math.isnan(getattr(comparator, name).threshold)
                    yield _Comparator(path, kind, name, limited, is_nan)
        yield from _comparators(feature.struct_domain.feature, environment, default, path)


def _is_in(feature: Any, environment: str, default: tuple[str, ...]) -> bool:
    if not environment or environment in feature.in_environment:
        return True
    if environment in feature.not_in_environment:
        return False
    return environment in default
