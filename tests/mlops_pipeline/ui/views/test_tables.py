"""Tables of evaluations and statistics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_pipeline.store import ArtifactRecord, MemoryStore
from mlops_pipeline.ui.views import tables
from mlops_pipeline.ui.views.reader import Reader
from mlops_pipeline.ui.views.tables import tables_of


def evaluation(folder: Path, text: str) -> ArtifactRecord:
    (folder / "metrics.json").write_text(text)
    return ArtifactRecord("ModelEvaluation", str(folder), 1)


def known(folder: Path) -> Reader:
    return Reader(MemoryStore(), roots=(str(folder),))


def test_metrics_have_a_row_for_all_and_one_for_each_slice(tmp_path: Path) -> None:
    metrics = {
        "overall": {"auc": 0.9, "loss": float("nan")},
        "slices": [{"slice": {"country": "DE"}, "metrics": {"auc": 0.8}}],
    }
    (table,) = tables_of(known(tmp_path), evaluation(tmp_path, json.dumps(metrics)))
    assert table.columns == ("slice", "auc", "loss")
    assert table.rows == (("all examples", 0.9, "nan"), ("country=DE", 0.8, None))


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{", '{"overall": 3}', '{"slices": 3}', '{"slices": [3]}', "\x00"]
)
def test_a_damaged_file_is_a_table_with_a_note(tmp_path: Path, text: str) -> None:
    (table,) = tables_of(known(tmp_path), evaluation(tmp_path, text))
    assert (table.rows, "cannot be read" in table.note) == ((), True)


def test_a_file_that_is_gone_or_too_large_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = evaluation(tmp_path, '{"overall": {}}')
    monkeypatch.setattr(tables, "MOST_BYTES", 3)
    assert "too large" in tables_of(known(tmp_path), record)[0].note
    (tmp_path / "metrics.json").unlink()
    assert tables_of(known(tmp_path), record)[0].note


def test_other_types_have_no_table(tmp_path: Path) -> None:
    assert tables_of(known(tmp_path), ArtifactRecord("Model", str(tmp_path))) == ()


@pytest.mark.parametrize("names", ['["train"]', '["../../x"]', "[]", "x", 3])
def test_statistics_that_are_not_there_are_a_note(tmp_path: Path, names: object) -> None:
    record = ArtifactRecord("ExampleStatistics", str(tmp_path), properties={"split_names": names})
    for table in tables_of(known(tmp_path), record):
        assert (table.rows, bool(table.note)) == ((), True)


@pytest.mark.ml
@pytest.mark.parametrize(
    ("folder", "properties", "title"),
    [
        ("Split-train", {"split_names": '["train"]'}, "Split train"),
        # As Transform writes them.
        (".", {}, "Statistics"),
    ],
)
def test_statistics_have_a_row_for_each_feature(
    tmp_path: Path, folder: str, properties: dict[str, str], title: str
) -> None:
    from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

    numbers = pb.NumericStatistics(mean=2.5, max=4.0)
    numbers.common_stats.num_non_missing = 3
    feature = pb.FeatureNameStatistics(type=pb.FeatureNameStatistics.FLOAT, num_stats=numbers)
    feature.path.step.append("fare")
    found = pb.DatasetFeatureStatistics(name="All Examples", num_examples=3, features=[feature])
    (tmp_path / folder).mkdir(exist_ok=True)
    file = tmp_path / folder / "FeatureStats.pb"
    file.write_bytes(pb.DatasetFeatureStatisticsList(datasets=[found]).SerializeToString())
    record = ArtifactRecord("ExampleStatistics", f"file://{tmp_path}", properties=properties)
    (table,) = tables_of(known(tmp_path), record)
    assert (table.title, table.note) == (title, "3 rows, 1 features")
    assert table.rows[0][:5] == ("fare", "FLOAT", 3, 0, 2.5)
    file.write_bytes(b"\xff\xff")
    assert "holds no statistics" in tables_of(known(tmp_path), record)[0].note
