"""Tells three species of penguins apart: data to a served model, every step recorded.

Run it with `mlops run pipelines/penguin`.
"""

from __future__ import annotations

from pathlib import Path

from mlops_components import (
    CsvExampleGen,
    EvalArgs,
    Evaluator,
    ExampleValidator,
    Pusher,
    SchemaGen,
    StatisticsGen,
    TrainArgs,
    Trainer,
    Transform,
)
from mlops_pipeline import latest_blessed_model, pipeline

MODEL_CODE = Path("penguin_model.py")

EVAL_CONFIG = {
    "model_specs": [
        {
            "signature_name": "serving_default",
            "label_key": "species_xf",
            "preprocessing_function_names": ["transform_features"],
        }
    ],
    "slicing_specs": [{}, {"feature_keys": ["island"]}, {"feature_keys": ["sex"]}],
    "metrics_specs": [
        {
            "metrics": [
                {"class_name": "ExampleCount"},
                {"class_name": "SparseCategoricalCrossentropy"},
                {
                    "class_name": "SparseCategoricalAccuracy",
                    # Good enough by itself, and hardly worse than the last model that was.
                    "threshold": {
                        "value_threshold": {"lower_bound": 0.9},
                        "change_threshold": {
                            "direction": "HIGHER_IS_BETTER",
                            "absolute": -0.03,
                        },
                    },
                },
            ]
        }
    ],
}


@pipeline
def penguin(
    data: Path = Path("data"),
    train_steps: int = 200,
    learning_rate: float = 0.01,
    serving_dir: str = "serving/penguin",
) -> None:
    """Train, evaluate and push a classifier of penguins.

    Args:
        data: folder of CSV files.
        train_steps: batches of 32 to train on.
        serving_dir: where a model server looks for versions of the model.
    """
    examples = CsvExampleGen(input_base=data, missing_values=["NA"]).outputs["examples"]
    statistics = StatisticsGen(examples=examples).outputs["statistics"]
    schema = SchemaGen(statistics=statistics).outputs["schema"]
    ExampleValidator(statistics=statistics, schema=schema)
    transform = Transform(examples=examples, schema=schema, module_file=MODEL_CODE)
    model = Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        module_file=MODEL_CODE,
        train_args=TrainArgs(num_steps=train_steps),
        eval_args=EvalArgs(num_steps=5),
        custom_config={"learning_rate": learning_rate, "seed": 7},
    ).outputs["model"]
    blessing = Evaluator(
        examples=examples,
        model=model,
        baseline_model=latest_blessed_model(other_than=model),
        schema=schema,
        eval_config=EVAL_CONFIG,
    ).outputs["blessing"]
    Pusher(model=model, model_blessing=blessing, push_destination=serving_dir)
