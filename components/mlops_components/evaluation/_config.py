"""The `EvalConfig` of an evaluation: read, completed, and checked before anything is computed.

This module imports TFMA when it is imported.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import tensorflow_model_analysis as tfma
from google.protobuf import json_format, text_format
from tensorflow_model_analysis.metrics import metric_specs, metric_types

from mlops_components.evaluation import _defined, _fairness
from mlops_components.sql._types import SqlError
from mlops_components.stacks._tfx_bsl import slice_query
from mlops_pipeline.errors import ParameterError, did_you_mean
from mlops_pipeline.tracebacks import summary


class Names(Protocol):
    """The names of features."""

    names: set[str]
    schema: Any
    """Arrow's, of the first examples."""

    def has(self, name: str) -> bool:
        """Return True if there is one of that name."""


def parse_config(given: Mapping[str, Any] | str, fairness: Sequence[float] | None = None) -> Any:
    """Return an `EvalConfig` from its fields, its JSON or its text form.

    Args:
        fairness: thresholds of the fairness indicators that are added.

    Raises:
        ParameterError: it has an unknown field, metric or value.
    """
    config = tfma.EvalConfig()
    try:
        if isinstance(given, Mapping):
            json_format.ParseDict(given, config)
        elif given.lstrip().startswith("{"):
            json_format.Parse(given, config)
        else:
            text_format.Parse(given, config)
    except (json_format.ParseError, text_format.ParseError) as error:
        raise ParameterError(
            f"eval_config: {error}", hint="give what tfma.EvalConfig takes"
        ) from None
    _fairness.register()
    _defined.register_defined()
    if fairness:
        config.metrics_specs.add().metrics.append(_fairness.config(fairness))
    _check_metrics(config)
    for spec in config.metrics_specs:
        _check_thresholds(spec)
    return config


_BOUNDS = {
    "GenericValueThreshold": ("lower_bound", "upper_bound"),
    "GenericChangeThreshold": ("absolute", "relative"),
}


def _check_thresholds(message: Any) -> None:
    """Refuse thresholds that let everything pass: without any bound, or NaN."""
    bounds = _BOUNDS.get(message.DESCRIPTOR.name, ())
    given = [name for name in bounds if message.HasField(name)]
    if bounds and not given:
        raise ParameterError(
            f"eval_config: a threshold has neither {bounds[0]} nor {bounds[1]}: everything passes",
            hint=f"give it one of them, as in {{{bounds[0]!r}: 0.5}}",
        )
    for name in given:
        if math.isnan(getattr(message, name).value):
            raise ParameterError(
                f"eval_config: {name} of a threshold is NaN: everything passes",
                hint="give a number",
            )
    for field, value in message.ListFields():
        if field.message_type is not None:
            of_map = field.message_type.GetOptions().map_entry
            many = value.values() if of_map else value if _is_repeated(value) else [value]
            for each in many:
                if hasattr(each, "DESCRIPTOR"):
                    _check_thresholds(each)


def _is_repeated(value: Any) -> bool:
    return not hasattr(value, "DESCRIPTOR")


def _check_metrics(config: Any) -> None:
    known = {*metric_types.registered_metrics(), *_keras_metrics()}
    for metric in metrics(config):
        if not metric.module and metric.class_name not in known:
            raise ParameterError(
                f"eval_config: there is no metric {metric.class_name!r}",
                hint=did_you_mean(metric.class_name, known),
            )


def metrics(config: Any) -> Iterator[Any]:
    """Yield the configs of all metrics."""
    for spec in config.metrics_specs:
        yield from spec.metrics


def _keras_metrics() -> set[str]:
    # Metrics are made of the Keras that TFMA uses: Keras 2, under this name.
    tf_keras = importlib.import_module("tf_keras")
    classes = [*vars(tf_keras.metrics).items(), *vars(tf_keras.losses).items()]
    return {name for name, value in classes if isinstance(value, type)}


def _check_sql(config: Any, schema: Any) -> None:
    """Refuse slices by SQL that cannot be read, or ask for what the examples don't have."""
    for spec in config.slicing_specs:
        if not spec.slice_keys_sql:
            continue
        try:
            slice_query(spec.slice_keys_sql, schema)
        except SqlError as error:
            raise ParameterError(
                f"eval_config: slice_keys_sql: {error}",
                hint="give a query such as SELECT STRUCT(island) FROM example.island",
            ) from None


