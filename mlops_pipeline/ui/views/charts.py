"""Charts of pages: a table with all facts, and how scripts may draw it.

The table stands in the HTML, and is enough. Where scripts run, `m-chart` reads its rows and draws
them by `spec`, which is Vega-Lite without data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.ui.views.plain_values import plain

Spec = dict[str, Any]

WIDE = {"width": "container", "height": 220}
"""Size of a chart: as wide as the page."""


@dataclass(frozen=True)
class Chart:
    """A table, and how to draw it.

    Args:
        columns: fixed words, which `spec` names as fields; no name of somebody's data, as Vega-Lite
            takes a dot or a bracket in it for a path.
        rows: cells in the order of the columns; None where there is no value.
        spec: Vega-Lite without `data`.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    spec: Spec


def make_chart(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], spec: Spec
) -> Chart:
    """Return a chart whose cells are values of JSON."""
    cells = tuple(tuple(plain(value) for value in row) for row in rows)
    return Chart(title, tuple(columns), cells, WIDE | spec)


def axis(field: str, kind: str, title: str = "", **more: Any) -> Spec:
    """Return the part of a spec that puts a column on an axis or into a colour.

    Args:
        kind: `quantitative`, `nominal`, `ordinal` or `temporal`.
    """
    return {"field": field, "type": kind, "title": title or field} | more
