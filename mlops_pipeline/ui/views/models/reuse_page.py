"""The page of what was reused: the ledger of the cache, determinism, state of earlier runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mlops_pipeline.errors import ParameterError, PipelineError
from mlops_pipeline.inspection.reuse import (
    CarriedState,
    KeyRuns,
    Ledger,
    read_carried,
    read_determinism,
    read_ledger,
)
from mlops_pipeline.store import ArtifactRecord
from mlops_pipeline.ui.views.charts import Chart, axis, make_chart
from mlops_pipeline.ui.views.files import list_files, open_file
from mlops_pipeline.ui.views.reader import Reader

DAYS = 7.0
"""Days of the ledger, unless others are asked for."""

MOST_ROWS = 100
"""Rows of a table on the page; its JSON has all of them."""

CHUNK = 1 << 20


@dataclass(frozen=True)
class ReusePage:
    """What runs took from earlier ones.

    Args:
        determinism: cache keys that ran more than once, those with other bytes first.
        carried: state of earlier runs that the newest ones used.
        most: rows of a table in HTML.
    """

    pipeline: str
    ledger: Ledger
    determinism: tuple[KeyRuns, ...]
    carried: tuple[CarriedState, ...]
    charts: tuple[Chart, ...]
    most: int = MOST_ROWS


def read_reuse_page(reader: Reader, pipeline: str = "", days: str = "") -> ReusePage:
    """Read what was reused.

    Args:
        pipeline: all by default.
        days: of the ledger.

    Raises:
        ParameterError: the days are no number.
    """
    ledger = read_ledger(reader.store, pipeline, _days(days))
    return ReusePage(
        pipeline=pipeline,
        ledger=ledger,
        determinism=read_determinism(
            reader.store, lambda one, other: first_file(reader, one, other), pipeline
        ),
        carried=read_carried(reader.store, pipeline, reader.lease),
        charts=(_chart(ledger),) if ledger.nodes else (),
    )


def _days(text: str) -> float:
    try:
        found = float(text or DAYS)
    except ValueError:
        found = -1.0
    if not 0 < found <= 36_500:
        raise ParameterError(f"days is {text[:50]!r}", hint="give a number above 0")
    return found


def first_file(reader: Reader, one: ArtifactRecord, other: ArtifactRecord) -> str:
    """Return the first file that differs between two artifacts, or why that is not known."""
    first, second = list_files(reader, one), list_files(reader, other)
    for each in (first, second):
        if each.note:
            return f"not known: {each.note}"
    paths = [{row.path for row in each.files} for each in (first, second)]
    try:
        for path in sorted(paths[0] | paths[1]):
            if path not in paths[0] or path not in paths[1]:
                return f"{path} is not in both"
            if _digest(reader, one, path) != _digest(reader, other, path):
                return path or "the file"
    except (PipelineError, OSError) as error:
        return f"not known: {error}"[:300]
    return "not known: the files are the same now"


def _digest(reader: Reader, record: ArtifactRecord, path: str) -> bytes:
    file, _ = open_file(reader, record, path)
    found = hashlib.sha256()
    with file:
        while part := file.read(CHUNK):
            found.update(part)
    return found.digest()


def _chart(ledger: Ledger) -> Chart:
    rows = [
        (each.node, what, seconds)
        for each in ledger.nodes[:30]
        for what, seconds in (("spent", each.spent), ("saved", each.saved))
    ]
    spec = {
        "height": {"step": 18},
        "mark": "bar",
        "encoding": {
            "y": axis("node", "nominal", sort=None),
            "x": axis("seconds", "quantitative"),
            "color": axis("what", "nominal"),
        },
    }
    return make_chart("Seconds spent and saved", ("node", "what", "seconds"), rows, spec)
