"""Results of an evaluation, read from the files that TFMA has written.

This module imports TFMA when it is imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib

Slice = dict[str, Any]


@dataclass(frozen=True)
class SliceResult:
    """The results of one slice, or of two that are compared.

    Args:
        where: the slice as `{feature: value}`, empty for all examples.
        compared_with: of a cross slice, the slice whose metrics `where`'s are taken from.
        metrics: plain numbers; one that is not finite is None.
        intervals: lower and upper bound of metrics that have confidence intervals.
        plots: TFMA's data of plots, by name.
    """

    where: Slice
    metrics: dict[str, float | None] = field(default_factory=dict)
    intervals: dict[str, list[float | None]] = field(default_factory=dict)
    plots: dict[str, Any] = field(default_factory=dict)
    compared_with: Slice | None = None


def read_results(output: Path, model_name: str = "") -> list[SliceResult]:
    """Return the slices with their metrics, all examples first, cross slices last."""
    result = tfma.load_eval_result(str(output), model_name=model_name or None)
    plots = {repr(key): dict(_flat(values)) for key, values in result.plots if values}
    rows = []
    for key, outputs in result.slicing_metrics:
        # Nothing at all, where a config has plots only.
        found = dict(sorted(_flat(outputs or {})))
        numbers = {name: _number(value) for name, value in found.items() if _is_number(value)}
        bounds = {n: _bounds(v) for n, v in found.items() if "boundedValue" in v}
        is_cross = slicer_lib.is_cross_slice_key(key)
        baseline, where = key if is_cross else (None, key)
        rows.append(
            SliceResult(
                where=_slice(where),
                metrics=numbers,
                intervals=bounds,
                plots=plots.get(repr(key), {}),
                compared_with=None if baseline is None else _slice(baseline),
            )
        )
    return sorted(rows, key=_order)


def _order(row: SliceResult) -> Any:
    texts = [
        [f"{k}={v}" for k, v in (each or {}).items()] for each in (row.compared_with, row.where)
    ]
    return row.compared_with is not None, len(row.where), texts


def _slice(key: Any) -> Slice:
    return {str(name): value for name, value in key}


def _flat(outputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield values of all outputs and classes, each under one name."""
    for output_name, by_key in outputs.items():
        for sub_key, values in by_key.items():
            for name, value in values.items():
                label = "/".join(part for part in (output_name, name) if part)
                yield f"{label}@{sub_key}" if sub_key else label, value


def _is_number(value: Mapping[str, Any]) -> bool:
    return "doubleValue" in value or "boundedValue" in value


def _number(value: Mapping[str, Any]) -> float | None:
    return _finite(value.get("doubleValue", value.get("boundedValue")))


def _bounds(value: Mapping[str, Any]) -> list[float | None]:
    bounded = value["boundedValue"]
    return [_finite(bounded.get("lowerBound", 0.0)), _finite(bounded.get("upperBound", 0.0))]


def _finite(value: Any) -> float | None:
    if isinstance(value, Mapping):
        # A field that is zero is left out.
        value = value.get("value", 0.0)
    number = float(value)
    return number if math.isfinite(number) else None


def failures(output: Path, rows: Sequence[SliceResult] = ()) -> list[str]:
    """List the reasons why the model is not blessed, one line each; empty if it is.

    Args:
        rows: results whose confidence intervals are added.
    """
    result = tfma.load_validation_result(str(output))
    bounds = {
        (_where_text(row.where, row.compared_with), name): interval
        for row in rows
        for name, interval in row.intervals.items()
    }
    lines = []
    for validation in result.metric_validations_per_slice:
        where = _validated(validation)
        lines += [_failure(failure, where, bounds) for failure in validation.failures]
    for missing in result.missing_slices:
        lines.append(f"no example is in the slice {_text(missing)}, which has a threshold")
    for missing in result.missing_cross_slices:
        lines.append(
            f"the cross slice {_text(missing)} has a threshold, but a side without examples"
        )
    if result.missing_thresholds:
        lines.append("there is no threshold")
    if not result.validation_ok and not lines:
        lines.append("TFMA gives no reason")
    return sorted(lines)