def with_defaults(config: Any, has_baseline: bool) -> Any:
    """Fill in the model specs; without a baseline, change thresholds are dropped.

    Raises:
        ParameterError: the config contradicts itself.
    """
    try:
        full = tfma.utils.update_eval_config_with_defaults(
            config, has_baseline=has_baseline, rubber_stamp=True
        )
        tfma.utils.verify_eval_config(full)
    except (ValueError, NotImplementedError) as error:
        raise ParameterError(f"eval_config: {error}", hint="fix the model_specs") from None
    if len(full.model_specs) > 2:
        raise ParameterError(
            f"eval_config has {len(full.model_specs)} model_specs",
            hint="keep the candidate, and at most one baseline",
        )
    _check_model_names(full)
    if full.cross_slicing_specs and full.options.min_slice_size.value > 1:
        raise ParameterError(
            "eval_config: TFMA cannot apply min_slice_size to cross slices",
            hint="leave out min_slice_size or cross_slicing_specs",
        )
    for spec in full.model_specs:
        if not spec.model_type:
            # Spares TFMA an attempt to load the model with Keras 2.
            spec.model_type = tfma.TF_GENERIC
        if not spec.signature_name and spec.model_type == tfma.TF_GENERIC:
            spec.signature_name = "serving_default"
    _check_settings(full)
    return full


def _check_settings(config: Any) -> None:
    """Create all metrics once, so that a wrong configuration is reported before the work."""
    try:
        metric_specs.to_computations(config.metrics_specs, eval_config=config)
    except (TypeError, ValueError, LookupError, AttributeError, ImportError) as error:
        raise ParameterError(
            f"eval_config: metrics_specs: {summary(error)}",
            hint="fix the config of the metric",
        ) from None


def _check_model_names(config: Any) -> None:
    known = [spec.name for spec in config.model_specs]
    for spec in config.metrics_specs:
        for name in spec.model_names:
            if name not in known:
                raise ParameterError(
                    f"eval_config: metrics_specs: there is no model {name!r}",
                    hint=did_you_mean(name, known),
                )


def has_thresholds(config: Any) -> bool:
    """Return True if any threshold decides on a blessing."""
    specs = config.metrics_specs
    return bool(tfma.metrics.metric_thresholds_from_metrics_specs(specs, eval_config=config))


def check_features(config: Any, features: Names, *, has_model: bool) -> None:
    """Refuse labels, weights, predictions and slices that the examples don't have.

    What a signature of the model makes (`preprocessing_function_names`) is known only later.

    Raises:
        ParameterError: there is no such feature.
    """
    for spec in config.model_specs:
        if spec.preprocessing_function_names:
            return
        wanted = [("label_key", spec.label_key), ("example_weight_key", spec.example_weight_key)]
        wanted += [("label_keys", name) for name in spec.label_keys.values()]
        wanted += [("example_weight_keys", name) for name in spec.example_weight_keys.values()]
        if not has_model:
            wanted.append(("prediction_key", spec.prediction_key))
            wanted += [("prediction_keys", name) for name in spec.prediction_keys.values()]
        for field, name in wanted:
            if name and not features.has(name):
                raise ParameterError(
                    f"eval_config: {field}: the examples have no {name!r}",
                    hint=f"{did_you_mean(name, features.names)}; what a signature of the model "
                    "makes needs preprocessing_function_names",
                )
    check_slices(config, features)
    _check_sql(config, features.schema)


def check_slices(config: Any, features: Names) -> None:
    """Refuse slices by a feature that no example has.

    Raises:
        ParameterError: there is no such feature.
    """
    for field, spec in _slicing_specs(config):
        for name in [*spec.feature_keys, *spec.feature_values]:
            if not features.has(name):
                raise ParameterError(
                    f"eval_config: {field}: no example has the feature {name!r}",
                    hint=did_you_mean(name, features.names),
                )


def _slicing_specs(config: Any) -> Iterator[tuple[str, Any]]:
    """Yield all slices that a config names, and where."""
    yield from (("slicing_specs", spec) for spec in config.slicing_specs)
    crossings = [("cross_slicing_specs", spec) for spec in config.cross_slicing_specs]
    for threshold in _thresholds(config, "per_slice_thresholds"):
        yield from (("per_slice_thresholds", spec) for spec in threshold.slicing_specs)
    for threshold in _thresholds(config, "cross_slice_thresholds"):
        crossings += [("cross_slice_thresholds", spec) for spec in threshold.cross_slicing_specs]
    for field, crossing in crossings:
        yield field, crossing.baseline_spec
        yield from ((field, spec) for spec in crossing.slicing_specs)


def _thresholds(config: Any, field: str) -> Iterator[Any]:
    """Yield thresholds of a field that both metrics and their specs have."""
    for spec in config.metrics_specs:
        for named in getattr(spec, field).values():
            yield from named.thresholds
        for metric in spec.metrics:
            yield from getattr(metric, field)
