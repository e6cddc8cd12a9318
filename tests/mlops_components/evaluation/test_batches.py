"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

import gc
import weakref
from typing import Any

import pytest
from evaluated_trips import CLASSES, ROWS, Load, evaluate, spec

from mlops_pipeline.artifacts import Examples

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_several_examples_are_evaluated_together(trips: Examples, load: Load) -> None:
    config = {**CLASSES, "metrics_specs": [spec("ExampleCount")]}
    assert load(evaluate([trips, trips], config)["evaluation"]).overall == {
        "example_count": 2 * ROWS
    }


def test_a_batch_is_let_go_once_its_examples_are_counted() -> None:
    import numpy as np
    from tensorflow_model_analysis.utils import util

    values: Any = np.zeros(3)
    seen = weakref.ref(values)
    gc.disable()
    try:
        assert util.batch_size({"features": {"image": values}}) == 3
        del values
        assert seen() is None
    finally:
        gc.enable()


def test_the_examples_of_every_kind_of_value_are_counted() -> None:
    import numpy as np
    from tensorflow_model_analysis.api import types
    from tensorflow_model_analysis.utils import util

    dense = np.asarray([2, 1])
    lengths = types.VarLenTensorValue(np.zeros(1), np.asarray([[1, 0]]), dense)
    ragged = types.RaggedTensorValue(np.zeros(3), [np.asarray([0, 1, 3])])
    sparse = types.SparseTensorValue(np.zeros(1), np.asarray([[1, 0]]), dense)
    kinds = {"lengths": lengths, "ragged": ragged, "sparse": sparse, "list": ["a", "b"]}
    assert util.batch_size({**kinds, "none": None, "more": {"scalar": None}}) == 2
    assert util.batch_size({"scalar": np.float64(1)}) == 0
    assert util.batch_size({}) is None
    with pytest.raises(ValueError, match="differing values: 2 != 3"):
        util.batch_size({**kinds, "other": np.zeros(3)})
