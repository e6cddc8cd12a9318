"""Quality of a model before its labels are there.

CBPE: with calibrated probabilities, expected counts of right and wrong answers give expected
metrics. DLE: a second model learns the losses of a regression. Both hold while inputs change, and
not while what is to be learned changes: only labels show that. They follow NannyML's documents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value import missing_business

_LOSS_MODEL = "a second model"


@dataclass(frozen=True)
class EstimatedQuality:
    """Estimated metrics of a binary classifier, without labels.

    Args:
        roc_auc: NaN where all answers would be of one class.
        error: standard error of the accuracy, for the number of rows.
    """

    rows: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    roc_auc: float
    error: float


def calibrator(probabilities: Sequence[float], labels: Sequence[int]) -> Callable[..., list[float]]:
    """Return a function that makes probabilities true ones, by isotonic regression.

    Needs scikit-learn. Fit it on data with labels that the model has not learned from.
    """
    _refuse_probabilities(probabilities)
    if len(probabilities) != len(labels) or not {*labels} <= {0, 1}:
        raise ParameterError(
            f"{len(probabilities)} probabilities have {len(labels)} labels",
            hint="give a label, 0 or 1, for each",
        )
    model = _sklearn("isotonic", "a calibrator").IsotonicRegression(
        y_min=0.0, y_max=1.0, out_of_bounds="clip"
    )
    model.fit(list(probabilities), list(labels))
    return lambda given: [float(each) for each in model.predict(list(given))]


def estimate_quality(
    calibrated: Sequence[float], answers: Sequence[int], scores: Sequence[float] | None = None
) -> EstimatedQuality:
    """Return the metrics that are to be expected (CBPE).

    Args:
        calibrated: true probabilities of class 1; see `calibrator`.
        answers: what the model answered, 0 or 1.
        scores: what it ranks by, for the area under the curve; the probabilities by default.
    """
    _refuse_probabilities(calibrated)
    ranked = calibrated if scores is None else scores
    if not len(calibrated) == len(answers) == len(ranked) or not {*answers} <= {0, 1}:
        raise ParameterError(
            f"{len(calibrated)} probabilities have {len(answers)} answers and {len(ranked)} scores",
            hint="give an answer, 0 or 1, and a score for each",
        )
    n = len(calibrated)
    pairs = list(zip(calibrated, answers, strict=True))
    right = math.fsum(p for p, answer in pairs if answer)
    wrong = math.fsum(1 - p for p, answer in pairs if answer)
    missed = math.fsum(p for p, answer in pairs if not answer)
    accuracy = (right + math.fsum(1 - p for p, answer in pairs if not answer)) / n
    precision = right / (right + wrong) if right + wrong else math.nan
    recall = right / (right + missed) if right + missed else math.nan
    both = 2 * right + wrong + missed
    variance = math.fsum(p * (1 - p) for p in calibrated)
    return EstimatedQuality(
        n,
        accuracy,
        precision,
        recall,
        2 * right / both if both else math.nan,
        _expected_auc(calibrated, ranked),
        math.sqrt(variance) / n,
    )


def _expected_auc(calibrated: Sequence[float], scores: Sequence[float]) -> float:
    """Return the area under the curve of expected true and false positives."""
    positives = math.fsum(calibrated)
    negatives = len(calibrated) - positives
    if positives <= 0 or negatives <= 0:
        return math.nan
    by_score: dict[float, tuple[float, int]] = {}
    for p, score in zip(calibrated, scores, strict=True):
        total, count = by_score.get(score, (0.0, 0))
        by_score[score] = (total + p, count + 1)
    area = above = 0.0
    for score in sorted(by_score, reverse=True):
        total, count = by_score[score]
        # Rows of one score stand beside each other: half of their pairs count.
        area += (count - total) * (above + total / 2)
        above += total
    return area / (positives * negatives)


def estimate_losses(
    features: Sequence[Sequence[float]],
    losses: Sequence[float],
    new_features: Sequence[Sequence[float]],
) -> list[float]:
    """Return the loss that is to be expected of each new row (DLE). Needs scikit-learn.

    Args:
        features: features and predictions of rows whose losses are known, from data that the model
            has not learned from.
        losses: absolute or squared errors of these rows.
    """
    if len(features) != len(losses) or not features:
        raise ParameterError(
            f"{len(features)} rows have {len(losses)} losses", hint="give a loss for each row"
        )
    if not all(map(math.isfinite, losses)):
        raise ParameterError("a loss is no finite number", hint="leave such rows out")
    model = _sklearn("ensemble", _LOSS_MODEL).HistGradientBoostingRegressor(random_state=0)
    model.fit([list(row) for row in features], list(losses))
    return [float(each) for each in model.predict([list(row) for row in new_features])]


def _refuse_probabilities(probabilities: Sequence[float]) -> None:
    if not probabilities or not all(0 <= p <= 1 for p in probabilities):
        raise ParameterError(
            "probabilities are missing, or not between 0 and 1",
            hint="give the probability of class 1 of each row",
        )


def _sklearn(module: str, what: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"sklearn.{module}")
    except ImportError:
        raise missing_business(what, "scikit-learn") from None
