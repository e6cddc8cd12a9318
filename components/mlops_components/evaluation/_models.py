"""Models that TFMA evaluates: a SavedModel, a Keras file, or what a function of the user loads.

This module imports TFMA and Beam when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pandas as pd
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import types
from tensorflow_model_analysis.utils import util

from mlops_components.engines._memory_steps import without_beam_traceback
from mlops_components.records import EXACT, cells_of
from mlops_components.user_modules import optional_function
from mlops_pipeline.errors import ExecutorError, NotFoundError, PipelineError
from mlops_pipeline.tracebacks import summary, traceback_tail

PREDICT = "predict_fn"
"""The function of a module file that makes a model's predictions: takes the path of the model,
gives a function from a table of examples to an array, or to a dict of arrays by output."""


@dataclass(frozen=True)
class Evaluated:
    """A model under evaluation.

    Args:
        path: its folder.
        name: as in the config's model specs.
        shared: TFMA's handle.
        own: whether it is asked by us, and not by TFMA.
    """

    path: Path
    name: str
    shared: Any
    own: bool = False


def model_handle(path: Path, name: str, config: Any, module_file: Path | None) -> Evaluated:
    """Return a model as TFMA takes it.

    Args:
        module_file: may define `custom_eval_shared_model`, as for TFX, or `predict_fn`.

    Raises:
        ExecutorError: there is no model at the path, or nothing that can ask it.
    """
    if not path.is_dir():
        raise ExecutorError(f"there is no model at {path}", hint="train it again", retryable=False)
    is_stamped = len(config.model_specs) == 1
    make = optional_function("custom_eval_shared_model", module_file)
    if make:
        shared = make(
            eval_saved_model_path=str(path),
            model_name=name,
            eval_config=config,
            add_metrics_callbacks=None,
        )
        return Evaluated(path, name, shared)
    if optional_function(PREDICT, module_file) or _keras_file(path):
        shared = types.EvalSharedModel(
            model_path=str(path),
            model_name=name,
            model_type=tfma.TF_GENERIC,
            rubber_stamp=is_stamped,
            is_baseline=any(s.is_baseline for s in config.model_specs if s.name == name),
        )
        return Evaluated(path, name, shared, own=True)
    _check_saved_model(path)
    shared = tfma.default_eval_shared_model(
        eval_saved_model_path=str(path),
        model_name=name,
        eval_config=config,
        # Told to readers of the result: no baseline, so change thresholds were not checked.
        **({"rubber_stamp": True} if is_stamped else {}),
    )
    return Evaluated(path, name, shared)


def _check_saved_model(path: Path) -> None:
    known = ("saved_model.pb", "saved_model.pbtxt", "tflite", "model.json")
    if not any((path / name).exists() for name in known):
        found = ", ".join(sorted(each.name for each in path.iterdir())) or "nothing"
        raise ExecutorError(
            f"the model at {path} is neither a SavedModel nor a Keras file: there is {found}",
            hint=f"define {PREDICT}(model_path) in a module_file, or give a column of predictions",
            retryable=False,
        )


def _keras_file(folder: Path) -> Path | None:
    if (folder / "saved_model.pb").is_file():
        return None
    return next(iter(sorted(folder.glob("*.keras"))), None)


def predictions_of(models: Sequence[Evaluated], module_file: Path | None) -> Any:
    """Return TFMA's stage that adds predictions; None if TFMA calls the models itself.

    Raises:
        ExecutorError: some of the models are for us, and some for TFMA.
    """
    own = [model.own for model in models]
    if not any(own):
        return None
    if not all(own):
        raise ExecutorError(
            "the model and the baseline are of different kinds",
            hint=f"save both as SavedModels, or ask both by {PREDICT}",
            retryable=False,
        )
    paths = {model.name if len(models) > 1 else "": model.path for model in models}
    return tfma.extractors.Extractor(
        stage_name="ExtractPredictions", ptransform=beam.ParDo(_Predict(paths, module_file))
    )


class _Predict(beam.DoFn):  # type: ignore[misc]
    """Adds the predictions of models to batches of examples.

    Args:
        paths: of the models, by name.
    """

    def __init__(self, paths: Mapping[str, Path], module_file: Path | None) -> None:
        self._paths = dict(paths)
        self._module_file = module_file

    def setup(self) -> None:
        """Load the models, once in each process."""
        self._seen: dict[str, Any] = {}
        self._functions = {
            name: load_predictor(path, self._module_file) for name, path in self._paths.items()
        }

    def process(self, extracts: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Ask the models for a batch."""
        given = extracts[constants.FEATURES_KEY]
        size = util.batch_size(given) or 0
        features = self._completed(given, size)
        with without_beam_traceback():
            answers = {name: predict(features, size) for name, predict in self._functions.items()}
        yield {**extracts, constants.PREDICTIONS_KEY: answers.get("", answers)}

    def _completed(self, features: Mapping[str, Any], size: int) -> Mapping[str, Any]:
        """Return the features of a batch, and those of batches before that have no value in it."""
        for name, value in features.items():
            kind = getattr(getattr(value, "values", value), "dtype", None)
            if kind is not None:
                self._seen.setdefault(name, kind)
        lacking = {
            name: types.VarLenTensorValue(
                np.empty(0, kind), np.empty((0, 2), np.int64), np.asarray([size, 0])
            )
            for name, kind in self._seen.items()
            if name not in features
        }
        return {**features, **lacking}


