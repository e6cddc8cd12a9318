"""What files measure, beside the event of the node that wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.openlineage.facets import own
from mlops_pipeline.openlineage.measured import with_measures


def dataset(kind: str, uri: Path, key: str = "x") -> dict[str, Any]:
    facet = own("MlopsArtifactDatasetFacet", artifactId=1, key=key, type=kind, uri=str(uri))
    return {"namespace": "n", "name": "a", "facets": {"mlops_artifact": facet}}


def event(inputs: list[Any], output: Any) -> dict[str, Any]:
    return {"eventType": "COMPLETE", "inputs": inputs, "outputs": [output]}


def test_metrics_of_an_evaluation_describe_its_model(tmp_path: Path) -> None:
    found = {
        "overall": {"auc": 0.9, "loss": float("nan")},
        "slices": [{"slice": {"country": "DE"}, "metrics": {"auc": 0.7}}],
    }
    (tmp_path / "metrics.json").write_text(json.dumps(found))
    inputs = [dataset("Model", tmp_path, "model"), dataset("Model", tmp_path, "baseline_model")]
    done = with_measures(event(inputs, dataset("ModelEvaluation", tmp_path)))
    facet = done["inputs"][0]["facets"]["mlops_model"]
    assert facet["metrics"] == {"auc": 0.9, "loss": "nan"}
    assert facet["slices"][0]["metrics"] == {"auc": 0.7}
    assert "mlops_model" not in done["inputs"][1]["facets"]


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"overall": 3}', "[" * 100_000, "\0"])
def test_files_that_say_nothing_add_nothing(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "metrics.json").write_text(text)
    model = dataset("Model", tmp_path)
    done = with_measures(event([model], dataset("ModelEvaluation", tmp_path)))
    assert list(done["inputs"][0]["facets"]) == ["mlops_artifact"]


def test_events_of_others_stay_as_they_are() -> None:
    for each in ({}, {"eventType": "COMPLETE"}, {"eventType": "COMPLETE", "outputs": [{}]}):
        assert with_measures(dict(each)) == each


@pytest.mark.ml
def test_statistics_describe_the_examples_that_they_are_of(tmp_path: Path) -> None:
    from tensorflow_metadata.proto.v0 import statistics_pb2

    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    whole = statistics.datasets.add(num_examples=10)
    number = whole.features.add(name="age", type=1)
    number.num_stats.common_stats.num_non_missing = 9
    number.num_stats.common_stats.num_missing = 1
    number.num_stats.common_stats.tot_num_values = 9
    number.num_stats.min, number.num_stats.max, number.num_stats.mean = 1.0, 5.0, 2.0
    whole.features.add(name="word", type=2).string_stats.unique = 4
    folder = tmp_path / "Split-train"
    folder.mkdir()
    (folder / "FeatureStats.pb").write_bytes(statistics.SerializeToString())
    done = with_measures(
        event([dataset("Examples", tmp_path)], dataset("ExampleStatistics", tmp_path))
    )
    facet = done["inputs"][0]["inputFacets"]["dataQualityMetrics"]
    assert facet["rowCount"] == 10
    assert facet["columnMetrics"]["age"] == {
        "nullCount": 1,
        "count": 9,
        "min": 1.0,
        "max": 5.0,
        "sum": 18.0,
        "quantiles": {"0.5": 0.0},
    }
    assert facet["columnMetrics"]["word"]["distinctCount"] == 4
    (folder / "FeatureStats.pb").write_bytes(b"\xff\xff\xff")
    done = with_measures(
        event([dataset("Examples", tmp_path)], dataset("ExampleStatistics", tmp_path))
    )
    assert "inputFacets" not in done["inputs"][0]
