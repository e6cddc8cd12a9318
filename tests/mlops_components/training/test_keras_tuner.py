"""Searches of hyperparameters by KerasTuner: recorded, in parallel, and gone on with."""

import textwrap
from pathlib import Path

import pytest
from tuner_searches import NOTHING, trials, tune

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


NOTHING.set_splits(["train", "eval"])


KERAS = """
import keras
import keras_tuner
import numpy as np
from mlops_components import TunerFnResult

def build(hp):
    rate = hp.Choice("rate", [0.0, 0.5])
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model

def tuner_fn(fn_args):
    tuner = keras_tuner.GridSearch(build, "val_loss", directory=fn_args.working_dir)
    x = np.linspace(0, 1, 16)
    fit = {"x": x, "y": 2 * x, "validation_data": (x, 2 * x), "epochs": 20, "verbose": 0}
    return TunerFnResult(tuner, fit)
"""


def test_keras_models_are_tuned(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(textwrap.dedent(KERAS))
    result = tune(tmp_path / "user.py")
    assert len(trials(result)) == 2
    assert result.outputs["best_hyperparameters"].properties["values"] == {"rate": 0.5}
    assert trials(result)[0]["metrics"].keys() == {"loss", "val_loss"}
