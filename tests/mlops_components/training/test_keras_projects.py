"""A user module written for TFX, as it is, in our Transform and Trainer."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_components import EvalArgs, TrainArgs, Transform, Tuner
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

pytestmark = [
    pytest.mark.ml,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        importlib.util.find_spec("tfx") is not None, reason="TFX itself is installed here"
    ),
]


MODULE = Path(__file__).parents[1] / "user_modules" / "tfx_style_module.py"


KERAS = "import keras\nimport keras_tuner"


@pytest.fixture(scope="module")
def transformed(penguin: PipelineRun) -> Mapping[str, Artifact]:
    return run_component(
        Transform,
        examples=penguin["CsvExampleGen"].artifact("examples"),
        schema=penguin["SchemaGen"].artifact("schema"),
        module_file=MODULE,
        tfx_compat=True,
    ).outputs


def test_it_tunes_with_keras_3_as_keras_tuner_wants_it(
    penguin: PipelineRun, transformed: Mapping[str, Artifact], tmp_path: Path
) -> None:
    data: dict[str, Any] = {
        "examples": transformed["transformed_examples"],
        "transform_graph": transformed["transform_graph"],
        "train_args": TrainArgs(num_steps=2),
        "eval_args": EvalArgs(num_steps=1),
        "tfx_compat": True,
    }
    # TFT makes `tf.keras` Keras 2, and KerasTuner refuses its models: so it is in TFX 1.16, too.
    with pytest.raises(ExecutorError, match="Keras Model instance") as caught:
        run_component(Tuner, module_file=MODULE, **data)
    assert "import keras" in caught.value.hint
    code = MODULE.read_text().replace("tf.keras", "keras").replace("import keras_tuner", KERAS)
    (tmp_path / "model.py").write_text(code)
    tuned = run_component(Tuner, module_file=tmp_path / "model.py", **data).outputs
    assert tuned["tuner_results"].properties["completed"] == 2
    values = tuned["best_hyperparameters"].properties["values"]
    assert isinstance(values, dict)
    assert values.keys() == {"learning_rate"}
