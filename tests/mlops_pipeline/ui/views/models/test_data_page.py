"""The page of data compared, on real runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from data_runs import read_data_runs
from page_runs import HOSTILE, page, read_three_runs
from statistics_bytes import number_feature, statistics_bytes, text_feature

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, State
from mlops_pipeline.ui.views import Reader
from mlops_pipeline.ui.views.models.data_page import read_data_page

FIRST = [
    text_feature("country", {"DE": 90, "FR": 10}),
    number_feature("fare", [(0, 10, 100)]),
]
SECOND = [
    text_feature("country", {"DE": 30, "FR": 60, HOSTILE: 10}, missing=5),
    number_feature("fare", [(0, 10, 100)]),
    text_feature("new", {"x": 1}),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    data = [statistics_bytes(100, each) for each in (FIRST, SECOND, FIRST)]
    return read_data_runs(tmp_path_factory.mktemp("data"), data)


def test_two_versions_are_compared_by_their_stored_statistics(runs: Reader) -> None:
    found = page(runs, "data?a=Gen@1&b=Gen@2")
    assert [(row.span, row.rows, row.columns, row.note) for row in found.versions] == [
        (1, 100, 2, ""),
        (2, 100, 3, ""),
    ]
    assert found.counts == {"added": 1, "over the limit": 1, "within the limit": 1}
    assert (found.split, found.same_content) == ("train", False)
    by_name = {each.name: each for each in found.features}
    assert by_name["country"].new == (HOSTILE,)
    assert [chart.title for chart in found.charts] == ["new", "country", "fare"]


def test_a_dataset_alone_is_its_newest_versions_on_a_map(runs: Reader) -> None:
    for address in ("data?a=Gen", "data"):
        found = page(runs, address)
        assert [row.span for row in found.versions] == [1, 2, 3]
        assert found.charts[0].title == "Versions and features"
        assert found.charts[0].rows[0][0] == "new"


def test_the_data_behind_models_is_compared(runs: Reader) -> None:
    two, one = (record.id for record in runs.store.artifacts_by_type("Model")[:2])
    found = page(runs, f"data?a=model:{one}&b=model:{two}")
    assert [row.span for row in found.versions] == [2, 3]
    with pytest.raises(PipelineError, match="is no model"):
        page(runs, f"data?a=model:{one}&b=model:{found.versions[0].id}")


def test_another_split_limit_and_feature_may_be_asked_for(runs: Reader) -> None:
    found = page(runs, "data?a=Gen@1&b=Gen@2&limit=1&feature=fare")
    assert found.counts == {"added": 1, "within the limit": 2}
    assert [chart.title for chart in found.charts] == ["fare"]
    assert page(runs, "data?a=Gen@1&b=Gen@2&split=none").split == "train"


@pytest.mark.parametrize("limit", ["x", "nan", "-1", "2", "1e999"])
def test_a_limit_that_is_none_is_told(runs: Reader, limit: str) -> None:
    with pytest.raises(PipelineError, match="limit is"):
        page(runs, f"data?a=Gen@1&b=Gen@2&limit={limit}")


def test_what_cannot_be_read_is_told_and_never_within_the_limit(runs: Reader) -> None:
    found = page(replace(runs, roots=()), "data?a=Gen@1&b=Gen@2")
    assert all("outside the folders" in row.note for row in found.versions)
    assert found.features == ()
    record = runs.store.artifacts_by_type("ExampleStatistics", limit=1)[0]
    path = Path(record.uri, "Split-train", "FeatureStats.pb")
    whole = path.read_bytes()
    for data, note in ((b"text", "no statistics"), (b"", "no rows")):
        path.write_bytes(data)
        try:
            found = page(runs, "data?a=Gen@1&b=Gen@3")
        finally:
            path.write_bytes(whole)
        assert note in found.versions[1].note
        assert "within the limit" not in found.counts


def test_a_dataset_with_statistics_goes_before_a_newer_one_without(tmp_path: Path) -> None:
    reader = read_data_runs(tmp_path, [statistics_bytes(100, FIRST)])
    run = Execution("Shape", "p", "r", "Shape", State.COMPLETE)
    reader.store.put_execution(run, outputs={"shaped": [ArtifactRecord("Examples", "/x")]})
    found = page(reader, "data")
    assert [row.dataset for row in found.versions] == ["described.Gen.examples"]
    assert found.counts == {"not comparable": 2}


def test_data_without_statistics_and_no_data_are_told(tmp_path: Path) -> None:
    found = page(read_three_runs(tmp_path), "data")
    assert [row.note for row in found.versions] == ["no statistics: run StatisticsGen on it"]
    with pytest.raises(NotFoundError, match="no data yet"):
        page(Reader(MemoryStore()), "data")


@pytest.mark.slow  # A thousand features.
def test_a_thousand_features_are_read(tmp_path: Path) -> None:
    def wide(shift: int) -> bytes:
        numbers = [
            number_feature(f"n{n}", [(k, k + 1, n + k * shift + 1) for k in range(10)])
            for n in range(800)
        ]
        texts = [
            text_feature(f"t{n}", {f"v{k}": n + k * shift + 1 for k in range(20)})
            for n in range(200)
        ]
        return statistics_bytes(1000, [*numbers, *texts])

    reader = read_data_runs(tmp_path, [wide(1), wide(3)])
    found: Any = read_data_page(reader, ["Gen@1", "Gen@2"])
    assert len(found.features) == 1000