Predictor = Callable[[Mapping[str, Any], int], Any]
"""Takes the features of a batch and the number of its examples, gives predictions."""


def load_predictor(path: Path, module_file: Path | None) -> Predictor:
    """Load the function that gives the predictions of a model.

    Raises:
        ExecutorError: the model cannot be loaded.
    """
    make = optional_function(PREDICT, module_file)
    try:
        predict = make(str(path)) if make else _keras_model(path)
    except PipelineError:
        raise
    except Exception as error:
        raise ExecutorError(
            f"the model at {path} cannot be loaded: {summary(error)}",
            hint=f"fix {PREDICT}, or train the model again" if make else "train it again",
            retryable=False,
            details=traceback_tail(error),
        ) from error

    def ask(features: Mapping[str, Any], size: int) -> Any:
        try:
            answers = predict(features_frame(features, size) if make else features)
        except PipelineError:
            raise
        except Exception as error:
            raise ExecutorError(
                f"{PREDICT if make else 'the Keras model'} failed: {summary(error)}",
                hint="fix it",
                retryable=False,
                details=traceback_tail(error),
            ) from error
        return _checked(answers, size)

    return ask


def _checked(answers: Any, size: int) -> Any:
    if isinstance(answers, Mapping):
        return {str(name): _checked(value, size) for name, value in answers.items()}
    array = np.asarray(answers)
    if array.ndim == 0 or len(array) != size:
        raise ExecutorError(
            f"the model gave {'one value' if array.ndim == 0 else len(array)} for {size} examples",
            hint="give one prediction, or one row of them, for each example",
            retryable=False,
        )
    return array


def _keras_model(folder: Path) -> Callable[[Mapping[str, Any]], Any]:
    """Return a model that takes features by the names of its inputs."""
    import keras

    file = _keras_file(folder)
    model = keras.models.load_model(file, safe_mode=True)
    names = [each.name for each in model.inputs]

    def predict(features: Mapping[str, Any]) -> Any:
        missing = [name for name in names if not isinstance(features.get(name), np.ndarray)]
        if missing:
            raise NotFoundError(
                f"the input {missing[0]!r} of the model is no feature that every example has",
                hint="save a SavedModel with a signature that takes serialised examples",
            )
        inputs = {name: _texts(features[name]) for name in names}
        answers = model(inputs if len(names) > 1 else inputs[names[0]], training=False)
        return (
            {k: np.asarray(v) for k, v in answers.items()} if isinstance(answers, dict) else answers
        )

    return predict


def _texts(values: Any) -> Any:
    import tensorflow as tf

    return tf.constant(values.tolist()) if values.dtype == object else values


def features_frame(features: Mapping[str, Any], size: int) -> pd.DataFrame:
    """Return features of a batch as a table: texts, numbers, and None for what is missing.

    A feature with more than one value in an example becomes a column of lists.
    """
    columns = {name: _cells(values, size) for name, values in sorted(features.items())}
    return pd.DataFrame({n: c for n, c in columns.items() if c is not None}, index=range(size))


def _cells(values: Any, size: int) -> Any:
    if isinstance(values, np.ndarray) and values.dtype != object and values.size == size:
        return values.reshape(-1)
    is_ragged = isinstance(values, types.VarLenTensorValue)
    if is_ragged and not len(values.values) and values.values.dtype == object:
        return cells_of([None] * size)
    if is_ragged and not values.indices[:, 1].any() and _are_floats(values.values):
        cells = np.full(size, np.nan)
        cells[values.indices[:, 0]] = values.values
        return cells
    rows = [_listed(example["x"]) for example in util.split_extracts({"x": values})]
    if all(len(row) <= 1 for row in rows):
        return cells_of([row[0] if row else None for row in rows])
    return rows


def _are_floats(values: Any) -> bool:
    """Return True for numbers that floats of 64 bits hold exactly."""
    if values.dtype.kind not in "iu" or not values.size:
        return bool(values.dtype != object)
    return bool(values.min() >= -EXACT and values.max() <= EXACT)


def _listed(row: Any) -> list[Any]:
    if row is None:
        return []
    flat = np.ravel(getattr(row, "values", row)).tolist()
    return [
        v.decode(errors="replace") if isinstance(v, bytes) else v for v in flat if v is not None
    ]
