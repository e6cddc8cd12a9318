"""Models that no SavedModel are, asked for many examples by `predict_fn`."""

from pathlib import Path
from typing import Any

import pytest
from inferred_examples import inferred, written

from mlops_components import (
    ModelSpec,
    OutputColumnsSpec,
    OutputExampleSpec,
    PredictOutput,
    PredictOutputCol,
)
from mlops_pipeline.artifacts import Model
from mlops_pipeline.errors import ExecutorError, ParameterError
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

FUNCTION = """
def predict_fn(path):
    factor = float(open(path + "/factor.txt").read())
    return lambda frame: {"y": frame["x"] * factor, "names": [["a", "b"]] * len(frame)}
"""


@pytest.fixture
def function(tmp_path: Path) -> dict[str, Any]:
    """A model that no SavedModel is, and the module that asks it."""
    (tmp_path / "asks.py").write_text(FUNCTION)
    model = artifact(Model, {"Format-Serving/factor.txt": "3"})
    return {"model": model, "module_file": tmp_path / "asks.py"}


@pytest.mark.parametrize("engine", ["memory", "beam"])
def test_models_of_any_kind_are_asked_by_predict_fn(function: dict[str, Any], engine: str) -> None:
    found = inferred(written({"train": [1, 2]}), engine=engine, **function)[0].load()
    assert sorted(found["predict_fn.y"]) == [3, 6]
    assert found["predict_fn.names"].tolist() == [["a", "b"]] * 2
    output = PredictOutput([PredictOutputCol("y", "thrice")])
    spec = OutputExampleSpec([OutputColumnsSpec(predict_output=output)])
    made = inferred(written({"train": [1, 2]}), output_example_spec=spec, engine=engine, **function)
    assert sorted(made[1].load()["thrice"]) == [3, 6]


def test_what_predict_fn_does_not_do_is_named(function: dict[str, Any]) -> None:
    asked = written({"train": [1]})
    output = PredictOutput([PredictOutputCol("z", "z")])
    spec = OutputExampleSpec([OutputColumnsSpec(predict_output=output)])
    with pytest.raises(ExecutorError, match="the model gives no output 'z'"):
        inferred(asked, output_example_spec=spec, **function)
    with pytest.raises(ParameterError, match="a model_spec, which names signatures, and a module"):
        inferred(asked, model_spec=ModelSpec(["classes"]), **function)
    function["module_file"].write_text("def predict(path): pass")
    with pytest.raises(ParameterError, match=r"asks\.py defines no predict_fn"):
        inferred(asked, **function)
