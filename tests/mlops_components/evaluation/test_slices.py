"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

from typing import Any

import pytest
from evaluated_trips import CLASSES, Load, evaluate, rows, spec

from mlops_pipeline.artifacts import Examples

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_slices_leave_out_what_has_no_value(tips: dict[str, Any], load: Load) -> None:
    result = load(tips["evaluation"])
    hours = [metrics for where, metrics in result.slices if list(where) == ["hour"]]
    fares = sum(row["fare"] for row in rows())
    known = sum(row["fare"] for row in rows() if row["hour"] is not None)
    dear = [row for row in rows() if row["fare"] > 9 and row["payment"] == "Cash"]
    assert result.of(dear="Cash")["mean_label"] == pytest.approx(
        sum(row["tip"] for row in dear) / len(dear)
    )
    # Weighted by the fare, as the model spec has it.
    assert result.overall["example_count"] == pytest.approx(fares, rel=1e-6)
    assert sum(metrics["example_count"] for metrics in hours) == pytest.approx(known, rel=1e-6)
    assert known < fares


def test_small_slices_are_left_out(trips: Examples, load: Load) -> None:
    config = {
        **CLASSES,
        "options": {"min_slice_size": 100},
        "metrics_specs": [spec("ExampleCount")],
    }
    result = load(evaluate(trips, config)["evaluation"])
    assert result.of(payment="Card") == {
        "example_count": sum(r["payment"] == "Card" for r in rows())
    }
    assert result.of(payment="Cash") == {}
