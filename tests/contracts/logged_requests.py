"""Records of a request log, written and read back in tests."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from mlops_pipeline.request_log import (
    LogOptions,
    LogPolicy,
    RequestLog,
    RequestRecord,
    read_requests,
)

NOON = datetime.datetime(2026, 5, 20, 12, tzinfo=datetime.timezone.utc).timestamp()
DAY = 86_400
SLOW = LogOptions(seconds=3600)


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Values as a record has them: functions by name."""
    return {name: (lambda rows=rows: rows) for name, rows in values.items()}


def record(at: float, values: dict[str, Any] | None = None, **more: Any) -> RequestRecord:
    outputs = more.pop("outputs", {"score": [0.5]})
    more.setdefault("request_id", "r")
    return RequestRecord("taxi", at=at, inputs=given(values or {}), outputs=given(outputs), **more)


def written(folder: Path, *records: RequestRecord, policy: LogPolicy | None = None) -> RequestLog:
    log = RequestLog(folder, policy, SLOW)
    for each in records:
        log.note(each)
    log.close()
    return log


def rows(folder: Path, begin: float = NOON - DAY, end: float = NOON + DAY, **more: Any) -> Any:
    return read_requests(folder, "taxi", begin, end, **more).to_pylist()
