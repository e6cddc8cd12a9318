"""Metrics that are undefined for some examples: curves of one class, means of no weight.

A curve of rates needs examples of both classes, one of precision and recall at least one positive.
TFMA computes 0 or 1 without them, and Keras a mean of 0 where all examples have the weight 0, which
reads as the worst or the best value there is. Here it is NaN, which a report has as null and no
threshold lets pass. Beam's workers unpickle these classes by their names in this module.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import confusion_matrix_metrics as theirs
from tensorflow_model_analysis.metrics import metric_types, tf_metric_wrapper
from tensorflow_model_analysis.utils.keras_lib import tf_keras

KerasCombiner = tf_metric_wrapper._CompilableMetricsCombiner
"""TFMA's combiner of Keras' metrics, as it is without this module."""


def register_defined() -> None:
    """Let configs mean these classes by TFMA's names, and TFMA combine Keras' metrics by ours."""
    for metric in _METRICS:
        metric_types.register_metric(metric)
    tf_metric_wrapper._CompilableMetricsCombiner = WeighedCombiner


class WeighedCombiner(KerasCombiner):  # type: ignore[misc, valid-type]
    """Combines Keras' metrics; a mean over no weight at all is NaN, not 0."""

    def extract_output(self, accumulator: Any) -> dict[Any, Any]:
        """Return the metrics by their keys."""
        found: dict[Any, Any] = super().extract_output(accumulator)
        for at, output in enumerate(self._output_names):
            for number, metric in enumerate(self._metrics[output]):
                if _is_undefined(metric, accumulator.get_weights(at, number)):
                    for key in found:
                        if key.output_name == output and key.name.split("/")[0] == metric.name:
                            found[key] = np.full_like(found[key], np.nan)[()]
        return found


def _is_undefined(metric: Any, state: Any) -> bool:
    """Return True for a mean of no weight, and a share of a variance that there is none of."""
    if isinstance(metric, tf_keras.metrics.Mean):
        return state is None or not np.any(state[-1])
    if isinstance(metric, tf_keras.metrics.IoU):
        return state is None or not any(np.any(each) for each in state)
    if isinstance(metric, tf_keras.metrics.R2Score):
        # Keras gives 0 for labels that are all the same.
        squares, total, count = (
            np.asarray(v) for v in (metric.squared_sum, metric.sum, metric.count)
        )
        return bool(np.any(squares * count - total**2 <= _ROUNDING * squares * count))
    return False


_ROUNDING = 1e-6


class _Curve:
    """A metric that is computed from confusion matrices at many thresholds."""

    def _needs_negatives(self, settings: dict[str, Any]) -> bool:
        return True

    def _metric_value(self, key: Any, matrices: Any, **settings: Any) -> Any:
        value = super()._metric_value(key=key, matrices=matrices, **settings)  # type: ignore[misc]
        tp, fn, fp, tn = (
            np.asarray(getattr(matrices, name), np.float64) for name in ("tp", "fn", "fp", "tn")
        )
        # The same at each threshold, but for the rounding of sums.
        positives, negatives = (tp + fn).max(initial=0), (fp + tn).max(initial=0)
        if positives > 0 and (negatives > 0 or not self._needs_negatives(settings)):
            return value
        return np.full_like(value, np.nan) if isinstance(value, np.ndarray) else float("nan")


class _PrecisionCurve(_Curve):
    def _needs_negatives(self, settings: dict[str, Any]) -> bool:
        return False


class AUC(_Curve, theirs.AUC):  # type: ignore[misc]
    """Area under the curve of rates, or of precision and recall."""

    def _needs_negatives(self, settings: dict[str, Any]) -> bool:
        return str(settings["curve"]).upper() != "PR"


class AUCPrecisionRecall(_PrecisionCurve, theirs.AUCPrecisionRecall):  # type: ignore[misc]
    """Area under the curve of precision and recall."""


class SensitivityAtSpecificity(_Curve, theirs.SensitivityAtSpecificity):  # type: ignore[misc]
    """The best true positive rate at a true negative rate."""


class SpecificityAtSensitivity(_Curve, theirs.SpecificityAtSensitivity):  # type: ignore[misc]
    """The best true negative rate at a true positive rate."""


class RecallAtFalsePositiveRate(_Curve, theirs.RecallAtFalsePositiveRate):  # type: ignore[misc]
    """The best recall at a false positive rate."""


class PrecisionAtRecall(_PrecisionCurve, theirs.PrecisionAtRecall):  # type: ignore[misc]
    """The best precision at a recall."""


class RecallAtPrecision(_PrecisionCurve, theirs.RecallAtPrecision):  # type: ignore[misc]
    """The best recall at a precision."""


class ThresholdAtRecall(_PrecisionCurve, theirs.ThresholdAtRecall):  # type: ignore[misc]
    """The highest threshold that has a recall."""


_METRICS = (
    AUC,
    AUCPrecisionRecall,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    RecallAtFalsePositiveRate,
    PrecisionAtRecall,
    RecallAtPrecision,
    ThresholdAtRecall,
)
