"""The page of a comparison: runs side by side, and why their models differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection import METRICS_FILE
from mlops_pipeline.inspection.comparison import (
    KINDS,
    Comparison,
    compare_runs,
    find_runs,
    run_letters,
    section_table,
    section_title,
)
from mlops_pipeline.store import ArtifactRecord
from mlops_pipeline.ui.views.files import read_file
from mlops_pipeline.ui.views.reader import Reader

MOST_ROWS = 200
"""Rows of a kind that the page lists; its JSON has all of them."""

_MOST_BYTES = 20_000_000


@dataclass(frozen=True)
class ComparedTable:
    """The rows of one kind that differ.

    Args:
        diffs: changed lines of code.
        more: number of rows that are left out.
    """

    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    diffs: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class ComparePage:
    """Runs compared.

    Args:
        tables: what differs, kind by kind.
        same: number of facts that are the same in all runs.
        letters: short names of the runs, as the tables have them.
    """

    compared: Comparison
    tables: tuple[ComparedTable, ...]
    same: int
    letters: tuple[str, ...]


def read_compare_page(reader: Reader, names: Sequence[str]) -> ComparePage:
    """Compare runs, named as for the command.

    Raises:
        NotFoundError: one of them is not there.
        PipelineError: there are not two different ones.
    """

    def read(record: ArtifactRecord) -> bytes:
        data, size = read_file(reader, record, METRICS_FILE, _MOST_BYTES)
        if size > _MOST_BYTES:
            raise PipelineError(f"{METRICS_FILE} is too large to be read")
        return data

    found = compare_runs(reader.store, find_runs(reader.store, names), read, reader.lease)
    tables = [_table(found, kind) for kind in KINDS]
    same = sum(not row.differs for row in found.rows)
    shown = tuple(each for each in tables if each.rows)
    return ComparePage(found, shown, same, tuple(run_letters(len(found.runs))))


def _table(found: Comparison, kind: str) -> ComparedTable:
    rows = [row for row in found.differing if row.kind == kind]
    shown = rows[:MOST_ROWS]
    if not shown:
        return ComparedTable(kind, (), ())
    heading, cells = section_table(shown)
    diffs = dict.fromkeys(text for row in shown for text in row.diffs if text)
    title = section_title(kind, shown).capitalize()
    body = tuple(tuple(row) for row in cells)
    return ComparedTable(title, tuple(heading), body, tuple(diffs), len(rows) - len(shown))
