"""What was asked and answered in a time, as columns with one row of each key."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.request_log.reading import read_requests
from mlops_pipeline.request_log.request_record import OK
from mlops_pipeline.request_log.segments import INPUT, OUTPUT

_MOST_PLACES = 50


def answered_columns(folder: Path, model: str, begin: float, end: float) -> dict[str, list[object]]:
    """Return the inputs (`in.x`) and outputs (`out.y`) of a time, with the first row of each key.

    Many rows of one user tell less than as many users. Shadows and failures are left out. Short
    lists, such as scores of classes, become a column for each place: `out.scores[0]`.

    Raises:
        ParameterError: nobody was answered then, or the share of the keys that is logged changed.
        PipelineError: the log cannot be read.
    """
    table = read_requests(folder, model, begin, end)
    rows, seen = [], set()
    facts = table.select(["key", "status", "shadow", "probability"]).to_pylist()
    for index, row in enumerate(facts):
        if row["status"] == OK and not row["shadow"] and row["key"] not in seen:
            rows.append(index)
            seen |= {row["key"]} - {""}
    told = f"{_shown(begin)} to {_shown(end)}"
    chances = {facts[index]["probability"] for index in rows}
    if len(chances) > 1:
        raise ParameterError(
            f"the log of {model} was sampled with {len(chances)} probabilities in {told}",
            hint="choose a time in which --log-sample was the same",
        )
    if not rows:
        raise ParameterError(
            f"{model} answered nothing that was logged from {told}",
            hint="choose a time, in UTC, with requests",
        )
    found: dict[str, list[object]] = {}
    for name in table.column_names:
        if name.startswith((INPUT, OUTPUT)):
            found |= _scalars(name, table[name].take(rows).to_pylist())
    return found


def _shown(at: float) -> str:
    return f"{datetime.datetime.fromtimestamp(at, datetime.timezone.utc):%Y-%m-%d %H:%M}"


def _scalars(name: str, values: list[Any]) -> dict[str, list[object]]:
    widths = {len(value) for value in values if isinstance(value, list)}
    if len(widths) != 1 or max(widths) > _MOST_PLACES:
        return {name: values}
    return {
        f"{name}[{place}]": [None if value is None else value[place] for value in values]
        for place in range(widths.pop())
    }
