"""A user module written for TFX, as it is, in our Transform and Tuner."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_pipeline.inspection import PipelineRun

pytestmark = [
    pytest.mark.ml,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        importlib.util.find_spec("tfx") is not None, reason="TFX itself is installed here"
    ),
]

TESTS = Path(__file__).parents[2]
MODULE = TESTS / "mlops_components" / "user_modules" / "tfx_style_module.py"
KERAS = "import keras\nimport keras_tuner"


def test_it_tunes_with_keras_3_as_keras_tuner_wants_it(
    penguin: PipelineRun, tmp_path: Path
) -> None:
    code = MODULE.read_text().replace("tf.keras", "keras").replace("import keras_tuner", KERAS)
    (tmp_path / "model.py").write_text(code)
    examples = penguin["CsvExampleGen"].artifact("examples")
    schema = penguin["SchemaGen"].artifact("schema")
    given = {
        "examples": [str(examples.path), dict(examples.properties)],
        "schema": [str(schema.path), dict(schema.properties)],
        "modules": [str(MODULE), str(tmp_path / "model.py")],
    }
    # Other tests may have imported Keras here before TFT decides about `tf.keras`.
    done = subprocess.run(
        [sys.executable, str(TESTS / "contracts" / "keras_tuning.py")],
        input=json.dumps(given),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    as_it_is, with_keras = json.loads(done.stdout.splitlines()[-1])
    # TFT makes `tf.keras` Keras 2, and KerasTuner refuses its models: so it is in TFX 1.16, too.
    assert "Keras Model instance" in as_it_is["error"]
    assert "import keras" in as_it_is["hint"]
    assert with_keras["completed"] == 2
    assert with_keras["values"].keys() == {"learning_rate"}
