"""The loaders that entry points name: each imports its library in the process of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_pipeline.serving import LoadedModel


def load_saved_model(folder: str, options: Mapping[str, Any]) -> LoadedModel:
    """Load TensorFlow's SavedModel, with the Transform graph in it."""
    from mlops_components.serving import _saved_model

    return _saved_model.SavedModel(folder, options)


def load_scikit_learn(folder: str, options: Mapping[str, Any]) -> LoadedModel:
    """Load a model of scikit-learn without running what a pickle says."""
    from mlops_components.serving import _scikit_learn

    return _scikit_learn.load_estimator(folder, options)


def _prepare_tensorflow() -> None:
    from mlops_components.serving import _saved_model

    assert _saved_model


def _prepare_scikit_learn() -> None:
    from mlops_components.serving import _scikit_learn

    assert _scikit_learn


# What a spare process imports before there is a model.
load_saved_model.prepare = _prepare_tensorflow  # type: ignore[attr-defined]
load_scikit_learn.prepare = _prepare_scikit_learn  # type: ignore[attr-defined]