def _failure(failure: Any, where: str, bounds: Mapping[tuple[str, str], Any]) -> str:
    key = failure.metric_key
    name = "/".join(part for part in (key.output_name, key.name) if part)
    interval = bounds.get((where, name), (None, None))
    between = "" if None in interval else ", between {:.6g} and {:.6g}".format(*interval)
    if key.HasField("sub_key"):
        name += f"@{_text(key.sub_key)}"
    message = failure.message.strip()
    return (
        f"{name}{' (change)' if key.is_diff else ''} of {where} is {_value_text(failure)}{between}"
        f"{': ' + message if message else ''} (threshold: {_limits(failure.metric_threshold)})"
    )


def _limits(threshold: Any) -> str:
    """Return the limits of a threshold in words."""
    value, change = threshold.value_threshold, threshold.change_threshold
    is_lower = change.direction == config_pb2.MetricDirection.LOWER_IS_BETTER
    side = "at most" if is_lower else "at least"
    found = [
        (value, "lower_bound", "at least {:.12g}"),
        (value, "upper_bound", "at most {:.12g}"),
        (change, "absolute", f"a change of {side} {{:.12g}}"),
        (change, "relative", f"a change of {side} {{:.12g}} of the baseline's value"),
    ]
    texts = [
        text.format(getattr(each, name).value) for each, name, text in found if each.HasField(name)
    ]
    return " and ".join(texts) or _text(threshold)


def _value_text(failure: Any) -> str:
    value = failure.metric_value
    kind = value.WhichOneof("type")
    if kind == "double_value":
        return f"{value.double_value.value:.6g}"
    return "not there" if kind is None else "no number"


def _validated(validation: Any) -> str:
    """Return the slice that was validated, for people."""
    if validation.HasField("cross_slice_key"):
        cross = validation.cross_slice_key
        baseline, other = cross.baseline_slice_key, cross.comparison_slice_key
        return f"{_slice_text(baseline)} minus {_slice_text(other)}"
    return _slice_text(validation.slice_key)


def _slice_text(key: Any) -> str:
    return _where_text({k.column: _value(k) for k in key.single_slice_keys})


def _where_text(where: Slice, compared_with: Slice | None = None) -> str:
    text = ", ".join(f"{name}={value}" for name, value in where.items()) or "all"
    return text if compared_with is None else f"{_where_text(compared_with)} minus {text}"


def _value(key: Any) -> Any:
    kind = key.WhichOneof("kind")
    value = getattr(key, kind) if kind else ""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _text(message: Any) -> str:
    return str(text_format.MessageToString(message, as_one_line=True)).strip()


def as_json(rows: Sequence[SliceResult]) -> dict[str, Any]:
    """Return the metrics as plain JSON; readers of the first two fields need no other."""
    plain = [row for row in rows if row.compared_with is None]
    overall = next((row for row in plain if not row.where), SliceResult({}))
    document: dict[str, Any] = {
        "overall": overall.metrics,
        "slices": [
            {"slice": row.where, "metrics": row.metrics, **_optional("intervals", row.intervals)}
            for row in plain
            if row.where
        ],
        **_optional("intervals", overall.intervals),
    }
    crossed = [
        {
            "baseline": row.compared_with,
            "slice": row.where,
            "metrics": row.metrics,
            **_optional("intervals", row.intervals),
        }
        for row in rows
        if row.compared_with is not None
    ]
    return {**document, **_optional("cross_slices", crossed)}


def plots_as_json(rows: Sequence[SliceResult]) -> list[dict[str, Any]]:
    """Return the data of plots, by slice."""
    return [{"slice": row.where, "plots": row.plots} for row in rows if row.plots]


def _optional(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}
