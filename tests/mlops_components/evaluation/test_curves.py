"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

import random

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("buckets", [0, 1, 40, 900])
def test_curves_are_equal_to_the_last_bit(buckets: int) -> None:
    from tensorflow_model_analysis.metrics import binary_confusion_matrices as bcm
    from tensorflow_model_analysis.metrics import calibration_histogram as ch

    from mlops_components.evaluation import _curves

    draw = random.Random(buckets)
    ids = sorted(draw.sample(range(ch.DEFAULT_NUM_BUCKETS + 2), buckets))
    histogram = [ch.Bucket(i, draw.random(), draw.random(), 1 + draw.random()) for i in ids]
    for thresholds in ([0.5], [0.25, 0.75], [-1e-7, 0.1, 0.5, 1.0 + 1e-7], [-0.5, 0.3, 1.5]):
        theirs = ch.rebin(thresholds, histogram)
        ours = _curves.rebin(thresholds, histogram)
        assert list(ours) == theirs
        assert [ours[place] for place in range(len(ours))] == theirs
        wanted = bcm._histogram_to_binary_confusion_matrices(thresholds, theirs)
        assert _curves.matrices(thresholds, ours) == wanted
        assert _curves.matrices(thresholds, theirs) == wanted
