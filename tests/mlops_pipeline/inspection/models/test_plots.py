"""Plots as a few points each."""

from __future__ import annotations

import itertools
import json

import pytest
from model_runs import PLOTS

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection.models.plots import CALIBRATION, CONFUSION, CURVE, read_plots
from mlops_pipeline.store import ArtifactRecord

RECORD = ArtifactRecord("ModelEvaluation", "/x", 1)


def test_a_thousand_points_become_a_few_and_keep_both_ends() -> None:
    found, said = read_plots(RECORD, lambda record, path: json.dumps(PLOTS).encode())
    assert said == ""
    plots = {plot.kind: plot.rows for plot in found}
    assert set(plots) == {CALIBRATION, CURVE, CONFUSION}
    assert sum(float(row[2] or 0) for row in plots[CALIBRATION]) == 10_000
    assert (plots[CURVE][0][1], plots[CURVE][-1][1]) == (1.0, 0.0)
    # The area under a diagonal, by the trapezoids of the points that are left.
    points = [(float(r[2] or 0), float(r[1] or 0)) for r in plots[CURVE]]
    area = sum((a[0] - b[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points))
    assert area == pytest.approx(0.5, abs=1e-3)


def test_the_class_of_a_plot_is_named() -> None:
    bucket = {"numWeightedExamples": 1.0, "totalWeightedRefinedPrediction": 0.5}
    plots = {"out/calibrationHistogramBuckets@classId:2": {"buckets": [bucket]}}
    found, _ = read_plots(RECORD, lambda record, path: json.dumps([{"plots": plots}]).encode())
    assert [(plot.kind, plot.name) for plot in found] == [(CALIBRATION, "out classId:2")]


def test_an_evaluation_without_plots_has_nothing_to_complain_of() -> None:
    def gone(record: ArtifactRecord, path: str) -> bytes:
        raise NotFoundError(f"{path} is not there")

    assert read_plots(RECORD, gone) == ((), "")
    assert "cannot be read" in read_plots(RECORD, lambda record, path: b"{")[1]
