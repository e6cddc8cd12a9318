"""Models of scikit-learn, read without running what a file says. Imports it when imported.

`model.skops` is read by skops, which names each type. A pickle (`model.pkl`) may name only
estimators of scikit-learn, their parts, and what makes an array: anything else is refused before it
is called.
"""

from __future__ import annotations

import importlib
import io
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.base

from mlops_components.serving._arrays import of_array, to_array
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.serving import DEFAULT_SIGNATURE, ModelFailure, Signature, Tensors, TensorSpec

SKOPS_FILE = "model.skops"
PICKLE_FILE = "model.pkl"
BY_NAME = "by_name"

_ARRAYS = {
    "numpy": {"ndarray", "dtype"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.random._pickle": {"__randomstate_ctor", "__bit_generator_ctor", "__generator_ctor"},
    # What a generator that nobody has seeded is made of, from NumPy 2 on.
    "numpy.random.bit_generator": {"SeedSequence", "__pyx_unpickle_SeedSequence"},
    "numpy.random._mt19937": {"MT19937"},
    "numpy.random._pcg64": {"PCG64"},
    "collections": {"OrderedDict"},
    "sklearn.tree._tree": {"Tree"},
    "sklearn.utils._bunch": {"Bunch"},
    "sklearn.calibration": {"_CalibratedClassifier"},
    # Each makes an empty object of a class that it is given, which has to be allowed as well.
    "sklearn.metrics._dist_metrics": {"newObj"},
    "sklearn.neighbors._ball_tree": {"newObj"},
    "sklearn.neighbors._kd_tree": {"newObj"},
    "builtins": {"set", "frozenset", "slice", "range", "complex"},
}
_PARTS = (
    "sklearn._loss.",
    "sklearn.ensemble._hist_gradient_boosting.",
    "sklearn.linear_model._sgd_fast",
    "sklearn.metrics._dist_metrics",
    "sklearn.neighbors._ball_tree",
    "sklearn.neighbors._kd_tree",
    "sklearn.neural_network._stochastic_optimizers",
    "sklearn.tree._",
)


def load_estimator(folder: str, options: Mapping[str, Any]) -> Estimator:
    """Load an estimator from the file of a version.

    Raises:
        ExecutorError: it names what is no part of scikit-learn, or cannot be read.
    """
    skops, pickled = Path(folder) / SKOPS_FILE, Path(folder) / PICKLE_FILE
    if skops.is_file():
        return Estimator(_by_skops(skops))
    if pickled.is_file():
        return Estimator(_by_pickle(pickled.read_bytes()))
    raise NotFoundError(
        f"no {SKOPS_FILE} and no {PICKLE_FILE} in the version", hint="push it again"
    )


def _by_skops(file: Path) -> Any:
    try:
        from skops import io as skops_io
    except ImportError:
        raise ExecutorError(
            f"{SKOPS_FILE} needs skops", hint="pip install skops", retryable=False
        ) from None
    unknown = skops_io.get_untrusted_types(file=file)
    if unknown:
        raise ExecutorError(
            f"{SKOPS_FILE} holds {', '.join(sorted(unknown))}, which skops does not trust",
            hint="serve it by a function of your own, with --predict module:name",
            retryable=False,
        )
    return skops_io.load(file)


class _Allowed(pickle.Unpickler):
    """Reads a pickle that names only what is allowed."""

    def find_class(self, module: str, name: str) -> Any:
        if name in _ARRAYS.get(module, ()):
            return getattr(importlib.import_module(module), name)
        if module == "numpy" and _is_scalar_type(name):
            return getattr(np, name)
        if module.split(".")[0] == "sklearn" and "." not in name:
            found = getattr(importlib.import_module(module), name, None)
            is_estimator = isinstance(found, type) and issubclass(found, sklearn.base.BaseEstimator)
            if is_estimator or (isinstance(found, type) and module.startswith(_PARTS)):
                return found
        raise ExecutorError(
            f"{PICKLE_FILE} names {module}.{name}, which is no part of a model of scikit-learn",
            hint=f"save it as {SKOPS_FILE}, or serve it with --predict module:name",
            retryable=False,
        )


def _is_scalar_type(name: str) -> bool:
    found = getattr(np, name, None) if name.isidentifier() else None
    return isinstance(found, type) and issubclass(found, np.generic)


def _by_pickle(data: bytes) -> Any:
    try:
        return _Allowed(io.BytesIO(data)).load()
    except ExecutorError:
        raise
    # A damaged pickle fails in as many ways as it has bytes.
    except Exception as error:
        raise ExecutorError(
            f"{PICKLE_FILE} cannot be read: {type(error).__name__}: {error}", hint="train it again"
        ) from error


class Estimator:
    """An estimator with its signatures: one array, and features by name where it knows them."""

    def __init__(self, estimator: Any) -> None:
        if not isinstance(estimator, sklearn.base.BaseEstimator) or not hasattr(
            estimator, "predict"
        ):
            raise ExecutorError(
                f"the file holds {type(estimator).__name__}, which does not predict",
                hint="save a fitted estimator with a method `predict`",
                retryable=False,
            )
        self._estimator = estimator
        width = int(getattr(estimator, "n_features_in_", -1))
        self._names = [str(each) for each in getattr(estimator, "feature_names_in_", ())]
        self.signatures = {
            DEFAULT_SIGNATURE: Signature({"inputs": TensorSpec("float64", (-1, width))})
        }
        if self._names:
            by_name = Signature({name: TensorSpec("", (-1,)) for name in self._names})
            self.signatures[BY_NAME] = by_name
        self.warmup: list[tuple[str, Tensors]] = []

    def predict(self, signature: str, inputs: Tensors) -> Tensors:
        """Return the predictions, and probabilities where the estimator has them."""
        given = self._table(inputs) if signature == BY_NAME else to_array(inputs["inputs"])
        try:
            with warnings.catch_warnings():
                # Of features without names, which is how they come here.
                warnings.simplefilter("ignore", UserWarning)
                outputs = {"predictions": of_array(self._estimator.predict(given))}
                if hasattr(self._estimator, "predict_proba"):
                    outputs["probabilities"] = of_array(self._estimator.predict_proba(given))
        except ModelFailure:
            raise
        except Exception as error:
            raise ModelFailure(f"{type(error).__name__}: {error}", "raised") from error
        return outputs

    def _table(self, inputs: Tensors) -> Any:
        columns = {name: _texts(to_array(inputs[name])) for name in self._names}
        try:
            import pandas as pd
        except ImportError:
            return np.stack(list(columns.values()), axis=1)
        return pd.DataFrame(columns)


def _texts(column: Any) -> Any:
    if column.dtype != object:
        return column
    return np.array([each.decode(errors="replace") for each in column], object)
