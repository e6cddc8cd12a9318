"""One run of the penguin pipeline, in this process, for all tests that look at what it wrote."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import loaders
from mlops_pipeline import api
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.store import MemoryStore

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def penguin(tmp_path_factory: pytest.TempPathFactory) -> PipelineRun:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = tmp_path_factory.mktemp("penguin")
    where = api.Where(MemoryStore(), folder / "artifacts")
    parameters = {"serving_dir": str(folder / "serving"), "train_steps": 120}
    return api.run(ROOT / "pipelines" / "penguin", parameters, where=where, in_process=True).check()


LOADERS: dict[str, Callable[[Any], Any]] = {
    "ExampleAnomalies": loaders.load_anomalies,
    "Examples": loaders.load_examples,
    "ExampleStatistics": loaders.load_statistics,
    "Model": loaders.load_model,
    "ModelEvaluation": loaders.load_evaluation,
    "PushedModel": loaders.load_model,
    "Schema": loaders.load_schema,
    "TransformGraph": loaders.load_transform_graph,
}


@pytest.fixture(scope="session")
def load() -> Callable[[Artifact], Any]:
    """What `artifact.load()` does where the package is installed."""
    return lambda artifact: LOADERS[artifact.TYPE_NAME](artifact)
