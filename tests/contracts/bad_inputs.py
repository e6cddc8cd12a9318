"""What the tests of mlops_components share."""

from collections.abc import Callable
from typing import Any

from mlops_components import (
    Trainer,
)
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

Load = Callable[[Artifact], Any]


def train(run: PipelineRun, **parameters: Any) -> None:
    run_component(Trainer, examples=run["CsvExampleGen"].artifact(), **parameters)
