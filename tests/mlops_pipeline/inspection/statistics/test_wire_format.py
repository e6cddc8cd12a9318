"""Statistics read from their bytes."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from statistics_bytes import number_feature, statistics_bytes, text_feature

from mlops_pipeline.errors import StoreError
from mlops_pipeline.inspection.feature_statistics import Feature, Ranges, read_described
from mlops_pipeline.inspection.statistics.wire_format import parse_statistics

DATA = statistics_bytes(
    10,
    [
        text_feature("country", {"DE": 6, "FR": 3}, missing=1),
        number_feature("fare", [(0.0, 5.0, 4.0), (5.0, 10.0, 6.0)]),
        number_feature("empty", [], missing=10, kind=0),
    ],
)


def test_features_come_with_their_counts_and_ranges() -> None:
    found = parse_statistics(DATA)
    assert found.rows == 10
    assert found.features["country"] == Feature("country", "STRING", 9, 1, unique=2)
    assert found.texts == {"country": {"DE": 6.0, "FR": 3.0}}
    assert found.numbers["fare"] == Ranges(((0.0, 5.0, 4.0), (5.0, 10.0, 6.0)))
    assert (found.features["fare"].mean, found.features["empty"].mean) == (1.5, None)


def test_the_statistics_of_all_examples_are_taken() -> None:
    data = statistics_bytes(1, [], "a slice") + DATA + statistics_bytes(2, [], "another")
    assert parse_statistics(data).rows == 10
    assert parse_statistics(statistics_bytes(1, [], "a") + statistics_bytes(2, [], "b")).rows == 1
    assert parse_statistics(b"").features == {}


def test_whatever_the_bytes_are_they_are_statistics_or_refused() -> None:
    chance = random.Random(5)
    for _ in range(2_000):
        data = bytearray(DATA)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = bytes(data[: chance.randrange(len(data) + 1)])
        # Every other error would be a defect.
        with contextlib.suppress(StoreError):
            parse_statistics(cut)


@pytest.mark.parametrize("data", [b"text", b"\x0a\xff\xff\xff\xff\x0f", b"\x08" + b"\xff" * 20])
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(StoreError, match="no statistics"):
        parse_statistics(data)


@pytest.mark.ml
# TensorFlow's libraries warn as they are imported.
@pytest.mark.filterwarnings("ignore")
def test_the_library_reads_the_same_bytes_as_the_same_statistics(tmp_path: Path) -> None:
    import pandas
    from tensorflow_data_validation import generate_statistics_from_dataframe

    frame = pandas.DataFrame(
        {
            "number": [0.5, 1.5, None, 1e9] * 50,
            "whole": list(range(200)),
            "text": ["a", "b", "b", None] * 50,
            "same": [3] * 200,
        }
    )
    written = generate_statistics_from_dataframe(frame).SerializeToString()
    for data in (written, DATA):
        (tmp_path / "FeatureStats.pb").write_bytes(data)
        assert parse_statistics(data) == read_described(tmp_path, "")
