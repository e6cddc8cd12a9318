import importlib.util
import math
import random

import pytest

from mlops_pipeline.errors import ParameterError, PipelineError
from mlops_pipeline.monitoring import calibrator, estimate_losses, estimate_quality


def drawn(n: int, seed: int, harder: float = 0.0) -> tuple[list[float], list[int]]:
    """True probabilities and labels; `harder` moves them to the middle, as drifted inputs do."""
    draw = random.Random(seed)
    chances = [draw.betavariate(0.5, 0.5) * (1 - harder) + harder / 2 for _ in range(n)]
    return chances, [int(draw.random() < chance) for chance in chances]


@pytest.mark.parametrize("harder", [0.0, 0.5])
def test_estimates_are_what_labels_show_later(harder: float) -> None:
    chances, labels = drawn(20_000, 1, harder)
    answers = [int(chance >= 0.5) for chance in chances]
    found = estimate_quality(chances, answers)
    right = sum(a == y for a, y in zip(answers, labels, strict=True)) / len(labels)
    hits = sum(a and y for a, y in zip(answers, labels, strict=True))
    assert abs(found.accuracy - right) < 4 * found.error
    assert found.precision == pytest.approx(hits / sum(answers), abs=0.01)
    assert found.recall == pytest.approx(hits / sum(labels), abs=0.01)
    assert found.roc_auc == pytest.approx(area(chances, labels), abs=0.01)


def area(scores: list[float], labels: list[int]) -> float:
    """The area under the curve by ranks."""
    ordered = sorted(zip(scores, labels, strict=True))
    ranks = sum(rank for rank, (_, label) in enumerate(ordered, 1) if label)
    positives = sum(labels)
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(labels) - positives))


def test_equal_scores_rank_nothing() -> None:
    assert estimate_quality([0.3] * 10, [0] * 10).roc_auc == pytest.approx(0.5)


def test_answers_of_one_class_leave_undefined_what_is() -> None:
    found = estimate_quality([0.0, 0.0], [0, 0])
    assert found.accuracy == 1
    assert math.isnan(found.precision)
    assert math.isnan(found.roc_auc)


@pytest.mark.ml
def test_wrong_probabilities_are_made_true_ones() -> None:
    chances, labels = drawn(20_000, 2)
    too_sure = [chance**3 for chance in chances]
    right = calibrator(too_sure, labels)
    chances, labels = drawn(20_000, 3)
    answers = [int(chance >= 0.5) for chance in chances]
    found = estimate_quality(right([chance**3 for chance in chances]), answers)
    truth = sum(a == y for a, y in zip(answers, labels, strict=True)) / len(labels)
    assert found.accuracy == pytest.approx(truth, abs=0.015)
    wrong = estimate_quality([chance**3 for chance in chances], answers)
    assert abs(wrong.accuracy - truth) > 0.02


@pytest.mark.ml
def test_losses_of_harder_rows_are_estimated_higher() -> None:
    draw = random.Random(5)

    def rows(n: int, low: float) -> tuple[list[list[float]], list[float]]:
        features = [[draw.uniform(low, 1), draw.random()] for _ in range(n)]
        return features, [abs(draw.gauss(0, row[0])) for row in features]

    known, losses = rows(4000, 0)
    new, later = rows(2000, 0.5)
    found = estimate_losses(known, losses, new)
    assert sum(found) / len(found) == pytest.approx(sum(later) / len(later), abs=0.05)
    assert sum(found) / len(found) > sum(losses) / len(losses) + 0.1


@pytest.mark.parametrize("wrong", [[], [1.2], [-0.1], [math.nan]])
def test_what_is_no_probability_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ParameterError, match="between 0 and 1"):
        estimate_quality(wrong, [0] * len(wrong))


def test_rows_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ParameterError, match="1 probabilities have 2 answers"):
        estimate_quality([0.5], [0, 1])
    with pytest.raises(ParameterError, match="1 probabilities have 2 labels"):
        calibrator([0.5], [0, 1])
    with pytest.raises(ParameterError, match="1 rows have 0 losses"):
        estimate_losses([[1.0]], [], [[1.0]])
    with pytest.raises(ParameterError, match="no finite number"):
        estimate_losses([[1.0]], [math.nan], [[1.0]])


@pytest.mark.skipif(importlib.util.find_spec("sklearn") is not None, reason="scikit-learn is here")
def test_without_scikit_learn_the_error_says_what_to_install() -> None:
    with pytest.raises(PipelineError, match=r"needs scikit-learn.*\n.*\[business\]"):
        calibrator([0.1, 0.9], [0, 1])
