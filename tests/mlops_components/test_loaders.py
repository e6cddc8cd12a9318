"""Artifacts that TFX wrote before 0.29 are read as they lie."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.artifacts import ExampleAnomalies, Model
from mlops_pipeline.inspection import PipelineRun

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


OLD = {"tfx_version": "0.28.0", "split_names": '["train", "eval"]'}


def test_old_anomalies_and_models_load(
    penguin: PipelineRun, tmp_path: Path, load: Callable[[Any], Any]
) -> None:
    for split in ("train", "eval"):
        (tmp_path / "anomalies" / split).mkdir(parents=True)
        (tmp_path / "anomalies" / split / "anomalies.pbtxt").write_text(
            'anomaly_info { key: "a" value { description: "gone" } }'
        )
    found = load(ExampleAnomalies(str(tmp_path / "anomalies"), properties=OLD))
    assert found["train"].anomaly_info["a"].description == "gone"
    new = penguin["Trainer"].artifact("model")
    shutil.copytree(new.path / "Format-Serving", tmp_path / "model" / "serving_model_dir")
    model = Model(str(tmp_path / "model"), properties={"tfx_version": ""})
    assert "serving_default" in load(model).signatures
