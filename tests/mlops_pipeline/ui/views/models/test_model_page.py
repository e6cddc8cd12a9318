"""The page of a model, on real runs and on what others may have written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lineage_history import History
from model_runs import read_judged_runs
from page_runs import HOSTILE, hostile_reader, page

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.store import ArtifactRecord, Direction, Execution, MemoryStore, State
from mlops_pipeline.ui.views import Reader, plain
from mlops_pipeline.ui.views.models import read_card, read_model_page


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return read_judged_runs(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def found(judged: Reader) -> Any:
    return page(judged, "model?id=last")


def test_a_model_has_its_run_data_parameters_and_code(found: Any) -> None:
    made = found.model.made
    assert (made.run, made.node, made.parameters["steps"]) == ("two", "Train", 6)
    assert made.run_parameters == {"steps": 6, "german": 0.5}
    assert any("Train" in name for name in made.code.parts)
    assert made.code.packages["python"]
    (data,) = found.model.data
    assert (data.dataset, data.span, data.rows) == ("judged.Gen.examples", 3, {"train": 1})


def test_a_warm_start_is_a_chain(found: Any, judged: Reader) -> None:
    (first,) = found.model.chain
    assert first == found.model.before
    assert page(judged, f"model?id={first}").model.chain == ()


def test_slices_come_worst_first_with_what_their_numbers_are_worth(found: Any) -> None:
    table = found.model.results.table
    assert (table.metric, table.tested, table.folded) == ("binary_accuracy", 2, 1)
    assert [(row.label, row.verdict) for row in table.rows] == [
        ("country=DE", "worse"),
        ("country=FR", "no difference shown"),
        ("country=AT", "no examples"),
    ]
    assert table.rows[0].same_as == ("country=DE, lang=de",)
    assert table.rows[0].interval.method == "Wilson"


def test_another_metric_ranks_the_slices(judged: Reader) -> None:
    found = page(judged, "model?id=last&metric=area").model.results
    assert found.table.overall.interval.method == "of the evaluation"
    assert [row.verdict for row in found.table.rows][:2] == ["not tested", "not tested"]
    unknown = page(judged, "model?id=last&metric=nothing").model.results
    assert unknown.metric == "binary_accuracy"
    assert "no metric 'nothing'" in unknown.notes[0]


def test_thresholds_pass_and_fail_and_no_examples_never_pass(found: Any) -> None:
    said = [
        (each.label, each.limit, each.passed, each.why) for each in found.model.results.thresholds
    ]
    assert said == [
        ("all examples", "a change of at least 0.5 of the baseline's number", False, ""),
        ("country=DE", "at least 0.75", False, ""),
        ("country=AT", "at least 0.75", False, "no examples"),
        ('{"featureValues": {"country": "XX"}}', "a threshold", False, "no example is in it"),
        ("all examples", "at least 0.5", True, ""),
        ("all examples", "a change of at least -0.05", True, ""),
        ("country=FR", "at least 0.75", True, ""),
    ]
    assert found.model.results.evaluation.blessed is False


def test_a_model_stands_beside_the_one_before(found: Any) -> None:
    results = found.model.results
    assert results.same_examples is True
    assert results.change.said == (
        "binary_accuracy of all examples is the same; 1 of 2 slices loses, 1 of them beyond noise"
    )
    assert [(row.label, row.verdict) for row in results.change.rows] == [
        ("country=DE", "loses"),
        ("country=AT", "no number"),
        ("country=FR", "the same"),
    ]


def test_plots_and_the_training_are_charts_of_a_few_points(found: Any) -> None:
    charts = {chart.title: chart for chart in found.charts}
    assert list(charts) == [
        "binary_accuracy by slice",
        "Calibration",
        "ROC curve",
        "Precision and recall",
        "Confusion",
        "Training",
    ]
    assert 3 < len(charts["Calibration"].rows) <= 20
    assert 20 < len(charts["ROC curve"].rows) <= 52
    assert charts["ROC curve"].rows[0][:2] == (1.0, 1.0)
    assert charts["ROC curve"].rows[-1][:2] == (0.0, 0.0)
    assert charts["Confusion"].rows == (("0", "1", 3.0),)
    assert 100 < len(charts["Training"].rows) <= 201
    assert charts["Training"].rows[-1][0] == 999
    assert found.model.notes == ("training: 1 lines cannot be read",)


def test_the_facts_are_json(found: Any) -> None:
    assert json.loads(json.dumps(plain(found), allow_nan=False))["model"]["id"] == found.model.id


def test_files_are_read_only_below_the_known_folders(judged: Reader) -> None:
    found = page(replace(judged, roots=()), "model?id=last").model
    assert found.results.evaluation.overall.metrics == {}
    assert any("outside the folders" in note for note in found.results.notes)
    assert (found.curve, found.results.table) == ((), None)


def test_a_model_without_anything_is_a_page() -> None:
    store = MemoryStore()
    store.put_execution(
        Execution("T", "p", "r", "T", State.COMPLETE),
        outputs={"m": [ArtifactRecord("Model", "/m")]},
    )
    found = read_model_page(Reader(store), "last").model
    assert (found.results, found.data, found.before, found.chain) == (None, (), None, ())
    assert "has not been evaluated" in read_card(Reader(store), "last")


def test_what_is_no_model_is_told(judged: Reader) -> None:
    number = judged.store.artifacts_by_type("Examples")[0].id
    with pytest.raises(PipelineError, match="is no model, but Examples"):
        read_model_page(judged, str(number))
    with pytest.raises(NotFoundError, match="there is no model yet"):
        read_model_page(Reader(MemoryStore()), "last")
    with pytest.raises(NotFoundError):
        read_model_page(judged, "999999")


def test_models_that_start_from_each_other_in_a_circle_end() -> None:
    history = History()
    one = history.make("Train", writes="Model")
    execution, (two,) = history.add("Train", reads=[one], writes="Model", run="r2")
    event = history.store.events_by_execution([execution])[0]
    damaged = MemoryStore()
    damaged.__dict__.update(history.store.__dict__)
    first = next(e for e in damaged.executions_of_run("r1"))
    damaged.put_execution(
        replace(first, id=0, name="again", state=State.COMPLETE), inputs={"x": [two]}
    )
    assert event.direction in Direction
    assert len(read_model_page(Reader(damaged), str(two)).model.chain) <= 2


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("metrics.json", "{"),
        ("metrics.json", '{"overall": {"binary_accuracy": NaN}, "slices": [{}]}'),
        ("metrics.json", '{"overall": {"example_count": 0, "binary_accuracy": 1}}'),
        ("eval_config.json", "[]"),
        ("eval_config.json", '{"evalConfig": {"metricsSpecs": [3, {"metrics": [4]}]}}'),
        ("plots.json", '[{"plots": {"calibrationHistogramBuckets": [1]}}, 3]'),
        ("plots.json", '{"a": 1}'),
        ("plots.json", '[{"slice": {}, "plots": {"confusionMatrixAtThresholds": {}}}]'),
    ],
)
def test_damaged_files_hide_nothing_else(judged: Reader, file: str, text: str) -> None:
    (evaluation, *_) = judged.store.artifacts_by_type("ModelEvaluation", limit=1)
    path = Path(evaluation.uri, file)
    whole = path.read_text()
    path.write_text(text)
    try:
        found, card = read_model_page(judged, "last"), read_card(judged, "last")
    finally:
        path.write_text(whole)
    assert found.model.made
    assert found.model.made.run == "two"
    assert json.dumps(plain(found), allow_nan=False)
    if "count" in text:
        assert found.model.results
        assert not found.model.results.has_examples
        assert "nothing is known of this model" in card


def test_hostile_names_are_shown_as_any(tmp_path: Path) -> None:
    hostile = hostile_reader(tmp_path)
    found = read_model_page(hostile, "last")
    assert found.model.digest == HOSTILE
    card = read_card(hostile, "last")
    assert "<script>" not in card
    assert "\u202e" not in card
    assert "\x1b" not in card
