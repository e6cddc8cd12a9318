"""The log on the disk: whole segments, odd values, full disks, killed writers, and reading."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from logged_requests import DAY, NOON, SLOW, record, rows, written

from mlops_pipeline.request_log import (
    LogOptions,
    LogPolicy,
    PeriodKeys,
    RequestLog,
    RequestRecord,
    segments_of,
)

pytestmark = pytest.mark.ml  # Parquet.


def test_each_row_of_a_request_is_a_row_with_what_the_policy_keeps(tmp_path: Path) -> None:
    policy = LogPolicy({"age": "keep", "name": "hash", "income": (0.0, 100.0)})
    values = {"age": [31, 32], "name": [b"ann", b"bob"], "income": [50.0, 500.0], "new": [1, 2]}
    request = record(
        NOON,
        values,
        key="ann",
        arm="candidate",
        rollout="taxi-1",
        version=3,
        outputs={"scores": [[0.1, 0.9], [0.2, 0.8]]},
    )
    log = written(tmp_path, request, policy=policy)
    first, second = rows(tmp_path)
    keys = PeriodKeys(tmp_path)
    assert (log.written, log.dropped) == (2, 0)
    assert (first["row"], second["row"]) == (0, 1)
    assert first["key"] == second["key"] == first["in.name"] == keys.pseudonym("ann", NOON)
    assert second["in.name"] == keys.pseudonym("bob", NOON)
    assert (first["in.age"], first["in.income"], second["in.income"]) == (31, 1, 2)
    assert "in.new" not in first
    assert second["out.scores"] == [0.2, 0.8]
    assert (first["arm"], first["rollout"], first["version"]) == ("candidate", "taxi-1", 3)
    assert first["time"].timestamp() == NOON


def test_no_secret_and_no_key_is_in_the_files(tmp_path: Path) -> None:
    written(tmp_path, record(NOON, {"name": [b"ann-of-may"]}, key="ann-of-may"))
    data = b"".join(path.read_bytes() for path in tmp_path.rglob("*.parquet"))
    assert data
    assert b"ann-of-may" not in data


def test_odd_requests_cost_no_other_one(tmp_path: Path) -> None:
    def broken() -> list[Any]:
        raise ValueError("no rows")

    policy = LogPolicy({"x": "keep"})
    odd = RequestRecord("taxi", "odd", NOON, inputs={"x": broken})
    mixed = record(NOON, {"x": [2**70]}, request_id="big")
    log = written(tmp_path, record(NOON), odd, mixed, policy=policy)
    assert (log.written, log.dropped) == (2, 1)
    assert {row["request_id"]: row["in.x"] for row in rows(tmp_path)} == {
        "r": None,
        "big": str(2**70),
    }


def test_more_than_can_wait_is_dropped_and_counted(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, None, LogOptions(seconds=3600, most_waiting=10**9))
    log._options = LogOptions(seconds=3600, most_waiting=5)
    for _ in range(5):
        log.note(record(NOON))
    before = log.dropped
    log._waiting.extend([record(NOON)] * 5)
    log.note(record(NOON))
    assert log.dropped == before + 1
    log.close()


def test_values_that_are_dropped_are_never_made(tmp_path: Path) -> None:
    def image() -> list[Any]:
        raise AssertionError("nobody wants it")

    log = RequestLog(tmp_path, LogPolicy(), SLOW)
    log.note(RequestRecord("taxi", "r", NOON, inputs={"image": image}))
    log.close()
    assert (log.written, log.dropped) == (1, 0)


def test_large_values_that_wait_are_bounded(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, None, LogOptions(seconds=3600, most_bytes=10**9))
    log._options = LogOptions(seconds=3600, most_bytes=100)
    for _ in range(2):
        log._waiting.append(record(NOON, size=45))
        log._held += 45
    log.note(record(NOON, size=20))
    assert log.dropped == 1
    log.flush()
    log.note(record(NOON, size=45))
    assert (log.dropped, log.written) == (1, 2)
    log.close()
    assert log.written == 3


WRITER = """
import resource, sys, time
from pathlib import Path
sys.path[:0] = {path!r}
from mlops_pipeline.request_log import LogOptions, RequestLog, RequestRecord
log = RequestLog(Path({folder!r}), None, LogOptions(seconds=0.05))
{before}
while True:
    log.note(RequestRecord("taxi", "r", time.time(), outputs={{"score": lambda: [0.5]}}))
    time.sleep(0.0005)
    {after}
"""


def writer(folder: Path, before: str = "", after: str = "") -> subprocess.Popen[str]:
    code = WRITER.format(path=sys.path, folder=str(folder), before=before, after=after)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_killed_writer_leaves_whole_segments_only(tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        deadline = time.monotonic() + 60
        while len(list(segments_of(tmp_path, "taxi"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    found = rows(tmp_path, 0, time.time() + DAY)
    assert len(found) >= 5
    assert {row["out.score"] for row in found} == {0.5}
    # What was half-written is removed once nobody can still be writing it.
    day = next(iter(segments_of(tmp_path, "taxi"))).path.parent
    for part in (day / "1-1-1.parquet.part", day / "2-2-2.parquet.part"):
        part.write_bytes(b"PAR1")
    os.utime(day / "1-1-1.parquet.part", (1, 1))
    written(tmp_path, record(NOON))
    assert [path.name for path in day.glob("*.part")][-1:] == ["2-2-2.parquet.part"]
    assert not (day / "1-1-1.parquet.part").exists()


def test_a_disk_that_takes_nothing_drops_rows_and_comes_back(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, None, SLOW)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    log.note(record(NOON, key="ann"))
    log.flush()
    log.note(record(NOON))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        log.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert (log.written, log.dropped) == (1, 1)
    assert not list(tmp_path.rglob("*.part"))
    log.note(record(NOON, request_id="later"))
    log.close()
    assert [row["request_id"] for row in rows(tmp_path)] == ["r", "later"]
