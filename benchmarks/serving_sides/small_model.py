"""The model that all sides of `serving.py` answer with: 8 numbers, 3 layers of 64, 3 classes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WIDTHS = (8, 64, 64, 64, 3)


def weights() -> list[Any]:
    """Return the weights of each layer, the same each time."""
    import numpy as np

    draw = np.random.default_rng(7)
    pairs = itertools.pairwise(WIDTHS)
    return [draw.normal(0, 0.3, pair).astype("float32") for pair in pairs]


def load_numpy(folder: Path) -> Callable[[Mapping[str, Any]], Any]:
    """Return the model as a function of NumPy."""
    import numpy as np

    layers = weights()

    def predict(inputs: Mapping[str, Any]) -> Any:
        (rows,) = inputs.values()
        values = np.asarray(rows, "float32")
        for layer in layers[:-1]:
            values = np.maximum(values @ layer, 0)
        powers = np.exp(values @ layers[-1])
        return powers / powers.sum(axis=1, keepdims=True)

    return predict


def load_tensorflow(folder: Path) -> Callable[[Mapping[str, Any]], Any]:
    """Return the SavedModel in a folder as a function."""
    import tensorflow as tf

    model = tf.saved_model.load(str(folder))
    signature = model.signatures["serving_default"]

    def predict(inputs: Mapping[str, Any]) -> Any:
        found = signature(x=tf.constant(inputs["x"], tf.float32))["scores"].numpy()
        # The signature holds the variables only as long as somebody holds the model.
        return found if model is not None else None

    return predict


def write_tensorflow(folder: Path) -> None:
    """Write the model as a SavedModel."""
    import tensorflow as tf

    module = tf.Module()
    module.layers = [tf.Variable(layer) for layer in weights()]

    def call(x: Any) -> Any:
        for layer in module.layers[:-1]:
            x = tf.nn.relu(x @ layer)
        return {"scores": tf.nn.softmax(x @ module.layers[-1])}

    spec = tf.TensorSpec([None, WIDTHS[0]], tf.float32, "x")
    tf.saved_model.save(module, str(folder), {"serving_default": tf.function(call, [spec])})


if __name__ == "__main__":
    write_tensorflow(Path(sys.argv[1]))
