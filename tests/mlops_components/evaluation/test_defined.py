"""Metrics that no example defines are null, and no threshold lets them pass."""

from typing import Any

import pytest
from evaluated_models import column, config
from evaluated_trips import Load

from mlops_components import Evaluator
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

CURVES = ["AUC", "AUCPrecisionRecall"]


def metric(name: str, **threshold: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"class_name": name}
    at = {"RecallAtPrecision": "precision", "SensitivityAtSpecificity": "specificity"}.get(name)
    if at:
        found["config"] = f'{{"{at}": 0.5}}'
    return {**found, "threshold": {"value_threshold": threshold}} if threshold else found


def evaluated(labels: list[int], engine: str = "memory") -> dict[str, Any]:
    rows = [
        {"y": y, "p": 0.1 + 0.2 * (n % 4), "s": "one" if n < 4 else "both"}
        for n, y in enumerate(labels)
    ]
    names = [*CURVES, "RecallAtPrecision", "SensitivityAtSpecificity", "Recall"]
    model = {"label_key": "y", "prediction_key": "p"}
    slices = ({}, {"feature_keys": ["s"]})
    metrics = [metric(name) for name in names[1:]] + [metric("AUC", upper_bound=1.0)]
    given = config(*metrics, slices=slices, model=model)
    return run_component(Evaluator, examples=column(rows), eval_config=given, engine=engine).outputs


@pytest.mark.parametrize(
    "engine",
    ["memory", pytest.param("beam", marks=pytest.mark.slow)],  # Beam: ten seconds
)
def test_curves_of_one_class_are_null(engine: str, load: Load) -> None:
    outputs = evaluated([0] * 4, engine)
    assert set(load(outputs["evaluation"]).overall.values()) == {None}
    assert outputs["blessing"].properties["blessed"] == 0


def test_curve_of_precision_needs_positives_only(load: Load) -> None:
    found = load(evaluated([1] * 4)["evaluation"]).overall
    assert found["auc"] is None
    assert found["sensitivity_at_specificity"] is None
    assert found["auc_precision_recall"] == pytest.approx(1.0)


def test_slices_of_both_classes_keep_their_numbers(load: Load) -> None:
    found = load(evaluated([0, 0, 0, 0, 0, 0, 1, 1])["evaluation"])
    assert found.of(s="one")["auc"] is None
    assert found.of(s="both")["auc"] == pytest.approx(1.0)
    assert found.overall["auc"] == pytest.approx(10 / 12)


KERAS = ["BinaryCrossentropy", "RootMeanSquaredError", "BinaryAccuracy", "CosineSimilarity"]


@pytest.mark.parametrize(
    "engine",
    ["memory", pytest.param("beam", marks=pytest.mark.slow)],  # Beam: ten seconds
)
def test_means_over_no_weight_are_null(engine: str, load: Load) -> None:
    rows = [
        {"y": n % 2, "p": 0.2 + 0.1 * n, "w": float(n > 2), "s": "none" if n < 3 else "some"}
        for n in range(6)
    ]
    model = {"label_key": "y", "prediction_key": "p", "example_weight_key": "w"}
    metrics = [metric(name, lower_bound=-1.0) for name in KERAS]
    given = config(*metrics, slices=({}, {"feature_keys": ["s"]}), model=model)
    outputs = run_component(
        Evaluator, examples=column(rows), eval_config=given, engine=engine
    ).outputs
    found = load(outputs["evaluation"])
    assert set(found.of(s="none").values()) == {None}
    assert found.of(s="some") == found.overall
    assert None not in found.overall.values()
    weightless = [{**row, "w": 0.0} for row in rows]
    outputs = run_component(Evaluator, examples=column(weightless), eval_config=given).outputs
    assert outputs["blessing"].properties["blessed"] == 0


def test_share_of_no_variance_is_null(load: Load) -> None:
    model = {"label_key": "y", "prediction_key": "p"}
    given = config(metric("R2Score", lower_bound=-9.0), model=model)
    rows = [{"y": 1.0, "p": 0.1 * n} for n in range(4)]
    outputs = run_component(Evaluator, examples=column(rows), eval_config=given).outputs
    assert load(outputs["evaluation"]).overall == {"r2_score": None}
    assert outputs["blessing"].properties["blessed"] == 0
    rows = [{"y": 0.1 * n, "p": 0.1 * n} for n in range(4)]
    outputs = run_component(Evaluator, examples=column(rows), eval_config=given).outputs
    assert load(outputs["evaluation"]).overall == {"r2_score": pytest.approx(1.0)}


@pytest.mark.parametrize("name", ["ConfusionMatrixPlot", "MultiClassConfusionMatrixPlot"])
def test_plots_need_no_metrics(name: str, load: Load) -> None:
    rows = [{"y": n % 2, "p": 0.4 if name == "ConfusionMatrixPlot" else [0.4, 0.6]} for n in (0, 1)]
    given = config({"class_name": name}, model={"label_key": "y", "prediction_key": "p"})
    outputs = run_component(Evaluator, examples=column(rows), eval_config=given).outputs
    found = load(outputs["evaluation"])
    assert found.overall == {}
    assert found.plots
