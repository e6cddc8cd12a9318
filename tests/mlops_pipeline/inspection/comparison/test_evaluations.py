"""Metrics as evaluations write them, and as damaged files have them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from compared_runs import Story

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection.comparison import read_metrics_file
from mlops_pipeline.inspection.comparison.evaluations import Metric, as_number, metrics_of
from mlops_pipeline.inspection.comparison.run_records import read_records
from mlops_pipeline.store import ArtifactRecord


def read(story: Story, document: Any) -> tuple[list[Metric], list[str]]:
    story.run("a")
    story.evaluate("a", document)
    run = story.store.get_run("a")
    assert run
    return metrics_of(read_records(story.store, [run], 60.0)[0], story.read)


def test_metrics_are_read_overall_and_by_slice(story: Story) -> None:
    slices = [{"slice": {"sex": "f", "age": 3}, "metrics": {"auc": None}}]
    found, problems = read(story, {"overall": {"auc": 0.5}, "slices": slices})
    assert problems == []
    assert found == [
        Metric("Evaluate", "auc", (), 0.5),
        Metric("Evaluate", "auc", (("age", "3"), ("sex", "f")), None),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Evaluate: its metrics cannot be read: JSONDecodeError"),
        ("[]", "Evaluate: its metrics are no table"),
        ("[" * 100_000, "Evaluate: its metrics cannot be read: RecursionError"),
    ],
)
def test_a_damaged_file_is_named(story: Story, text: str, said: str) -> None:
    assert read(story, text) == ([], [said])


def test_parts_that_are_no_metrics_are_left_out(story: Story) -> None:
    slices: list[Any] = [3, {"slice": 3}, {"slice": {}, "metrics": {"auc": 1}}, {"slice": {"a": 1}}]
    assert read(story, {"overall": [1], "slices": slices}) == ([], [])


def test_a_slice_that_is_there_twice_counts_once(story: Story) -> None:
    slices = [{"slice": {"a": "x"}, "metrics": {"auc": n}} for n in (1, 2)]
    assert [metric.value for metric in read(story, {"slices": slices})[0]] == [1]


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    record = ArtifactRecord("ModelEvaluation", str(tmp_path))
    with pytest.raises(PipelineError, match=r"metrics.json is not there"):
        read_metrics_file()(record)
    (tmp_path / "metrics.json").write_text(json.dumps({"overall": {}}))
    assert read_metrics_file()(record) == b'{"overall": {}}'
    with (tmp_path / "metrics.json").open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(PipelineError, match="more than 20 MB"):
        read_metrics_file()(record)


@pytest.mark.parametrize("value", [True, "1", None, math.nan, math.inf, 10**400, [1]])
def test_only_finite_numbers_are_numbers(value: Any) -> None:
    assert as_number(value) is None
    assert as_number(3) == 3.0


def test_of_an_evaluation_whose_file_is_gone_the_recorded_metrics_count(story: Story) -> None:
    story.run("a")
    kept = ArtifactRecord("ModelEvaluation", "/gone", properties={"metrics": {"auc": 0.5}})
    story.node("a", "Evaluate", writes={"evaluation": kept})
    run = story.store.get_run("a")
    assert run
    found, problems = metrics_of(read_records(story.store, [run], 60.0)[0], story.read)
    assert found == [Metric("Evaluate", "auc", (), 0.5)]
    assert problems == [
        "Evaluate: metrics.json is not there; the overall metrics are those of its record"
    ]
