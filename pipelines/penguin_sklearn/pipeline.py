"""Tells three species of penguins apart with scikit-learn: no TensorFlow in training or serving.

Run it with `mlops run pipelines/penguin_sklearn`.
"""

from __future__ import annotations

from pathlib import Path

from mlops_components import CsvExampleGen, Evaluator, Pusher, SchemaGen, StatisticsGen, Trainer
from mlops_pipeline import Examples, Input, Model, Output, component, pipeline

EVAL_CONFIG = {
    "model_specs": [{"label_key": "class_index", "prediction_key": "probabilities"}],
    "slicing_specs": [{}, {"feature_keys": ["island"]}],
    "metrics_specs": [
        {
            "metrics": [
                {"class_name": "ExampleCount"},
                {
                    "class_name": "SparseCategoricalAccuracy",
                    "threshold": {"value_threshold": {"lower_bound": 0.9}},
                },
            ]
        }
    ],
}


@component
def Predict(
    examples: Input[Examples], model: Input[Model], *, predictions: Output[Examples]
) -> None:
    """Add the model's predictions to the examples, for an Evaluator that has no model."""
    import penguin_classifier

    from mlops_components import read_frame, write_frames

    frame = read_frame([str(examples.split("eval") / "*")])
    folder = model.path / "Format-Serving"
    write_frames(predictions, {"eval": penguin_classifier.with_predictions(frame, folder)})


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
        module_file=Path("penguin_classifier.py"),
        custom_config={"strength": strength},
    ).outputs["model"]
    predictions = Predict(examples=examples, model=model).outputs["predictions"]
    blessing = Evaluator(examples=predictions, eval_config=EVAL_CONFIG).outputs["blessing"]
    Pusher(model=model, model_blessing=blessing, push_destination=serving_dir)
