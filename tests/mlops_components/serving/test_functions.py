"""Functions as models: what they take, give, and may not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_components.serving import load_function
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.serving import ModelFailure, of_lists, to_lists
from mlops_pipeline.user_code import put_first

CODE = """
def make(folder):
    def predict(inputs):
        return {"sum": [sum(map(float, each)) for each in inputs["x"]], "name": [folder] * 2}
    predict.warmup = [{"x": [[1.0]]}]
    return predict

def make_ragged(folder):
    return lambda inputs: [[1], [2, 3]]

def make_text(folder):
    return lambda inputs: inputs["x"]

NUMBER = 3
def make_number(folder):
    return NUMBER
"""


@pytest.fixture(autouse=True)
def code(tmp_path: Path) -> None:
    (tmp_path / "function_models.py").write_text(CODE)
    put_first([str(tmp_path)])


def predict(name: str, values: Any) -> Any:
    model = load_function("/v", {"predict": f"function_models:{name}"})
    return model.predict("serving_default", {"x": of_lists(values)})


def test_a_function_gives_one_output_or_several() -> None:
    found = predict("make", [[1.0, 2.0], [3.0, 4.0]])
    assert {name: to_lists(tensor) for name, tensor in found.items()} == {
        "sum": [3.0, 7.0],
        "name": [b"/v", b"/v"],
    }
    assert list(predict("make_text", ["a"])) == ["outputs"]


def test_requests_that_a_function_brings_along_warm_it_up() -> None:
    model = load_function("/v", {"predict": "function_models:make"})
    ((name, inputs),) = model.warmup
    assert (name, to_lists(inputs["x"])) == ("serving_default", [[1.0]])


@pytest.mark.parametrize("name", ["", "nothing", "function_models:make_number"])
def test_what_makes_no_function_is_refused(name: str) -> None:
    with pytest.raises(ParameterError):
        load_function("/v", {"predict": name})


def test_an_output_without_a_shape_is_the_fault_of_the_model() -> None:
    with pytest.raises(ModelFailure, match="no tensor"):
        predict("make_ragged", [[1.0]])
