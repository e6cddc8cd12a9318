"""Thresholds, baselines and slices: evaluations of the penguin model under other configs."""

from pathlib import Path

import pytest
from evaluated_models import accuracy, column, config, evaluate

from mlops_components import Evaluator
from mlops_pipeline.artifacts import Model
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_model_that_is_not_there_is_named(penguin: PipelineRun) -> None:
    with pytest.raises(ExecutorError, match=r"the model at .* is not there"):
        evaluate(penguin, config(accuracy()), model=artifact(Model, {}))


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ({"model.bin": "x"}, "", "neither a SavedModel nor a Keras file: there is model.bin"),
        ({"saved_model.pb": "x"}, "", "Format-Serving cannot be loaded: OSError: Cannot parse"),
        ({"model.keras": "x"}, "", "cannot be loaded"),
        ({"m": ""}, "def predict_fn(path):\n    raise OSError('gone')", "cannot be loaded: OSErr"),
        (
            {"m": ""},
            "def predict_fn(path):\n    return lambda f: f['zz']",
            "fails in predict_fn: Key",
        ),
        ({"m": ""}, "def predict_fn(path):\n    return lambda f: [1.0]", "gave 1 for 2 examples"),
        ({"m": ""}, "def predict_fn(path:\n", "asks.py:1: "),
    ],
)
def test_model_that_cannot_be_asked_is_named(
    files: dict[str, str], code: str, message: str, tmp_path: Path
) -> None:
    module = tmp_path / "asks.py"
    module.write_text(code)
    model = artifact(Model, {f"Format-Serving/{name}": text for name, text in files.items()})
    with pytest.raises(ExecutorError, match=message):
        run_component(
            Evaluator,
            examples=column([{"y": 1.0}, {"y": 0.0}]),
            model=model,
            module_file=module if code else None,
            eval_config=config({"class_name": "AUC"}, model={"label_key": "y"}),
        )


COLUMNS = """
import numpy as np

def predict_fn(path):
    return lambda frame: np.where(frame["rare"].isna() & frame["name"].isna(), 0.2, 0.8)
"""


def test_batch_without_a_value_has_the_column_of_those_before(tmp_path: Path) -> None:
    module = tmp_path / "asks.py"
    module.write_text(COLUMNS)
    rows = [
        {"y": float(n < 5), "rare": 1.5 if n < 3 else None, "name": "a" if n < 5 else None}
        for n in range(5000)
    ]
    outputs = run_component(
        Evaluator,
        examples=column(rows),
        model=artifact(Model, {"Format-Serving/m": ""}),
        module_file=module,
        eval_config=config({"class_name": "AUC"}, model={"label_key": "y"}),
        engine="memory",
    ).outputs
    assert outputs["evaluation"].properties["metrics"]["auc"] == pytest.approx(1.0)
