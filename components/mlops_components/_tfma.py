"""TensorFlow Model Analysis in memory: its own extractors, metrics and writers.

This module imports TFMA and Beam when it is imported.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_model_analysis as tfma
from google.protobuf import json_format, text_format
from tensorflow_model_analysis.metrics import metric_types
from tfx_bsl.public import tfxio
from tfx_bsl.tfxio import tensor_adapter

from mlops_components import _memory_beam
from mlops_components._memory_steps import Stream
from mlops_components.examples import read_batches
from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean

RAW_RECORD = tfma.constants.ARROW_INPUT_COLUMN


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate, and how.

    Args:
        config: with defaults filled in.
        models: TFMA's handles of the candidate and, if there is one, the baseline.
        files: of the examples.
        schema: of the examples, or None.
        output: folder that TFMA writes to.
    """

    config: Any
    models: Sequence[Any]
    files: Sequence[Path]
    schema: Any
    output: Path


def parse_config(given: Mapping[str, Any] | str) -> Any:
    """An `EvalConfig` from its fields, its JSON or its text form.

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
    _check_metrics(config)
    return config


def _check_metrics(config: Any) -> None:
    known = {*metric_types.registered_metrics(), *_keras_metrics()}
    for metric in _metrics(config):
        if not metric.module and metric.class_name not in known:
            raise ParameterError(
                f"eval_config: there is no metric {metric.class_name!r}",
                hint=did_you_mean(metric.class_name, known),
            )


def _keras_metrics() -> set[str]:
    # Metrics are made of the Keras that TFMA uses: Keras 2, under this name.
    tf_keras = importlib.import_module("tf_keras")
    classes = [*vars(tf_keras.metrics).items(), *vars(tf_keras.losses).items()]
    return {name for name, value in classes if isinstance(value, type)}


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
        raise ParameterError(f"eval_config: {error}", hint="mend the model_specs") from None
    for spec in full.model_specs:
        if not spec.model_type:
            # Spares TFMA an attempt to load the model with Keras 2.
            spec.model_type = tfma.TF_GENERIC
        if not spec.signature_name and spec.model_type == tfma.TF_GENERIC:
            spec.signature_name = "serving_default"
    return full


def has_thresholds(config: Any) -> bool:
    """Whether anything decides on a blessing."""
    specs = config.metrics_specs
    return bool(tfma.metrics.metric_thresholds_from_metrics_specs(specs, eval_config=config))


def load_model(path: Path, name: str, config: Any, make: Callable[..., Any] | None) -> Any:
    """TFMA's handle of a model.

    Args:
        make: the user's `custom_eval_shared_model`, in place of TFMA's function.

    Raises:
        ExecutorError: there is no model at the path.
    """
    if not path.is_dir():
        raise ExecutorError(f"there is no model at {path}", hint="train it again", retryable=False)
    return (make or tfma.default_eval_shared_model)(
        eval_saved_model_path=str(path),
        model_name=name,
        eval_config=config,
        add_metrics_callbacks=None,
        # Told to readers of the result: no baseline, so change thresholds were not checked.
        **({} if make or len(config.model_specs) > 1 else {"rubber_stamp": True}),
    )


def evaluate(work: Evaluation, custom_extractors: Callable[..., Any] | None = None) -> None:
    """Compute all metrics of all slices, and write them in TFMA's layout."""
    reader = tfxio.TFExampleRecord(
        ["-"],
        schema=work.schema,
        telemetry_descriptors=["Evaluator"],
        raw_record_column_name=RAW_RECORD,
    )
    adapter = None
    if work.schema is not None:
        adapter = tensor_adapter.TensorAdapterConfig(
            reader.ArrowSchema(), reader.TensorRepresentations()
        )
    shared = work.models[0] if len(work.models) == 1 else list(work.models) or None
    extractors = None
    if custom_extractors:
        extractors = custom_extractors(
            eval_shared_model=shared, eval_config=work.config, tensor_adapter_config=adapter
        )

    def batches() -> Iterator[Any]:
        return read_batches(work.files, schema=work.schema, raw_record=RAW_RECORD)

    def build(pipeline: Any) -> None:
        _ = (
            pipeline
            | Stream(batches)
            | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=shared,
                eval_config=work.config,
                extractors=extractors,
                output_path=str(work.output),
                schema=work.schema,
                tensor_adapter_config=adapter,
            )
        )

    run = _memory_beam.run
    if not custom_extractors and not any(m.module for m in _metrics(work.config)):
        # Metrics of the libraries have nothing that AutoGraph must convert; it would take
        # longer over that than all else here. Metrics of users may have.
        run = tf.autograph.experimental.do_not_convert(run)
    run(build)


