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
from mlops_components.models._predict import (
    OF_KERAS,
    PREDICT,
    ModelFolder,
    load_named,
    load_predict_fn,
)
from mlops_components.records import EXACT, PayloadFormat, cells_of, sequences_frame
from mlops_components.user_modules import optional_function


@dataclass(frozen=True)
class Evaluated:
    """A model under evaluation.

    Args:
        folder: where it is.
        spec: the config's model spec of it.
        shared: TFMA's handle.
        own: whether it is asked by us, and not by TFMA.
    """

    folder: ModelFolder
    spec: Any
    shared: Any
    own: bool = False


def model_handle(path: Path, spec: Any, config: Any, module_file: Path | None) -> Evaluated:
    """Return a model as TFMA takes it.

    Args:
        spec: the model spec of the config that it is for.
        module_file: may define `custom_eval_shared_model`, as for TFX, or `predict_fn`.

    Raises:
        UnusableModelError: there is no model at the path, or nothing that can ask it.
    """
    name, folder = spec.name, ModelFolder(path, spec.is_baseline)
    if not path.is_dir():
        raise folder.unusable("is not there", hint="train it again")
    is_stamped = len(config.model_specs) == 1
    make = optional_function("custom_eval_shared_model", module_file)
    if make:
        shared = make(
            eval_saved_model_path=str(path),
            model_name=name,
            eval_config=config,
            add_metrics_callbacks=None,
        )
        return Evaluated(folder, spec, shared)
    if optional_function(PREDICT, module_file) or _keras_file(path):
        shared = types.EvalSharedModel(
            model_path=str(path),
            model_name=name,
            model_type=tfma.TF_GENERIC,
            rubber_stamp=is_stamped,
            is_baseline=spec.is_baseline,
        )
        return Evaluated(folder, spec, shared, own=True)
    _check_saved_model(folder)
    shared = tfma.default_eval_shared_model(
        eval_saved_model_path=str(path),
        model_name=name,
        eval_config=config,
        # Told to readers of the result: no baseline, so change thresholds were not checked.
        **({"rubber_stamp": True} if is_stamped else {}),
    )
    return Evaluated(folder, spec, shared)


def _check_saved_model(folder: ModelFolder) -> None:
    known = ("saved_model.pb", "saved_model.pbtxt", "tflite", "model.json")
    if not any((folder.path / name).exists() for name in known):
        found = ", ".join(sorted(each.name for each in folder.path.iterdir())) or "nothing"
        raise folder.unusable(
            f"is neither a SavedModel nor a Keras file: there is {found}",
            hint=f"define {PREDICT}(model_path) in a module_file, or give a column of predictions",
        )


def _keras_file(folder: Path) -> Path | None:
    if (folder / "saved_model.pb").is_file():
        return None
    return next(iter(sorted(folder.glob("*.keras"))), None)


def predictions_of(models: Sequence[Evaluated], module_file: Path | None, payload: str) -> Any:
    """Return TFMA's stage that adds predictions; None if TFMA calls the models itself.

    Args:
        payload: TFX's name for what a record is.

    Raises:
        UnusableModelError: some of the models are for us, and some for TFMA.
    """
    own = [model.own for model in models]
    if not any(own):
        return None
    if not all(own):
        baseline = next(model for model in models if model.folder.is_baseline)
        raise baseline.folder.unusable(
            "is of another kind than the model",
            hint=f"save both as SavedModels, or ask both by {PREDICT}",
        )
    folders = {model.spec.name if len(models) > 1 else "": model.folder for model in models}
    return tfma.extractors.Extractor(
        stage_name="ExtractPredictions",
        ptransform=beam.ParDo(_Predict(folders, module_file, payload)),
    )


class _Predict(beam.DoFn):  # type: ignore[misc]
    """Adds the predictions of models to batches of examples.

    Args:
        folders: of the models, by name.
    """

    def __init__(
        self, folders: Mapping[str, ModelFolder], module_file: Path | None, payload: str
    ) -> None:
        self._folders = dict(folders)
        self._table = sequences_table if payload == _SEQUENCES else features_table
        self._module_file = module_file

    def setup(self) -> None:
        """Load the models, once in each process."""
        self._seen: dict[str, Any] = {}
        self._functions = {
            name: load_predictor(folder, self._module_file, self._table)
            for name, folder in self._folders.items()
        }

    def process(self, extracts: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Ask the models for a batch."""
        size = util.batch_size(extracts) or 0
        features = self._completed(extracts[constants.FEATURES_KEY], size)
        given = {**extracts, constants.FEATURES_KEY: features}
        with without_beam_traceback():
            answers = {name: predict(given, size) for name, predict in self._functions.items()}
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
"""Takes TFMA's extracts of a batch and the number of its examples, gives predictions."""


def features_table(extracts: Mapping[str, Any], size: int) -> pd.DataFrame:
    """Return the examples of a batch as the table that `predict_fn` gets."""
    return features_frame(extracts[constants.FEATURES_KEY], size)


def sequences_table(extracts: Mapping[str, Any], size: int) -> pd.DataFrame:
    """Do the same for SequenceExamples, whose steps TFMA leaves out."""
    return sequences_frame(np.ravel(extracts[constants.INPUT_KEY]).tolist())


_SEQUENCES = PayloadFormat.TF_SEQUENCE_EXAMPLE


def load_predictor(
    folder: ModelFolder,
    module_file: Path | None,
    table: Callable[[Mapping[str, Any], int], pd.DataFrame] = features_table,
) -> Predictor:
    """Load the function that gives the predictions of a model.

    Args:
        table: makes what `predict_fn` gets.

    Raises:
        UnusableModelError: the model cannot be loaded.
    """
    if optional_function(PREDICT, module_file):
        ask = load_predict_fn(folder, module_file)
        return lambda extracts, size: ask(table(extracts, size), size)
    ask = load_named(folder, lambda: _keras_model(folder), OF_KERAS)
    return lambda extracts, size: ask(extracts[constants.FEATURES_KEY], size)


def _keras_model(folder: ModelFolder) -> Callable[[Mapping[str, Any]], Any]:
    """Return a model that takes features by the names of its inputs."""
    import keras

    file = _keras_file(folder.path)
    model = keras.models.load_model(file, safe_mode=True)
    names = [each.name for each in model.inputs]

    def predict(features: Mapping[str, Any]) -> Any:
        missing = [name for name in names if not isinstance(features.get(name), np.ndarray)]
        if missing:
            raise folder.unusable(
                f"has the input {missing[0]!r}, which is no feature that every example has",
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
