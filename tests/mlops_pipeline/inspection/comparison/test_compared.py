"""The page of a comparison."""

from __future__ import annotations

from mlops_pipeline.inspection.comparison import CAUSES, KINDS, Comparison, Row


def test_causes_and_metrics_are_chosen_of_the_rows_that_differ() -> None:
    rows = [
        Row("code", "f", (1, 2), differs=True),
        Row("code", "g", (1, 1)),
        Row("parameter", "to", (1, 2), differs=True, reaches_model=False),
        Row("metric", "auc", (1, 2), differs=True),
    ]
    found = Comparison((), "", tuple(rows))
    assert [row.name for row in found.differing] == ["f", "to", "auc"]
    assert [row.name for row in found.causes] == ["f"]
    assert [row.name for row in found.metrics] == ["auc"]


def test_every_cause_is_a_kind() -> None:
    assert set(CAUSES) < set(KINDS)