def _metrics(config: Any) -> Iterator[Any]:
    for spec in config.metrics_specs:
        yield from spec.metrics


def columns_of(files: Sequence[Path], schema: Any) -> list[str]:
    """The features of the examples.

    Raises:
        ExecutorError: there are no examples.
    """
    first = next(iter(read_batches(files, schema=schema, rows=1)), None)
    if first is None:
        raise ExecutorError("the examples are empty", hint="evaluate another split")
    return list(first.schema.names)


def check_labels(config: Any, columns: Sequence[str]) -> None:
    """Refuse a label that the examples don't have, before TFMA fails on it.

    Raises:
        ParameterError: there is no such column, and no preprocessing that may make it.
    """
    for spec in config.model_specs:
        if spec.preprocessing_function_names or not spec.label_key or spec.label_key in columns:
            continue
        raise ParameterError(
            f"eval_config: label_key: the examples have no {spec.label_key!r}",
            hint=f"{did_you_mean(spec.label_key, columns)}; a label that a signature of the "
            "model makes needs preprocessing_function_names",
        )


def read_metrics(output: Path, model_name: str = "") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Slices with their metrics, the overall one first: plain numbers and texts."""
    result = tfma.load_eval_result(str(output), model_name=model_name or None)
    rows = []
    for slice_key, outputs in result.slicing_metrics:
        # A cross slice has two keys; it is told as one.
        pairs = [p for part in slice_key for p in (part if isinstance(part[0], tuple) else [part])]
        rows.append(({str(k): v for k, v in pairs}, dict(sorted(_numbers(outputs)))))
    return sorted(rows, key=lambda row: (len(row[0]), [f"{k}={v}" for k, v in row[0].items()]))


def _numbers(outputs: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for output_name, by_key in outputs.items():
        for sub_key, metrics in by_key.items():
            for name, value in metrics.items():
                number = value.get("doubleValue", value.get("boundedValue", {}))
                if isinstance(number, Mapping):
                    number = number.get("value")
                if number is None:
                    continue
                label = "/".join(part for part in (output_name, name) if part)
                number = float(number)
                yield (
                    f"{label}@{sub_key}" if sub_key else label,
                    number if math.isfinite(number) else None,
                )


def check_slices(
    config: Any, columns: Sequence[str], rows: Sequence[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    """Refuse slices by a feature that no example has; features may come of the model, too.

    Raises:
        ParameterError: a slicing spec found nothing.
    """
    known = {*columns, *(name for key, _ in rows for name in key)}
    for spec in config.slicing_specs:
        for name in [*spec.feature_keys, *spec.feature_values]:
            if name not in known:
                raise ParameterError(
                    f"eval_config: slicing_specs: no example has the feature {name!r}",
                    hint=did_you_mean(name, known),
                )


def failures(output: Path) -> list[str]:
    """What kept the model from its blessing, one line each; empty if nothing did."""
    result = tfma.load_validation_result(str(output))
    lines = []
    for validation in result.metric_validations_per_slice:
        where = ", ".join(f"{k.column}={_value(k)}" for k in validation.slice_key.single_slice_keys)
        for failure in validation.failures:
            threshold = text_format.MessageToString(failure.metric_threshold, as_one_line=True)
            value = failure.metric_value.double_value.value
            lines.append(
                f"{failure.metric_key.name} of {where or 'all'} is {value:.6g}"
                f"{': ' + failure.message.strip() if failure.message.strip() else ''}"
                f" (threshold: {threshold})"
            )
    for missing in result.missing_slices:
        spec = text_format.MessageToString(missing, as_one_line=True)
        lines.append(f"no example is in the slice {spec}, which has a threshold")
    if not result.validation_ok and not lines:
        lines.append("TFMA gives no reason")
    return lines


def _value(key: Any) -> Any:
    kind = key.WhichOneof("kind")
    value = getattr(key, kind) if kind else ""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
