"""What the tests of mlops_components share."""

from typing import Any

from mlops_components import Evaluator
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import artifact, run_component

MODEL = {
    "label_key": "species_xf",
    "preprocessing_function_names": ["transform_features"],
}


def config(*metrics: Any, slices: tuple[Any, ...] = ({},), model: Any = MODEL) -> dict[str, Any]:
    return {
        "model_specs": [model],
        "slicing_specs": list(slices),
        "metrics_specs": [{"metrics": list(metrics)}],
    }


def accuracy(**threshold: Any) -> dict[str, Any]:
    metric: dict[str, Any] = {"class_name": "SparseCategoricalAccuracy"}
    return {**metric, "threshold": threshold} if threshold else metric


def evaluate(run: PipelineRun, eval_config: Any, **others: Any) -> Any:
    return run_component(
        Evaluator,
        examples=run["CsvExampleGen"].artifact(),
        model=others.pop("model", run["Trainer"].artifact("model")),
        schema=run["SchemaGen"].artifact(),
        eval_config=eval_config,
        **others,
    ).outputs


def column(rows: list[dict[str, Any]]) -> Any:
    import pandas as pd

    from mlops_components import write_frames

    examples = artifact(Examples)
    write_frames(examples, {"eval": pd.DataFrame(rows)})
    return examples
