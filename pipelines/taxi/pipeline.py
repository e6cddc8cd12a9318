"""Predicts which taxi trips are tipped well: month by month, each model against the one before.

Run it with `mlops run pipelines/taxi -p span=1`, then with `mlops run pipelines/taxi`, which takes
the newest span.
"""

from __future__ import annotations

from pathlib import Path

from mlops_components import (
    CsvExampleGen,
    EvalArgs,
    Evaluator,
    ExampleValidator,
    ImportSchemaGen,
    InputConfig,
    InputSplit,
    Pusher,
    StatisticsGen,
    TrainArgs,
    Trainer,
    Transform,
)
from mlops_pipeline import (
    Examples,
    ExampleStatistics,
    latest,
    latest_blessed_model,
    pipeline,
    span_range,
)

MODEL_CODE = Path("taxi_model.py")

WHOLE = (
    "pickup_community_area", "dropoff_community_area", "pickup_census_tract",
    "dropoff_census_tract", "trip_start_month", "trip_start_hour", "trip_start_day",
    "trip_start_timestamp", "trip_seconds",
)  # fmt: skip
FRACTIONS = (
    "fare", "tips", "trip_miles", "pickup_latitude", "pickup_longitude", "dropoff_latitude",
    "dropoff_longitude",
)  # fmt: skip
COLUMN_TYPES = dict.fromkeys(WHOLE, "int") | dict.fromkeys(FRACTIONS, "float")
"""Said, not guessed: a month may have no trip with a census tract."""

EVAL_CONFIG = {
    "model_specs": [
        {
            "signature_name": "serving_default",
            "label_key": "tips_xf",
            "preprocessing_function_names": ["transform_features"],
        }
    ],
    "slicing_specs": [
        {},
        {"feature_keys": ["payment_type"]},
        {"feature_keys": ["trip_start_hour"]},
    ],
    "metrics_specs": [
        {
            "metrics": [
                {"class_name": "ExampleCount"},
                {"class_name": "BinaryAccuracy"},
                {"class_name": "Calibration"},
                {
                    "class_name": "AUC",
                    # Of all trips only: an hour has few of them, and cash is never tipped.
                    "per_slice_thresholds": [
                        {
                            "slicing_specs": [{}],
                            # Good enough by itself, and hardly worse than the last that was.
                            "threshold": {
                                "value_threshold": {"lower_bound": 0.7},
                                "change_threshold": {
                                    "direction": "HIGHER_IS_BETTER",
                                    "absolute": -0.03,
                                },
                            },
                        }
                    ],
                },
            ]
        }
    ],
}


# Its parameters are the run parameters of the pipeline.
@pipeline
def taxi(
    data: Path = Path("data"),
    span: int | None = None,
    window: int = 2,
    train_steps: int = 300,
    eval_steps: int = 10,
    learning_rate: float = 0.001,
    serving_dir: str = "serving/taxi",
) -> None:
    """Train on the last spans, evaluate on the newest, and push a model that is no worse.

    Args:
        data: folder with a folder of CSV files for each span, as `make_data.py` writes it.
        span: the span to take for the newest one; without it, the newest that is there.
        window: how many spans to train on.
        train_steps: batches of 64 to train on.
        serving_dir: where a model server looks for versions of the model.
    """
    gen = CsvExampleGen(
        input_base=data,
        input_config=InputConfig([InputSplit("trips", "span-{SPAN:2}/*.csv")]),
        span=span,
        column_types=COLUMN_TYPES,
    )
    examples = gen.outputs["examples"]
    statistics = StatisticsGen(examples=examples).outputs["statistics"]
    schema = ImportSchemaGen(schema_file=Path("schema.pbtxt")).outputs["schema"]
    ExampleValidator(
        statistics=statistics,
        schema=schema,
        previous_statistics=latest(ExampleStatistics, node="StatisticsGen", other_than=statistics),
    )
    newest = examples.property("span")
    recent = span_range(
        Examples, newest - window + 1, newest, node="CsvExampleGen", missing_ok=True
    )
    transform = Transform(examples=recent, schema=schema, module_file=MODEL_CODE)
    model = Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        module_file=MODEL_CODE,
        train_args=TrainArgs(num_steps=train_steps),
        eval_args=EvalArgs(num_steps=eval_steps),
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
