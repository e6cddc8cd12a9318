"""A comparison as plain text: a column for each run, or, of many, the values and who has them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_pipeline.inspection.comparison.compared import Comparison, Row
from mlops_pipeline.inspection.comparison.facts import CAUSES, KINDS
from mlops_pipeline.inspection.console import (
    Screen,
    Table,
    ago,
    lines,
    number,
    one_line,
    seconds,
)

MOST_COLUMNS = 6
"""Runs that get a column each; of more, each row names the values and who has them."""

MOST_ROWS = 40
"""Rows of a kind that are listed, unless all are asked for."""

MOST_RUNS = 20
"""Runs that the heading lists, unless all are asked for."""

TITLES: Mapping[str, str] = {
    "model": "models",
    "data": "data",
    "code": "code",
    "parameter": "parameters",
    "package": "packages",
    "carry-over": "from earlier runs",
    "metric": "metrics",
    "verdict": "verdicts",
    "decision": "decisions",
    "duration": "times",
}
"""The headings of the kinds of rows."""

_CUT, _VALUE = 60, 28


def comparison_lines(found: Comparison, screen: Screen, everything: bool = False) -> Iterator[str]:
    """Yield a comparison as lines: what differs, or all of it.

    Args:
        everything: whether to list what is the same, too, and all rows of each kind.
    """
    yield from _head(found, screen, everything)
    for note in found.notes:
        yield screen.paint(f"note: {note}", "yellow")
    if found.verdict:
        yield ""
        yield screen.paint(found.verdict, "bold")
    rows = found.rows if everything else found.differing
    for kind in KINDS:
        chosen = [row for row in rows if row.kind == kind]
        if chosen:
            yield ""
            yield from _section(kind, chosen, screen, everything)
    yield from _same(found, everything, bool(rows))


def run_letters(count: int) -> list[str]:
    """Return short names of runs, in their order: A, B, ... Z, AA."""
    names = (
        "".join(letters)
        for length in itertools.count(1)
        for letters in itertools.product("ABCDEFGHIJKLMNOPQRSTUVWXYZ", repeat=length)
    )
    return list(itertools.islice(names, count))


def value_text(row: Row, place: int, longest: int = _CUT) -> str:
    """Return the value of a row in one run as short text; `-` where it is not there."""
    value = row.values[place]
    if place in row.absent:
        return "-"
    if row.kind == "metric":
        return number(value)
    if row.kind == "duration":
        return seconds(value)
    if row.kind in ("model", "data") and isinstance(value, Mapping):
        return one_line(_artifact(value), longest)
    if row.kind == "carry-over" and isinstance(value, Sequence) and not isinstance(value, str):
        parts = [f"{_artifact(each)} of {each.get('run')}" for each in value[:1]]
        more = f" and {len(value) - 1} more" if len(value) > 1 else ""
        return one_line(f"{''.join(parts)}{more}", longest)
    return one_line(value, longest)


def change_text(row: Row, place: int) -> str:
    """Return the change of a metric against the first run: `+0.0120`."""
    change = row.changes[place] if row.changes else None
    if change is None or place == 0:
        return ""
    return f"{'+' if change > 0 else ''}{number(change)}"


def _artifact(value: Mapping[str, Any]) -> str:
    parts = [f"#{value['artifact']}"] if "artifact" in value else []
    if digest := str(value.get("digest") or ""):
        parts.append(digest.rpartition(":")[2][:8])
    if value.get("span") is not None:
        parts.append(f"span {value['span']}")
    rows = value.get("rows")
    if isinstance(rows, Mapping):
        parts.append(", ".join(f"{name} {count}" for name, count in rows.items()) + " rows")
    if value.get("path") is not None:
        parts.append(str(value["path"]))
    return " ".join(parts)


def _head(found: Comparison, screen: Screen, everything: bool) -> Iterator[str]:
    heading = ("", "run", "pipeline", "state", "started", "time")
    shown = found.runs if everything else found.runs[:MOST_RUNS]
    rows = [
        (
            letter,
            run.id,
            run.pipeline,
            run.state.lower(),
            ago(run.started),
            "-" if run.seconds is None else seconds(run.seconds),
        )
        for letter, run in zip(run_letters(len(shown)), shown, strict=True)
    ]
    yield from lines(Table(heading, rows, frozenset({"time"})), screen)
    if len(found.runs) > len(shown):
        yield screen.paint(f"and {len(found.runs) - len(shown)} more runs", "dim")
    for letter, run in zip(run_letters(len(shown)), shown, strict=True):
        for problem in run.problems:
            yield screen.paint(f"{letter}: {problem}", "yellow")


def _section(kind: str, rows: Sequence[Row], screen: Screen, everything: bool) -> Iterator[str]:
    shown = rows if everything else rows[:MOST_ROWS]
    yield screen.paint(section_title(kind, shown), "bold")
    if kind == "code":
        yield from _code(shown, screen)
    else:
        heading, cells = section_table(shown)
        right = frozenset(heading[1:]) if kind == "metric" else frozenset[str]()
        yield from lines(
            Table(heading, [[f"  {row[0]}", *row[1:]] for row in cells], right), screen
        )
    if len(rows) > len(shown):
        yield screen.paint(f"  and {len(rows) - len(shown)} more; --all lists them", "dim")


def section_title(kind: str, rows: Sequence[Row]) -> str:
    """Return the heading of rows of one kind."""
    aside = kind in CAUSES and any(row.differs and not row.reaches_model for row in rows)
    note = " (those in brackets cannot have had an effect on a model)" if aside else ""
    return f"{TITLES[kind]}{note}"


def _name(row: Row) -> str:
    name = one_line(row.name, _CUT)
    aside = row.kind in CAUSES and row.differs and not row.reaches_model
    return f"({name})" if aside else name


def section_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Return heading and cells of rows of one kind; of few runs, each has a column."""
    letters = run_letters(len(rows[0].values))
    if len(letters) > MOST_COLUMNS:
        return ["", "values"], [[_name(row), _spread(row)] for row in rows]
    changes = any(row.changes for row in rows)
    heading = ["", *letters[:1]]
    for letter in letters[1:]:
        heading += [letter, f"{letter} - A"] if changes else [letter]
    table = []
    for row in rows:
        cells = [_name(row), value_text(row, 0, _VALUE)]
        for place in range(1, len(letters)):
            cells.append(value_text(row, place, _VALUE))
            cells += [change_text(row, place)] if changes else []
        table.append(cells)
    return heading, table


