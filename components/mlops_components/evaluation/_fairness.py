"""The metric `FairnessIndicators`: rates of binary decisions at thresholds, to compare slices by.

TFMA has handed it over to the package `fairness-indicators`, which brings visualisations along.
Here are the same numbers under the same names, for where that package is not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import binary_confusion_matrices, metric_types, metric_util

NAME = "fairness_indicators_metrics"
DEFAULT_THRESHOLDS = tuple(tenth / 10 for tenth in range(1, 10))


def register() -> None:
    """Let configs name the metric, unless someone else has."""
    if not metric_types.is_registered_metric(FairnessIndicators.__name__):
        metric_types.register_metric(FairnessIndicators)


def config(thresholds: Sequence[float]) -> Any:
    """Return the metric as an `EvalConfig` has it."""
    return tfma.MetricConfig(
        class_name=FairnessIndicators.__name__,
        config=json.dumps({"thresholds": list(thresholds)}),
    )


class FairnessIndicators(metric_types.Metric):  # type: ignore[misc]
    """Rates of binary decisions at thresholds.

    Args:
        thresholds: of predictions.
        name: the metrics are `<name>/<rate>@<threshold>`.
    """

    def __init__(self, thresholds: Sequence[float] = DEFAULT_THRESHOLDS, name: str = NAME) -> None:
        make = metric_util.merge_per_key_computations(_computations)
        super().__init__(make, thresholds=list(thresholds), name=name)


# TFMA passes all of these by name.
def _computations(
    thresholds: list[float],
    name: str = NAME,
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    aggregation_type: Any = None,
    sub_key: Any = None,
    class_weights: Any = None,
    example_weighted: bool = False,
) -> list[Any]:
    """Return TFMA's computations of one model and output."""
    where = {
        "model_name": model_name,
        "output_name": output_name,
        "sub_key": sub_key,
        "example_weighted": example_weighted,
    }
    digits = max([1, *(len(str(threshold)) - 2 for threshold in thresholds)])
    keys = [
        {
            rate: metric_types.MetricKey(name=f"{name}/{rate}@{threshold:.{digits}f}", **where)
            for rate in _rates(0, 0, 0, 0)
        }
        for threshold in thresholds
    ]
    computations = binary_confusion_matrices.binary_confusion_matrices(
        eval_config=eval_config,
        aggregation_type=aggregation_type,
        class_weights=class_weights,
        thresholds=thresholds,
        **where,
    )
    matrices_key = computations[-1].keys[-1]

    def result(metrics: dict[Any, Any]) -> dict[Any, float]:
        matrices = metrics[matrices_key]
        by_threshold = zip(matrices.tp, matrices.tn, matrices.fp, matrices.fn, strict=True)
        return {
            names[rate]: value
            for names, counts in zip(keys, by_threshold, strict=True)
            for rate, value in _rates(*counts).items()
        }

    flat = [key for names in keys for key in names.values()]
    return [*computations, metric_types.DerivedMetricComputation(keys=flat, result=result)]


def _rates(tp: float, tn: float, fp: float, fn: float) -> dict[str, float]:
    """Compute the rates of a confusion matrix; a rate of nothing is NaN."""
    return {
        "false_positive_rate": _share(fp, fp + tn),
        "false_negative_rate": _share(fn, fn + tp),
        "true_positive_rate": _share(tp, fn + tp),
        "true_negative_rate": _share(tn, fp + tn),
        "positive_rate": _share(tp + fp, tp + tn + fp + fn),
        "negative_rate": _share(tn + fn, tp + tn + fp + fn),
        "false_discovery_rate": _share(fp, fp + tp),
        "false_omission_rate": _share(fn, fn + tn),
        "precision": _share(tp, tp + fp),
        "recall": _share(tp, tp + fn),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
