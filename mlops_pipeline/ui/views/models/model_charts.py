"""Charts of a model: slices, calibration, curves, confusion, training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlops_pipeline.inspection.models import (
    CALIBRATION,
    CONFUSION,
    CURVE,
    ModelReport,
    Plot,
    Results,
    SliceTable,
)
from mlops_pipeline.ui.views.charts import Chart, Spec, axis, make_chart
from mlops_pipeline.ui.views.plain_values import shown

MOST_BARS = 40
"""Slices of a chart; the table below has all of them."""

MOST_PLOTS = 12
"""Plots of a page, as a model of many classes has some for each."""

_SHARE: Spec = {"scale": {"domain": [0, 1]}}


def charts_of(report: ModelReport) -> tuple[Chart, ...]:
    """Return the charts of a model, without those that have nothing to draw."""
    found = list(_of_results(report.results)) if report.results else []
    if report.curve:
        found.append(_training(report.curve))
    return tuple(found)


def _of_results(results: Results) -> Iterator[Chart]:
    if results.table and results.table.rows:
        yield _bars(results.table)
    for plot in results.plots[:MOST_PLOTS]:
        of_what = f" of {plot.name}" if plot.name else ""
        if plot.kind == CALIBRATION:
            yield _calibration(plot, of_what)
        elif plot.kind == CURVE:
            yield _roc(plot, of_what)
            yield _precision(plot, of_what)
        elif plot.kind == CONFUSION:
            yield _confusion(plot, of_what)


def _bars(table: SliceTable) -> Chart:
    rows = [
        (row.label, row.value, row.interval.low, row.interval.high, row.examples, row.verdict)
        for row in (table.overall, *table.rows[:MOST_BARS])
        if row.value is not None
    ]
    where = axis("slice", "nominal", sort=None)
    spec: Spec = {
        "height": {"step": 18},
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "y": where,
                    "x": axis("value", "quantitative", shown(table.metric, 60)),
                    "color": axis("verdict", "nominal"),
                },
            },
            {
                "mark": {"type": "rule", "tooltip": True},
                "encoding": {
                    "y": where,
                    "x": axis("low", "quantitative", shown(table.metric, 60)),
                    "x2": {"field": "high"},
                },
            },
        ],
    }
    columns = ("slice", "value", "low", "high", "examples", "verdict")
    return make_chart(f"{table.metric} by slice", columns, rows, spec)


def _calibration(plot: Plot, of_what: str) -> Chart:
    spec: Spec = {
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": axis("predicted", "quantitative", "mean prediction", **_SHARE),
            "y": axis("actual", "quantitative", "share of positive labels", **_SHARE),
        },
    }
    columns = ("predicted", "actual", "examples")
    return make_chart(f"Calibration{of_what}", columns, plot.rows, spec)


def _roc(plot: Plot, of_what: str) -> Chart:
    rows = [(alarm, hit, threshold) for threshold, hit, alarm, _, _ in plot.rows]
    columns = ("false positive rate", "true positive rate", "threshold")
    return make_chart(f"ROC curve{of_what}", columns, rows, _line(columns))


def _precision(plot: Plot, of_what: str) -> Chart:
    rows = [
        (recall, precision, threshold)
        for threshold, _, _, precision, recall in plot.rows
        if precision is not None
    ]
    columns = ("recall", "precision", "threshold")
    return make_chart(f"Precision and recall{of_what}", columns, rows, _line(columns))


def _line(columns: Sequence[str]) -> Spec:
    across, up, order = columns
    return {
        "mark": "line",
        "encoding": {
            "x": axis(across, "quantitative", **_SHARE),
            "y": axis(up, "quantitative", **_SHARE),
            "order": {"field": order, "type": "quantitative"},
        },
    }


def _confusion(plot: Plot, of_what: str) -> Chart:
    spec: Spec = {
        "mark": "rect",
        "encoding": {
            "x": axis("predicted", "ordinal"),
            "y": axis("actual", "ordinal"),
            "color": axis("examples", "quantitative"),
        },
    }
    columns = ("actual", "predicted", "examples")
    return make_chart(f"Confusion{of_what}", columns, plot.rows, spec)


def _training(curve: Sequence[tuple[int, str, float]]) -> Chart:
    spec: Spec = {
        "mark": "line",
        "encoding": {
            "x": axis("step", "quantitative"),
            "y": axis("value", "quantitative"),
            "color": axis("metric", "nominal"),
        },
    }
    return make_chart("Training", ("step", "metric", "value"), curve, spec)
