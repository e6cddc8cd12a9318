"""Tells three species of penguins apart with scikit-learn; no TensorFlow in its training.

Run it with `mlops run pipelines/penguin_sklearn`.
"""

from __future__ import annotations

from pathlib import Path

from mlops_components import CsvExampleGen, Evaluator, Pusher, SchemaGen, StatisticsGen, Trainer
from mlops_pipeline import latest_blessed_model, pipeline

MODEL_CODE = Path("penguin_classifier.py")

EVAL_CONFIG = {
    "model_specs": [{"label_key": "species", "prediction_key": "probabilities"}],
    "slicing_specs": [{}, {"feature_keys": ["island"]}],
    "metrics_specs": [
        {
            "metrics": [
                {"class_name": "ExampleCount"},
                {
                    "class_name": "SparseCategoricalAccuracy",
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
def penguin_sklearn(
    data: Path = Path("../penguin/data"),
    strength: float = 1.0,
    serving_dir: str = "serving/penguin_sklearn",
) -> None:
    """Train, evaluate and push a classifier of penguins.

    Args:
        data: folder of CSV files.
        strength: inverse of the regularisation.
        serving_dir: where versions of the model are pushed to.
    """
    examples = CsvExampleGen(input_base=data, missing_values=["NA"]).outputs["examples"]
    statistics = StatisticsGen(examples=examples).outputs["statistics"]
    schema = SchemaGen(statistics=statistics).outputs["schema"]
    model = Trainer(
        examples=examples,
        schema=schema,
        module_file=MODEL_CODE,
        custom_config={"strength": strength},
    ).outputs["model"]
    blessing = Evaluator(
        examples=examples,
        model=model,
        baseline_model=latest_blessed_model(other_than=model),
        module_file=MODEL_CODE,
        eval_config=EVAL_CONFIG,
    ).outputs["blessing"]
    Pusher(model=model, model_blessing=blessing, push_destination=serving_dir)
