"""`Evaluator`: measures a model with TFMA, by slice, and blesses it if it is good enough."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops_components.examples import chosen_splits, split_files
from mlops_components.trainer import EVAL_FOLDER, SERVING_FOLDER
from mlops_components.user_code import optional_function
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import Examples, Model, ModelBlessing, ModelEvaluation, Schema
from mlops_pipeline.errors import ParameterError

log = logging.getLogger(__name__)

METRICS_FILE = "metrics.json"


@component(base_type="Evaluate")
def Evaluator(
    examples: Input[Examples],
    model: Input[Model] | None = None,
    baseline_model: Input[Model] | None = None,
    schema: Input[Schema] | None = None,
    *,
    evaluation: Output[ModelEvaluation],
    blessing: Output[ModelBlessing],
    eval_config: dict[str, Any] | str,
    example_splits: list[str] | None = None,
    module_file: Path | None = None,
) -> None:
    """Compute metrics by slice, compare them with thresholds, and bless the model or not.

    Without a baseline model, change thresholds are ignored and value thresholds are checked.
    Without any threshold, the blessing says nothing, which counts as not blessed.

    Args:
        eval_config: the fields of a `tfma.EvalConfig`, its JSON or its text form.
        example_splits: `eval` by default.
        module_file: Python file that may define `custom_eval_shared_model` and
            `custom_extractors`.
    """
    from mlops_components import _tfdv, _tfma

    parsed = _tfma.parse_config(eval_config)
    config = _tfma.with_defaults(parsed, has_baseline=baseline_model is not None)
    expected = _tfdv.read_schema(schema) if schema else None
    splits = chosen_splits(examples.splits, example_splits or ["eval"])
    files = [path for split in splits for path in split_files(examples, split)]
    columns = _tfma.columns_of(files, expected)
    _tfma.check_labels(config, columns)
    models = _models(config, model, baseline_model, module_file)
    evaluation.path.mkdir(parents=True, exist_ok=True)
    blessing.path.mkdir(parents=True, exist_ok=True)
    _tfma.evaluate(
        _tfma.Evaluation(config, models, files, expected, evaluation.path),
        optional_function("custom_extractors", module_file),
    )
    candidate = [spec.name for spec in config.model_specs if not spec.is_baseline]
    rows = _tfma.read_metrics(evaluation.path, candidate[0] if len(models) > 1 else "")
    _tfma.check_slices(config, columns, rows)
    _summarise(evaluation, rows)
    if model is not None:
        _name_models(blessing, model, baseline_model)
    if _tfma.has_thresholds(config):
        _bless(blessing, _tfma.failures(evaluation.path))
    else:
        log.warning("eval_config has no threshold: the model is not blessed")


def _models(
    config: Any, model: Model | None, baseline: Model | None, module_file: Path | None
) -> list[Any]:
    """TFMA's handles, in the order of the config's model specs."""
    from mlops_components import _tfma

    if len(config.model_specs) > 2:
        raise ParameterError(
            f"eval_config has {len(config.model_specs)} model_specs",
            hint="keep the candidate, and at most one baseline",
        )
    make = optional_function("custom_eval_shared_model", module_file)
    handles = []
    for spec in config.model_specs:
        artifact = baseline if spec.is_baseline else model
        if artifact is None:
            if not spec.prediction_key:
                raise ParameterError(
                    "Evaluator has no model, and model_specs no prediction_key",
                    hint="connect `model`, or name the column of predictions",
                )
            continue
        folder = EVAL_FOLDER if spec.signature_name == "eval" else SERVING_FOLDER
        handles.append(_tfma.load_model(artifact.path / folder, spec.name, config, make))
    return handles


def _summarise(
    evaluation: ModelEvaluation, rows: Sequence[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    """Leave the metrics in plain JSON, for readers that have no TensorFlow."""
    overall = next((metrics for key, metrics in rows if not key), {})
    slices = [{"slice": key, "metrics": metrics} for key, metrics in rows if key]
    text = json.dumps({"overall": overall, "slices": slices}, indent=2) + "\n"
    (evaluation.path / METRICS_FILE).write_text(text)
    evaluation.properties["metrics"] = overall


def _name_models(blessing: ModelBlessing, model: Model, baseline: Model | None) -> None:
    blessing.properties["current_model"] = model.uri
    blessing.properties["current_model_id"] = model.id
    if baseline is not None:
        blessing.properties["baseline_model"] = baseline.uri
        blessing.properties["baseline_model_id"] = baseline.id


def _bless(blessing: ModelBlessing, failures: list[str]) -> None:
    for reason in failures:
        log.warning("not blessed: %s", reason)
    blessing.properties["blessed"] = int(not failures)
    if failures:
        blessing.properties["reasons"] = failures
    (blessing.path / ("NOT_BLESSED" if failures else "BLESSED")).write_text("")
