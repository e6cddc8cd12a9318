"""Charts of a model."""

from __future__ import annotations

from mlops_pipeline.inspection.models import (
    Evaluation,
    ModelReport,
    Results,
    SliceMetrics,
    rank_slices,
)
from mlops_pipeline.ui.views.models.model_charts import MOST_BARS, charts_of


def report(*slices: SliceMetrics) -> ModelReport:
    evaluation = Evaluation(1, SliceMetrics((), {"auc": 0.9}), slices)
    results = Results(1, "E", "r", evaluation, "auc", rank_slices(evaluation, "auc"))
    return ModelReport(1, "/m", "", "LIVE", 0.0, {}, None, results=results)


def test_without_slices_there_is_no_chart_of_them() -> None:
    assert charts_of(report()) == ()


def test_a_chart_has_the_worst_of_many_slices() -> None:
    many = [SliceMetrics((("n", str(n)),), {"auc": n / 1000}) for n in range(1000)]
    (chart,) = charts_of(report(*many))
    assert len(chart.rows) == MOST_BARS + 1
    assert chart.rows[0][0] == "all examples"
    assert chart.rows[1][:2] == ("n=0", 0.0)
    assert chart.columns == ("slice", "value", "low", "high", "examples", "verdict")
