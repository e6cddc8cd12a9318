"""`Tuner`: searches the best hyperparameters with the user's `tuner_fn`, by KerasTuner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_components.training import (
    BEST_FILE,
    RESULTS_FILE,
    TRIALS_FILE,
    EvalArgs,
    FnArgs,
    TrainArgs,
    TunerCall,
    data_fields,
    helper_fields,
    payload_of,
    working_folder,
)
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import (
    Examples,
    HyperParameters,
    Model,
    Schema,
    TransformGraph,
    TunerResults,
)
from mlops_pipeline.errors import ExecutorError, ParameterError


@dataclass(frozen=True)
class TuneArgs:
    """Number of trials at a time, each in its own process; 0 and 1 use this process."""

    num_parallel_trials: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be done.

        Raises:
            ParameterError: the number is negative.
        """
        count = self.num_parallel_trials
        # While a pipeline is written, it may be a value that only a run knows.
        if isinstance(count, int) and count < 0:
            raise ParameterError(
                f"TuneArgs: num_parallel_trials cannot be {count}", hint="give 1 or more"
            )


@component
def Tuner(
    examples: list[Input[Examples]],
    schema: Input[Schema] | None = None,
    transform_graph: Input[TransformGraph] | None = None,
    base_model: Input[Model] | None = None,
    *,
    best_hyperparameters: Output[HyperParameters],
    tuner_results: Output[TunerResults],
    module_file: Path | None = None,
    tuner_fn: str = "",
    train_args: TrainArgs | None = None,
    eval_args: EvalArgs | None = None,
    tune_args: TuneArgs | None = None,
    custom_config: dict[str, Any] | None = None,
    tfx_compat: bool = False,
) -> None:
    """Search hyperparameters with the user's `tuner_fn(fn_args)`, which returns a `TunerFnResult`.

    Args:
        module_file: Python file that defines `tuner_fn`.
        tuner_fn: `module:function`, instead of a module file.
        custom_config: handed to `tuner_fn` as it is.
        tfx_compat: let the user's code import `tfx` where TFX is not installed.
    """
    arguments = FnArgs(
        **data_fields(examples, train_args, eval_args),
        **helper_fields(transform_graph, schema, base_model),
        working_dir=str(working_folder()),
        custom_config=custom_config,
    )
    call = TunerCall(module_file, tuner_fn, tfx_compat, arguments, payload_of(examples))
    for artifact in (best_hyperparameters, tuner_results):
        artifact.path.mkdir(parents=True, exist_ok=True)
    parallel = (tune_args or TuneArgs()).num_parallel_trials
    keras_tuner = _keras_tuner()
    found = keras_tuner.search(call, parallel, tuner_results.path / TRIALS_FILE)
    (best_hyperparameters.path / BEST_FILE).write_text(json.dumps(found.best_config))
    best_hyperparameters.properties.update(found.best)
    (tuner_results.path / RESULTS_FILE).write_text(json.dumps(found.completed))
    tuner_results.properties.update(found.counts)


def _keras_tuner() -> Any:
    try:
        from mlops_components.training import _keras_tuner
    except ModuleNotFoundError as error:
        if error.name != "keras_tuner":
            raise
        raise ExecutorError(
            "Tuner needs KerasTuner, which is not installed",
            hint="install mlops-pipeline[tuner]",
            retryable=False,
        ) from None
    return _keras_tuner
