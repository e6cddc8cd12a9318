"""Exposures: who was answered by which version first, and when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
    if not (Path(log) / model).is_dir() or not times[0] < times[1]:
        return []
    import pyarrow.compute as pc

    table = read_requests(log, model, *times, _COLUMNS)
    answered = pc.and_(pc.equal(table["status"], OK), pc.invert(table["shadow"]))
    named = pc.and_(pc.equal(table["row"], 0), pc.not_equal(table["key"], ""))
    is_meant = (
        pc.equal(table["rollout"], rollout) if rollout else pc.equal(table["version"], version)
    )
    table = table.filter(pc.and_(pc.and_(answered, named), is_meant))
    # A key has one arm in a rollout, whoever answered in the end.
    by = ["key", "arm"] if rollout else ["key"]
    first = table.group_by(by).aggregate([("time", "min")])
    return [
        Exposure(
            row["key"],
            row["time_min"].timestamp(),
            f"{row['time_min']:%Y-%m}",
            row["arm"] if rollout else "",
        )
        for row in first.to_pylist()
    ]
