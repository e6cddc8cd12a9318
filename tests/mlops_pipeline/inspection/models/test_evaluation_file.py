"""Evaluations read from their files, ours and those of others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection.models.evaluation_file import read_evaluation
from mlops_pipeline.store import ArtifactRecord

RECORD = ArtifactRecord("ModelEvaluation", "/x", 7, properties={"metrics": {"auc": 0.5}})


def read(document: Any) -> Any:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_evaluation(RECORD, lambda record, path: data)


def test_metrics_intervals_and_the_verdict_are_read() -> None:
    found = read(
        {
            "overall": {"example_count": 10, "auc": 0.9},
            "intervals": {"auc": [0.8, 1.0]},
            "slices": [{"slice": {"b": "x", "a": 1}, "metrics": {"auc": float("nan"), "n": None}}],
            "validation": {"blessed": False, "reasons": ["too low"]},
        }
    )
    assert (found.overall.examples, found.overall.intervals) == (10, {"auc": (0.8, 1.0)})
    (one,) = found.slices
    assert (one.label, one.metrics, one.unknown) == ("a=1, b=x", {}, ("auc", "n"))
    assert (found.blessed, found.reasons, found.problem) == (False, ("too low",), "")
    assert found.metrics == ("example_count", "auc", "n")


@pytest.mark.parametrize(
    "document",
    [
        {"overall": [], "slices": {"a": 1}, "validation": 3, "intervals": 5},
        {"overall": None, "slices": [1, None, {"slice": 3}, {"slice": {}}]},
        {"slices": [{"slice": {"a": [1]}, "metrics": 3, "intervals": {"x": [1]}}]},
        {"overall": {"auc": "high", "x": True, "y": 10**400}},
        {"intervals": {"auc": [2, 1], "b": ["x", 3], "c": [-1e308, 1e308]}},
    ],
)
def test_what_is_not_as_ours_is_read_as_far_as_it_goes(document: Any) -> None:
    found = read(document)
    assert found.problem == ""
    assert (dict(found.overall.metrics), dict(found.overall.intervals)) == ({}, {})


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_a_damaged_file_leaves_the_metrics_of_the_record(data: bytes) -> None:
    found = read(data)
    assert found.problem
    assert found.overall.metrics == {"auc": 0.5}


def test_a_file_that_is_gone_is_told() -> None:
    def gone(record: ArtifactRecord, path: str) -> bytes:
        raise NotFoundError("the files are gone")

    assert read_evaluation(ArtifactRecord("ModelEvaluation", "/x"), gone).problem == (
        "the files are gone"
    )


def test_the_same_slice_twice_counts_once() -> None:
    rows = [{"slice": {"a": 1}, "metrics": {"auc": v}} for v in (0.1, 0.2)]
    assert [dict(each.metrics) for each in read({"slices": rows}).slices] == [{"auc": 0.1}]


def test_other_names_for_the_number_of_examples_are_known() -> None:
    assert read({"overall": {"support": 3}}).overall.examples == 3
    assert read({"overall": {"out/example_count": 4}}).overall.examples == 4
    assert read({"overall": {"auc": 4}}).overall.examples is None
