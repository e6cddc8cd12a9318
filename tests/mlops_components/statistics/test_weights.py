"""Weights that statistics cannot be weighted by, in both engines."""

from typing import Any

import pytest

from mlops_components import StatisticsGen, write_frames
from mlops_components.loaders import load_statistics
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def weighted(weights: list[Any], **given: Any) -> Any:
    import pandas as pd

    examples = artifact(Examples, {})
    frame = pd.DataFrame({"x": [float(n) for n in range(len(weights))], "w": weights})
    write_frames(examples, {"train": frame})
    options = {"weight_feature": "w"}
    result = run_component(StatisticsGen, examples=examples, stats_options=options, **given)
    return load_statistics(result.outputs["statistics"])["train"].datasets[0]


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        ([1.0, -5.0, 1.0], "have a weight below 0, NaN or infinite"),
        ([[1.0], [float("nan")], [1.0]], "have a weight below 0, NaN or infinite"),
        ([[1.0], [float("inf")], [1.0]], "have a weight below 0, NaN or infinite"),
        ([1.0, None, 1.0], "have no weight"),
        ([[1.0], [1.0, 2.0], [1.0]], "have several weights"),
    ],
    ids=["negative", "NaN", "infinite", "missing", "several"],
)
def test_weights_are_numbers_from_zero(weights: list[Any], what: str) -> None:
    with pytest.raises(ExecutorError, match=f"'w': 1 of 3 examples of a batch {what}") as caught:
        weighted(weights)
    assert caught.value.hint


def test_texts_are_no_weights() -> None:
    with pytest.raises(ExecutorError, match="'w': 2 of 2 examples of a batch have a text"):
        weighted(["a", "b"])


def test_weights_may_be_zero() -> None:
    assert weighted([0, 2, 1]).weighted_num_examples == 3


@pytest.mark.slow  # Beam takes ten seconds.
def test_beam_refuses_them_too() -> None:
    with pytest.raises(ExecutorError, match=r"weight feature 'w': .* have a weight below 0"):
        weighted([1.0, -5.0, 1.0], engine="beam")
