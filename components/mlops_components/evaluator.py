"""`Evaluator`: measures a model with TFMA, by slice, and blesses it if it is good enough."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_components.engines import Choice, Engine, choose
from mlops_components.evaluation import METRICS_FILE, PLOTS_FILE
from mlops_components.records import PayloadFormat, chosen_splits, files_of_split, joined
from mlops_components.training import EVAL_FOLDER, payload_of
from mlops_components.user_modules import optional_function, tfx_importable
from mlops_pipeline import Input, Output, Unkeyed, component
from mlops_pipeline.artifacts import Examples, Model, ModelBlessing, ModelEvaluation, Schema
from mlops_pipeline.errors import ParameterError

log = logging.getLogger(__name__)

NO_THRESHOLD = "eval_config has no threshold"


@component(base_type="Evaluate")
def Evaluator(
    examples: list[Input[Examples]],
    model: Input[Model] | None = None,
    baseline_model: Input[Model] | None = None,
    schema: Input[Schema] | None = None,
    *,
    evaluation: Output[ModelEvaluation],
    blessing: Output[ModelBlessing],
    eval_config: dict[str, Any] | str | None = None,
    feature_slicing_spec: dict[str, Any] | None = None,
    fairness_indicator_thresholds: list[float] | None = None,
    example_splits: list[str] | None = None,
    module_file: Path | None = None,
    module_path: str | None = None,
    unusable_baseline: Literal["fail", "ignore"] = "fail",
    tfx_compat: bool = False,
    engine: Unkeyed[Engine] = "auto",
    beam_pipeline_args: Unkeyed[list[str] | None] = None,
) -> None:
    """Compute metrics by slice, compare them with thresholds, and bless the model or not.

    Without a baseline model, change thresholds are ignored and value thresholds are checked.
    Without any threshold, the blessing says nothing, which counts as not blessed.

    Args:
        eval_config: a `tfma.EvalConfig`, its fields, its JSON or its text form.
        feature_slicing_spec, module_path: refused, with what to give instead.
        fairness_indicator_thresholds: adds the metric `FairnessIndicators` at these thresholds.
        example_splits: `eval` by default.
        module_file: Python file that may define `predict_fn`, for models that are not
            TensorFlow's, and TFX's `custom_eval_shared_model` and `custom_extractors`.
        unusable_baseline: `ignore` goes on without a baseline model that cannot be loaded or asked,
            as in a first run, and says so in the property `baseline_error`.
        tfx_compat: let the user's code import `tfx` where TFX is not installed.
        engine: `memory`, `beam`, or `auto`, which goes by the size of the examples.
        beam_pipeline_args: options of Beam and its runner.
    """
    from mlops_components.evaluation import _config, _tfma
    from mlops_components.models import _predict

    given = _given(eval_config, feature_slicing_spec, module_path)
    config = _config.parse_config(given, fairness_indicator_thresholds)
    read = _examples(examples, example_splits or ["eval"], schema)
    choice = choose(engine, read.files, beam_pipeline_args)
    task = _Task(config, read, evaluation.path, module_file, choice, beam_pipeline_args)
    with tfx_importable(tfx_compat):
        try:
            full = _evaluated(task, model, baseline_model)
        except _predict.UnusableModelError as error:
            if not (error.is_baseline and unusable_baseline == "ignore"):
                raise
            log.warning("the baseline is left out: %s", error.message)
            baseline_model = None
            blessing.properties["baseline_error"] = error.message
            full = _evaluated(task, model, None)
    choice.note(evaluation)
    reasons = _summarise(evaluation, full, _tfma.Features(read))
    blessing.path.mkdir(parents=True, exist_ok=True)
    if model is not None:
        _name_models(blessing, model, baseline_model)
    if reasons is None:
        log.warning("%s: the model is not blessed", NO_THRESHOLD)
        blessing.properties["reasons"] = [NO_THRESHOLD]
    else:
        _bless(blessing, reasons)


@dataclass(frozen=True)
class _Task:
    """All that an evaluation needs but its models.

    Args:
        config: an `EvalConfig`, as it was given.
        examples: to evaluate on.
        output: folder for the results.
    """

    config: Any
    examples: Any
    output: Path
    module_file: Path | None
    choice: Choice
    beam_pipeline_args: list[str] | None


def _examples(examples: Sequence[Examples], splits: Sequence[str], schema: Schema | None) -> Any:
    from mlops_components.evaluation import _tfma
    from mlops_components.statistics import _tfdv

    takes = (PayloadFormat.TF_EXAMPLE, PayloadFormat.TF_SEQUENCE_EXAMPLE)
    files = joined(
        files_of_split(each, split, takes=takes)
        for each in examples
        for split in chosen_splits(each.splits, splits)
    )
    expected = _tfdv.read_schema(schema) if schema else None
    return _tfma.EvaluationExamples(files, expected, payload_of(examples))


def _evaluated(task: _Task, model: Model | None, baseline: Model | None) -> Any:
    """Compute and write the metrics of one or two models.

    Returns:
        The config with all defaults filled in.
    """
    from mlops_components.evaluation import _config, _tfma

    config = _config.with_defaults(task.config, has_baseline=baseline is not None)
    if not optional_function("custom_extractors", task.module_file):
        # Which else may make labels and features of their own.
        features = _tfma.Features(task.examples)
        _config.check_features(config, features, has_model=model is not None)
    models = _handles(config, model, baseline, task.module_file)
    task.output.mkdir(parents=True, exist_ok=True)
    work = _tfma.Evaluation(config, models, task.examples, task.output, task.module_file)
    if task.choice.is_beam:
        _tfma.evaluate_with_beam(work, task.beam_pipeline_args)
    else:
        _tfma.evaluate_in_memory(work)
    return config


def _given(
    eval_config: dict[str, Any] | str | None, slicing: Any, module_path: str | None
) -> dict[str, Any] | str:
    """Return the config, unless something is given that TFX has left behind."""
    if slicing is not None:
        raise ParameterError(
            "feature_slicing_spec is for EvalSavedModels of TensorFlow 1",
            hint="give the slices as slicing_specs of eval_config",
        )
    if module_path is not None:
        raise ParameterError(
            "Evaluator takes no module_path",
            hint="give the file of the module as module_file: it is part of the cache key",
        )
    if not eval_config:
        raise ParameterError(
            "Evaluator has no eval_config", hint="name the model_specs and the metrics_specs"
        )
    return eval_config


def _handles(
    config: Any, model: Model | None, baseline: Model | None, module_file: Path | None
) -> list[Any]:
    """Return the models, in the order of the config's model specs."""
    from mlops_components.evaluation import _models

    found = []
    for spec in config.model_specs:
        artifact = baseline if spec.is_baseline else model
        if artifact is None:
            if not spec.prediction_key and not spec.prediction_keys:
                raise ParameterError(
                    "Evaluator has no model, and model_specs no prediction_key",
                    hint="connect `model`, or name the column of predictions",
                )
            continue
        of_eval = artifact.path / EVAL_FOLDER
        folder = of_eval if spec.signature_name == "eval" else artifact.serving
        found.append(_models.model_handle(folder, spec, config, module_file))
    return found