def _spread(row: Row) -> str:
    """Return a row of many runs: the range of numbers, or the values and how many have each."""
    letters = run_letters(len(row.values))
    numbers = [
        (value, letters[i])
        for i, value in enumerate(row.values)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    lacking = f", {len(row.absent)} without" if row.absent else ""
    if row.kind in ("metric", "duration") and numbers:
        low, high = min(numbers), max(numbers)
        text = number if row.kind == "metric" else seconds
        return f"{text(low[0])} ({low[1]}) to {text(high[0])} ({high[1]}){lacking}"
    counts: dict[str, list[str]] = {}
    for place in range(len(row.values)):
        if place not in row.absent:
            counts.setdefault(value_text(row, place, _VALUE), []).append(letters[place])
    most = sorted(counts.items(), key=lambda pair: -len(pair[1]))
    parts = [
        f"{text} x{len(names)}" if len(names) > 1 else f"{text} ({names[0]})"
        for text, names in most[:4]
    ]
    more = f", {len(most) - 4} more values" if len(most) > 4 else ""
    return ", ".join(parts) + more + lacking


def _code(rows: Sequence[Row], screen: Screen) -> Iterator[str]:
    letters = run_letters(len(rows[0].values))
    for row in rows:
        nodes = f"  [{one_line(', '.join(row.nodes))}]" if row.nodes else ""
        yield f"  {_name(row)}{screen.paint(nodes, 'dim')}: {_versions(row, letters)}"
        shown: set[str] = set()
        for letter, text in zip(letters, row.diffs, strict=False):
            if text and text not in shown:
                shown.add(text)
                if len(letters) > 2:
                    yield screen.paint(f"    {letter}", "dim")
                for line in text.splitlines():
                    yield "    " + screen.paint(line, _colour(line))


def _versions(row: Row, letters: Sequence[str]) -> str:
    if not row.differs:
        return "the same"
    groups: dict[str, list[str]] = {}
    for place, letter in enumerate(letters):
        text = "not used" if place in row.absent else str(row.values[place])
        groups.setdefault(text, []).append(letter)
    if len(letters) > MOST_COLUMNS:
        return f"{len(groups)} versions"
    return ", ".join(f"{' '.join(names)} {text}" for text, names in groups.items())


def _colour(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        return "dim"
    return {"+": "green", "-": "red"}.get(line[:1], "")


def _same(found: Comparison, everything: bool, any_rows: bool) -> Iterator[str]:
    counts = {
        kind: sum(1 for row in found.rows if row.kind == kind and not row.differs)
        for kind in KINDS
        if kind != "duration"
    }
    parts = [f"{count} {TITLES[kind]}" for kind, count in counts.items() if count]
    if not found.rows:
        yield ""
        yield "there is nothing to compare: no facts of these runs are recorded"
    elif not any_rows:
        yield ""
        yield "nothing differs"
    if parts and not everything:
        yield ""
        yield f"the same: {', '.join(parts)} (--all lists them)"
