"""`Trainer`: calls the user's `run_fn`, which trains a model and saves it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mlops_components.training import (
    BEST_FILE,
    EVAL_FOLDER,
    EvalArgs,
    FnArgs,
    TrainArgs,
    check_finite,
    data_fields,
    helper_fields,
    recording,
    working_folder,
)
from mlops_components.training import SERVING_FOLDER as SERVING_FOLDER
from mlops_components.user_modules import tfx_importable, user_function
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


@component(base_type="Train")
def Trainer(
    examples: list[Input[Examples]],
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
        run_fn: `module:function`, instead of a module file.
        custom_config: handed to `run_fn` as it is.
        tfx_compat: let the user's code import `tfx` where TFX is not installed.
    """
    serving = model.path / SERVING_FOLDER
    model_run.path.mkdir(parents=True, exist_ok=True)
    model.path.mkdir(parents=True, exist_ok=True)
    state = working_folder()
    arguments = FnArgs(
        **data_fields(examples, train_args, eval_args),
        **helper_fields(transform_graph, schema, base_model),
        working_dir=str(state),
        serving_model_dir=str(serving),
        eval_model_dir=str(model.path / EVAL_FOLDER),
        model_run_dir=str(model_run.path),
        hyperparameters=_best(hyperparameters) if hyperparameters else None,
        custom_config=custom_config,
    )
    # The log comes last: what it records of Keras depends on what the user's module imports.
    with ExitStack() as stack:
        stack.enter_context(tfx_importable(tfx_compat))
        train = stack.enter_context(user_function("run_fn", module_file, run_fn))
        log = stack.enter_context(recording(model_run, state))
        train(arguments)
    check_finite(log)
    if not serving.is_dir() or not any(serving.iterdir()):
        raise ExecutorError(
            "run_fn saved no model",
            hint="save it to fn_args.serving_model_dir",
            retryable=False,
        )
    if log.last:
        model.properties["metrics"] = model_run.properties["metrics"] = dict(log.last)


def _best(hyperparameters: HyperParameters) -> dict[str, Any]:
    path = hyperparameters.path / BEST_FILE
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run the Tuner again") from None
    except ValueError as error:
        raise ExecutorError(
            f"{path} is not JSON: {error}", hint="run the Tuner again", retryable=False
        ) from None
    return dict(found)