def _summarise(evaluation: ModelEvaluation, config: Any, features: Any) -> list[str] | None:
    """Leave the results in plain JSON, for readers that have no TensorFlow.

    Returns:
        Why the model is not blessed; None if there is no threshold.
    """
    from mlops_components.evaluation import _config, _results

    specs = config.model_specs
    candidate = next((spec.name for spec in specs if not spec.is_baseline), "")
    rows = _results.read_results(evaluation.path, candidate if len(specs) > 1 else "")
    features.names.update(name for row in rows for name in row.where)
    _config.check_slices(config, features)
    reasons = _results.failures(evaluation.path, rows) if _config.has_thresholds(config) else None
    document = _results.as_json(rows)
    if reasons is not None:
        document["validation"] = {"blessed": not reasons, "reasons": reasons}
    _write(evaluation.path / METRICS_FILE, document)
    plots = _results.plots_as_json(rows)
    if plots:
        _write(evaluation.path / PLOTS_FILE, plots)
    evaluation.properties["metrics"] = document["overall"]
    return reasons


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n")


def _name_models(blessing: ModelBlessing, model: Model, baseline: Model | None) -> None:
    blessing.properties["current_model"] = model.uri
    blessing.properties["current_model_id"] = model.id
    if baseline is not None:
        blessing.properties["baseline_model"] = baseline.uri
        blessing.properties["baseline_model_id"] = baseline.id


def _bless(blessing: ModelBlessing, reasons: Sequence[str]) -> None:
    for reason in reasons:
        log.warning("not blessed: %s", reason)
    blessing.properties["blessed"] = int(not reasons)
    if reasons:
        blessing.properties["reasons"] = list(reasons)
    (blessing.path / ("NOT_BLESSED" if reasons else "BLESSED")).write_text("")
