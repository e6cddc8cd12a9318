"""Exposures: who was answered by which version first, and when."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_pipeline.request_log import OK, read_requests

_COLUMNS = ("row", "key", "rollout", "arm", "version", "status", "shadow")


@dataclass(frozen=True)
class Exposure:
    """The first answer to a key within an experiment, or by a version.

    Args:
        key: the pseudonym of the month.
        arm: of the rollout; empty outside of one.
    """

    key: str
    at: float
    month: str
    arm: str = ""


def exposures_to(
    log: Path,
    model: str,
    times: tuple[float, float],
    *,
    rollout: str = "",
    version: int = 0,
) -> list[Exposure]:
    """Return the first exposure of each key in a time.

    Args:
        times: begin and end, in seconds since 1970.
        rollout: only what its arms were asked, whoever answered in the end; else
        version: the number of the version that answered, as the server knows it.
    """
    first: dict[str, Exposure] = {}
    for row in _rows(log, model, times):
        is_meant = row["rollout"] == rollout if rollout else row["version"] == version
        if not is_meant or row["key"] in first:
            continue
        time: datetime.datetime = row["time"]
        arm = row["arm"] if rollout else ""
        first[row["key"]] = Exposure(row["key"], time.timestamp(), f"{time:%Y-%m}", arm)
    return list(first.values())


def _rows(log: Path, model: str, times: tuple[float, float]) -> Iterator[Mapping[str, Any]]:
    if not (Path(log) / model).is_dir() or not times[0] < times[1]:
        return
    import pyarrow.compute as pc

    table = read_requests(log, model, *times, [*_COLUMNS])
    answered = pc.and_(pc.equal(table["status"], OK), pc.invert(table["shadow"]))
    table = table.filter(pc.and_(answered, pc.equal(table["row"], 0)))
    for row in table.to_pylist():
        if row["key"]:
            yield row
