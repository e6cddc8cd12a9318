"""`Trainer`: calls the user's `run_fn`, which trains a model and saves it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_components.examples import chosen_splits, split_files
from mlops_components.fn_args import FnArgs, example_accessor
from mlops_components.tfx_compat import tfx_importable
from mlops_components.user_code import user_function
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import (
    Examples,
    HyperParameters,
    Model,
    ModelRun,
    Schema,
    TransformGraph,
)
from mlops_pipeline.errors import ExecutorError, NotFoundError

SERVING_FOLDER = "Format-Serving"
EVAL_FOLDER = "Format-TFMA"


@dataclass(frozen=True)
class TrainArgs:
    """On what to train: splits (`train` by default) and steps (0: as `run_fn` decides)."""

    num_steps: int = 0
    splits: list[str] = field(default_factory=lambda: ["train"])


@dataclass(frozen=True)
class EvalArgs:
    """On what to evaluate: splits (`eval` by default) and steps (0: as `run_fn` decides)."""

    num_steps: int = 0
    splits: list[str] = field(default_factory=lambda: ["eval"])


@component(base_type="Train")
def Trainer(
    examples: Input[Examples],
    transform_graph: Input[TransformGraph] | None = None,
    schema: Input[Schema] | None = None,
    base_model: Input[Model] | None = None,
    hyperparameters: Input[HyperParameters] | None = None,
    *,
    model: Output[Model],
    model_run: Output[ModelRun],
    module_file: Path | None = None,
    run_fn: str = "",
    train_args: TrainArgs | None = None,
    eval_args: EvalArgs | None = None,
    custom_config: dict[str, Any] | None = None,
    tfx_compat: bool = False,
) -> None:
    """Train a model with the user's `run_fn(fn_args)`.

    Args:
        module_file: Python file that defines `run_fn`.
        run_fn: `module:function`, in place of a module file.
        custom_config: handed to `run_fn` as it is.
        tfx_compat: let the user's code import `tfx` where TFX is not installed.
    """
    serving = model.path / SERVING_FOLDER
    model_run.path.mkdir(parents=True, exist_ok=True)
    model.path.mkdir(parents=True, exist_ok=True)
    arguments = FnArgs(
        **_data(examples, train_args or TrainArgs(), eval_args or EvalArgs()),
        **_helpers(transform_graph, schema),
        working_dir=str(_scratch()),
        serving_model_dir=str(serving),
        eval_model_dir=str(model.path / EVAL_FOLDER),
        model_run_dir=str(model_run.path),
        base_model=str(base_model.path / SERVING_FOLDER) if base_model else None,
        hyperparameters=_best(hyperparameters) if hyperparameters else None,
        custom_config=custom_config,
    )
    with tfx_importable(tfx_compat), user_function("run_fn", module_file, run_fn) as train:
        train(arguments)
    if not serving.is_dir() or not any(serving.iterdir()):
        raise ExecutorError(
            "run_fn saved no model",
            hint="save it to fn_args.serving_model_dir",
            retryable=False,
        )


def _data(examples: Examples, steps: TrainArgs, checks: EvalArgs) -> dict[str, Any]:
    return {
        "train_files": _patterns(examples, steps.splits),
        "eval_files": _patterns(examples, checks.splits),
        "train_steps": steps.num_steps or None,
        "eval_steps": checks.num_steps or None,
        "data_accessor": example_accessor(),
    }


def _helpers(transform_graph: TransformGraph | None, schema: Schema | None) -> dict[str, Any]:
    """What tells how to read the examples, under TFX's newer and older names."""
    graph = str(transform_graph.path) if transform_graph else None
    file = str(schema.path / "schema.pbtxt") if schema else None
    return {
        "transform_graph_path": graph,
        "transform_output": graph,
        "schema_path": file,
        "schema_file": file,
    }


def _patterns(examples: Examples, splits: Sequence[str]) -> list[str]:
    patterns = []
    for split in chosen_splits(examples.splits, splits):
        split_files(examples, split)
        patterns.append(str(examples.split(split) / "*"))
    return patterns


def _best(hyperparameters: HyperParameters) -> dict[str, Any]:
    path = hyperparameters.path / "best_hyperparameters.txt"
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run the Tuner again") from None
    return dict(found)


def _scratch() -> Path:
    """The task's own folder, or one of the system's when called outside a task."""
    import tempfile

    from mlops_pipeline.context import current_task
    from mlops_pipeline.errors import DefinitionError

    try:
        return current_task().scratch
    except DefinitionError:
        return Path(tempfile.mkdtemp(prefix="mlops-"))
