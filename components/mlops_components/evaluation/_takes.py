"""Labels and predictions that each metric takes: how many, and in which range.

TFMA and Keras compute some number from any labels and predictions. Where these are not what a
metric is defined for, the number is another one than its name says; here they are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_components.evaluation._batches import SIGNED, Triples
from mlops_components.evaluation._sums import Numbers
from mlops_pipeline.errors import ExecutorError

_ROUNDING = 1e-5


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BINARY = _names(
    """AUC AUCPrecisionRecall BalancedAccuracy BinaryAccuracy ConfusionMatrixAtThresholds
    ConfusionMatrixPlot DiagnosticOddsRatio F1Score FN FNR FP FPR FallOut FalseDiscoveryRate
    FalseNegatives FalseOmissionRate FalsePositives FowlkesMallowsIndex Informedness Markedness
    MatthewsCorrelationCoefficient MaxRecall MissRate NPV NegativeLikelihoodRatio
    NegativePredictiveValue PPV PositiveLikelihoodRatio Precision PrecisionAtRecall
    PredictedPositiveRate Prevalence PrevalenceThreshold Recall RecallAtFalsePositiveRate
    RecallAtPrecision SensitivityAtSpecificity Specificity SpecificityAtSensitivity TN TNR TP TPR
    ThreatScore ThresholdAtRecall TrueNegatives TruePositives FairnessIndicators
    CoefficientOfDiscrimination RelativeCoefficientOfDiscrimination
    BinaryCrossEntropy BinaryCrossentropy BinaryFocalCrossentropy"""
)
"""Metrics of one probability and one label from 0 to 1."""

_SPARSE = _names(
    """SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
    MultiClassConfusionMatrixAtThresholds MultiClassConfusionMatrixPlot"""
)
"""Metrics of a score for each class, and the number of a class."""

_DENSE = _names(
    """CategoricalAccuracy CategoricalCrossentropy CategoricalCrossEntropy CategoricalHinge
    CategoricalFocalCrossentropy TopKCategoricalAccuracy"""
)
"""Metrics of a score for each class, and a label for each class."""

_EQUAL = _names(
    """MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError
    RootMeanSquaredError LogCosh LogCoshError Huber Poisson R2Score SquaredPearsonCorrelation Hinge
    SquaredHinge Accuracy"""
)
"""Metrics that compare each prediction with a label of its own."""

_PROBABILITIES = _names(
    """SparseCategoricalCrossentropy CategoricalCrossentropy CategoricalCrossEntropy
    CategoricalFocalCrossentropy MultiClassConfusionMatrixAtThresholds"""
)
"""Metrics of classes whose scores have to be probabilities."""


@dataclass(frozen=True)
class Takes:
    """A metric with what decides on its input.

    Args:
        name: of its class.
        by_class: whether classes are evaluated one by one, or aggregated, as the config says.
        ranged: whether predictions have to be from 0 to 1.
        top: number of classes among which the label may be, for the accuracy of the top ones.
    """

    name: str
    by_class: bool
    ranged: bool
    top: int = 0

    def check(self, triples: Triples) -> None:
        """Refuse labels and predictions that the metric is not defined for.

        Raises:
            ExecutorError: names the metric, what it was given, and what to write instead.
        """
        labels, predictions = triples.labels, triples.predictions
        if not predictions.size or not labels.size:
            return
        if self.name in _BINARY:
            self._check_binary(labels, predictions)
        elif self.name in _SPARSE:
            self._check_classes(predictions)
            if labels.shape[1] > 1 and self.name.startswith("Sparse"):
                raise self._unfit(
                    f"{_count(labels)} of labels",
                    "one, the number of the class",
                    f"use {self.name.removeprefix('Sparse')} for a label for each class",
                )
            self._check_ids(labels, predictions)
        elif self.name in _DENSE:
            self._check_classes(predictions)
            if labels.shape[1] != predictions.shape[1]:
                raise self._unfit(
                    f"{_count(labels)} of labels and {_count(predictions)} of predictions",
                    "a label for each class, 0 or 1",
                    f"use Sparse{self.name.replace('CrossEntropy', 'Crossentropy')} for labels "
                    "that are the numbers of classes",
                )
        elif self.name in _EQUAL and not self.by_class and labels.shape != predictions.shape:
            raise self._unfit(
                f"{_count(labels)} of labels and {_count(predictions)} of predictions",
                "as many predictions as labels",
                "let the model give one prediction for each label, or name its output with "
                "prediction_key",
            )
        if self.ranged:
            self._check_range(predictions)

    def _check_binary(self, labels: Numbers, predictions: Numbers) -> None:
        width = predictions.shape[1]
        if labels.shape[1] == 1 and width > 1:
            if not self.by_class:
                raise self._one_prediction(width)
            self._check_ids(labels, predictions)
            if width == 2 and _is_signed(labels):
                raise self._unfit("labels -1 and 1", "the number of a class, 0 or 1", SIGNED)
            return
        if width == 2 and not self.by_class and _is_softmax(labels, predictions):
            raise self._one_prediction(width)
        wrong = labels[~((labels >= 0) & (labels <= 1))]
        if wrong.size and (not self.by_class or _is_signed(labels)):
            raise ExecutorError(
                f"a label is {wrong[0]:g}: {self.name} is a metric of binary classification and "
                "takes labels from 0 to 1",
                hint=SIGNED
                if (wrong == -1).all()
                else "choose another label_key, or metrics of regression or of classes",
                retryable=False,
            )

    def _one_prediction(self, width: int) -> ExecutorError:
        return self._unfit(
            f"{width} columns of predictions",
            "one, the probability of the positive class",
            "give that column alone, as predict_proba(x)[:, 1]; or name the class with "
            "binarize={'class_ids': {'values': [1]}} in metrics_specs; or average over all of "
            "them with aggregate={'micro_average': True}",
        )

    def _check_classes(self, predictions: Numbers) -> None:
        if predictions.shape[1] == 1:
            raise self._unfit(
                "1 column of predictions",
                "a score for each class",
                "give the scores of all classes; the metric Accuracy compares numbers of classes, "
                "BinaryAccuracy takes one probability",
            )
        if self.top >= predictions.shape[1]:
            raise self._unfit(
                f"{_count(predictions)} of predictions",
                f"more than k, which is {self.top}: it would be 1 for every example",
                "set a smaller k in its config, or use the accuracy of the one top class",
            )

    def _check_ids(self, labels: Numbers, predictions: Numbers) -> None:
        if labels.shape[1] != 1:
            return
        # -1 is what a lookup gives for an unknown text: no class.
        count = predictions.shape[1]
        fits = (labels >= -1) & (labels < count) & (labels == np.floor(labels))
        if not fits.all():
            raise ExecutorError(
                f"a label is {labels[~fits][0]:g}, and the predictions have {count} columns: "
                f"{self.name} takes the number of a class as label, from 0 to {count - 1}",
                hint="let the model give a score for each class, or choose another label_key",
                retryable=False,
            )

    def _check_range(self, predictions: Numbers) -> None:
        low, high = float(predictions.min()), float(predictions.max())
        if low >= -_ROUNDING and high <= 1 + _ROUNDING:
            return
        fits = "; or set from_logits in its config" if "ross" in self.name else ""
        raise self._unfit(
            f"predictions from {low:g} to {high:g}",
            "probabilities, from 0 to 1",
            "apply sigmoid or softmax in the model, or name its output of probabilities with "
            f"prediction_key{fits}",
        )

    def _unfit(self, given: str, wanted: str, hint: str) -> ExecutorError:
        return ExecutorError(
            f"{self.name} is given {given}, and takes {wanted}", hint=hint, retryable=False
        )


def _is_signed(labels: Numbers) -> bool:
    """Return True for the labels -1 and 1 of binary classification, not those of classes."""
    return bool((np.abs(labels) == 1).all() and labels.min() < labels.max())


def _count(values: Numbers) -> str:
    width = values.shape[1]
    return f"{width} column{'s' if width > 1 else ''}"


def _is_softmax(labels: Numbers, predictions: Numbers) -> bool:
    """Return True for the two probabilities of one decision, not those of two independent ones."""
    sums = [each.sum(axis=1) for each in (labels, predictions)]
    # One row alone may add up to 1 by chance.
    return len(labels) > 1 and all(np.allclose(each, 1, rtol=0, atol=1e-5) for each in sums)


def wanted(config: Any) -> Iterator[tuple[str, str, Takes]]:
    """Yield model, output and needs of each metric of an `EvalConfig`.

    Metrics of the user's own modules take whatever they take.
    """
    several = len(config.model_specs) > 1
    for spec in config.metrics_specs:
        models = (list(spec.model_names) or [""]) if several else [""]
        for metric in spec.metrics:
            for model in models:
                for output in list(spec.output_names) or [""]:
                    yield model, output, _takes(spec, metric)


def _takes(spec: Any, metric: Any) -> Takes:
    settings = _settings(metric)
    keyed = any(settings.get(name) is not None for name in ("class_id", "top_k", "k"))
    by_class = keyed or spec.HasField("binarize") or spec.HasField("aggregate")
    known = not metric.module or metric.module.startswith(("tensorflow", "tf_keras", "keras"))
    top = settings.get("k", 5) if "TopKCategoricalAccuracy" in metric.class_name else 0
    name = metric.class_name if known else ""
    return Takes(name, by_class, known and _ranged(spec, metric), top if known else 0)


def _ranged(spec: Any, metric: Any) -> bool:
    if metric.class_name not in _BINARY | _PROBABILITIES:
        return False
    settings = _settings(metric)
    ranks = spec.binarize.top_k_list.values or spec.aggregate.top_k_list.values
    if settings.get("from_logits") or settings.get("top_k") is not None or ranks:
        return False
    given = settings.get("thresholds", settings.get("threshold"))
    thresholds = given if isinstance(given, list) else [] if given is None else [given]
    # Whoever names a threshold that is no probability has scores of another range.
    return all(isinstance(each, int | float) and 0 < each < 1 for each in thresholds)


def _settings(metric: Any) -> dict[str, Any]:
    try:
        found = json.loads(metric.config or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
