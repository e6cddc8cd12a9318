"""What the tests of mlops_components/evaluation share."""

import random
from collections.abc import Callable
from typing import Any

from mlops_components import Evaluator
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.testing import run_component

Load = Callable[[Artifact], Any]


ROWS = 300


def rows() -> list[dict[str, Any]]:
    """Trips with a binary and a class label, and predictions of both."""
    draw = random.Random(7)
    made = []
    for number in range(ROWS):
        tip, class_index = float(draw.random() < 0.4), draw.randrange(3)
        scores = [draw.random() + (place == class_index) for place in range(3)]
        made.append(
            {
                "payment": draw.choice(["Cash", "Card", "Card", "Prepaid"]),
                "hour": None if number % 50 == 7 else draw.randrange(4),
                "fare": draw.uniform(1, 30),
                "tip": tip,
                "said": min(max(0.5 + (tip - 0.5) * 0.4 + draw.gauss(0, 0.2), 0.0), 1.0),
                "class": class_index,
                "scores": [score / sum(scores) for score in scores],
            }
        )
    return made


def spec(*names: str, **others: Any) -> dict[str, Any]:
    return {"metrics": [{"class_name": name} for name in names], **others}


DEAR = "SELECT STRUCT(payment AS dear) FROM example.payment, example.fare WHERE fare > 9"


MEAN_LABEL: dict[str, Any] = {"class_name": "MeanLabel"}


MEAN_TIP: dict[str, Any] = {
    "class_name": "MeanPrediction",
    "threshold": {"value_threshold": {"lower_bound": 0.9}},
    "per_slice_thresholds": [
        {
            "slicing_specs": [{"feature_keys": ["hour"]}, {"feature_values": {"payment": "Gold"}}],
            "threshold": {"value_threshold": {"upper_bound": 0.5}},
        }
    ],
    "cross_slice_thresholds": [
        {
            "cross_slicing_specs": [
                {"baseline_spec": {}, "slicing_specs": [{"feature_keys": ["payment"]}]}
            ],
            "threshold": {"value_threshold": {"lower_bound": 0}},
        }
    ],
}


TIPS: dict[str, Any] = {
    "model_specs": [{"label_key": "tip", "prediction_key": "said", "example_weight_key": "fare"}],
    "slicing_specs": [
        {},
        {"feature_keys": ["payment"]},
        {"feature_keys": ["hour"]},
        {"feature_keys": ["payment"], "feature_values": {"hour": "2"}},
        {"feature_values": {"payment": "Gold"}},
        {"slice_keys_sql": DEAR},
    ],
    "cross_slicing_specs": [
        {"baseline_spec": {}, "slicing_specs": [{"feature_keys": ["payment"]}]}
    ],
    "metrics_specs": [
        spec(
            "ExampleCount", "WeightedExampleCount", "AUC", "BinaryAccuracy", "Precision",
            "Calibration", "FairnessIndicators", "CalibrationPlot",
        ),
        {"metrics": [MEAN_TIP, MEAN_LABEL], "example_weights": {"unweighted": True}},
        spec("BinaryCrossentropy", "MeanSquaredError", "SquaredPearsonCorrelation"),
    ],
}  # fmt: skip


CLASSES: dict[str, Any] = {
    "model_specs": [{"label_key": "class", "prediction_key": "scores"}],
    "slicing_specs": [{}, {"feature_keys": ["payment"]}],
    "metrics_specs": [
        spec("SparseCategoricalAccuracy", "MultiClassConfusionMatrixAtThresholds"),
        spec("AUC", "BinaryAccuracy", "Calibration", binarize={"class_ids": {"values": [0, 2]}}),
        spec("Precision", "Recall", binarize={"top_k_list": {"values": [1, 2]}}),
        spec("AUC", "Precision", aggregate={"micro_average": True}),
        spec(
            "AUC",
            aggregate={"macro_average": True, "class_weights": {"0": 1.0, "1": 2.0, "2": 3.0}},
        ),
    ],
}


def evaluate(examples: Any, config: Any, **others: Any) -> dict[str, Any]:
    return run_component(Evaluator, examples=examples, eval_config=config, **others).outputs
