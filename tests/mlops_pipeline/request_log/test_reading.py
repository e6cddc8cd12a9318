"""The log read back: times, other versions, damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from logged_requests import DAY, NOON, SLOW, record, rows, written

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.request_log import LogPolicy, RequestLog, columns_of, read_requests, segments_of

pytestmark = pytest.mark.ml  # Parquet.


def test_versions_with_other_features_and_types_are_read_together(tmp_path: Path) -> None:
    policy = LogPolicy({"a": "keep", "b": "keep", "c": "keep"})
    written(tmp_path, record(NOON, {"a": [1], "c": [b"\xff\x00"]}), policy=policy)
    written(tmp_path, record(NOON + 1, {"a": [1.5], "b": ["x"], "c": ["text"]}), policy=policy)
    written(tmp_path, record(NOON + 2, {"a": ["odd"]}), policy=policy)
    found = rows(tmp_path)
    assert [row["in.a"] for row in found] == ["1", "1.5", "odd"]
    assert [row["in.b"] for row in found] == [None, "x", None]
    assert [row["in.c"] for row in found] == [b"\xff\x00", b"text", None]
    table = read_requests(tmp_path, "taxi", NOON, NOON + 9, columns=["in.b", "version", "nobody"])
    assert set(table.column_names) == {"time", "in.b", "version"}
    assert columns_of(table, "in.") == ["b"]


def test_only_the_rows_of_a_time_are_read_also_after_midnight(tmp_path: Path) -> None:
    midnight = NOON + DAY / 2
    log = RequestLog(tmp_path, None, SLOW)
    for at in (midnight - 1, midnight, midnight + 1, NOON + 3 * DAY):
        log.note(record(at, request_id=str(at - midnight)))
    log.close()
    found = rows(tmp_path, midnight, midnight + 1)
    assert [row["request_id"] for row in found] == ["0.0"]
    assert len(rows(tmp_path, 0, NOON + 9 * DAY)) == 4
    assert len({segment.day for segment in segments_of(tmp_path, "taxi")}) == 3
    empty = read_requests(tmp_path, "taxi", 0, 1)
    assert (empty.num_rows, "version" in empty.column_names) == (0, True)


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    written(tmp_path, record(NOON))
    for name in ("taxy", "../taxi", "keys"):
        with pytest.raises(NotFoundError):
            read_requests(tmp_path, name, 0, NOON) if name != "keys" else read_requests(
                tmp_path / "none", name, 0, NOON
            )


def test_a_damaged_segment_is_named_and_not_left_out(tmp_path: Path) -> None:
    written(tmp_path, record(NOON))
    (segment,) = segments_of(tmp_path, "taxi")
    segment.path.write_bytes(segment.path.read_bytes()[:-20])
    with pytest.raises(PipelineError, match=segment.path.name):
        rows(tmp_path)
