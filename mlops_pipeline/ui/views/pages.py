"""The table of pages: name in the address, title, template, and the function that reads it.

A page is named by a word and a query, as in `run?id=last`. What names things in a store stands in
the query only: nothing of it can change the path, and links work below any prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mlops_pipeline.errors import NotFoundError, ParameterError, did_you_mean
from mlops_pipeline.ui.views.artifact_pages import (
    ArtifactPage,
    FilePage,
    read_artifact_page,
    read_file_page,
)
from mlops_pipeline.ui.views.compare_page import ComparePage, read_compare_page
from mlops_pipeline.ui.views.lineage_page import (
    FOLDED,
    LineagePage,
    LineagePart,
    read_lineage_page,
    read_opened,
)
from mlops_pipeline.ui.views.models import (
    DataPage,
    DatasetList,
    ModelList,
    ModelPage,
    ReusePage,
    SearchPage,
    read_data_page,
    read_datasets,
    read_model_page,
    read_models,
    read_reuse_page,
    search,
)
from mlops_pipeline.ui.views.overview import Overview, RunList, read_overview, read_run_list
from mlops_pipeline.ui.views.reader import Reader
from mlops_pipeline.ui.views.run_pages import NodePage, RunPage, read_node_page, read_run_page

Query = Mapping[str, str]


@dataclass(frozen=True)
class PageKind:
    """A kind of page.

    Args:
        read: reads its facts, a dataclass: HTML and JSON are made of it.
        takes: names in its query, the necessary ones first; `needs` is their number.
        facts: what `read` returns, for the description of the API.
    """

    title: str
    template: str
    read: Callable[[Reader, Query], Any]
    takes: tuple[str, ...] = ()
    needs: int = 0
    facts: type | None = None


COMPARED = ("a", "b", "c", "d", "e", "f")
"""The names of the runs to compare, in a query."""

PAGES: Mapping[str, PageKind] = {
    "": PageKind(
        "Overview", "overview.html", lambda reader, _: read_overview(reader), facts=Overview
    ),
    "runs": PageKind(
        "Runs",
        "runs.html",
        lambda reader, q: read_run_list(reader, q.get("pipeline", ""), whole(q, "limit", 50)),
        ("pipeline", "limit"),
        facts=RunList,
    ),
    "run": PageKind("Run", "run.html", lambda r, q: read_run_page(r, q["id"]), ("id",), 1, RunPage),
    "node": PageKind(
        "Node",
        "node.html",
        lambda reader, q: read_node_page(reader, q["run"], q["name"]),
        ("run", "name"),
        2,
        NodePage,
    ),
    "artifact": PageKind(
        "Artifact",
        "artifact.html",
        lambda r, q: read_artifact_page(r, q["id"]),
        ("id",),
        1,
        ArtifactPage,
    ),
    "file": PageKind(
        "File",
        "file.html",
        lambda reader, q: read_file_page(reader, q["artifact"], q.get("path", "")),
        ("artifact", "path"),
        1,
        FilePage,
    ),
    "lineage": PageKind(
        "Lineage",
        "lineage.html",
        lambda r, q: read_lineage_page(r, q["id"], lineage_of(q)),
        ("id", "up", "down", "open", "alike", "to"),
        1,
        LineagePage,
    ),
    "compare": PageKind(
        "Runs compared",
        "compare.html",
        lambda r, q: read_compare_page(r, [q[name] for name in COMPARED if q.get(name)]),
        COMPARED,
        2,
        ComparePage,
    ),
    "models": PageKind(
        "Models", "models.html", lambda reader, _: read_models(reader), facts=ModelList
    ),
    "datasets": PageKind(
        "Datasets", "datasets.html", lambda reader, _: read_datasets(reader), facts=DatasetList
    ),
    "search": PageKind(
        "Search", "search.html", lambda r, q: search(r, q.get("q", "")), ("q",), 0, SearchPage
    ),
    "data": PageKind(
        "Data compared",
        "data.html",
        lambda r, q: read_data_page(
            r,
            [q[name] for name in COMPARED if q.get(name)],
            *(q.get(name, "") for name in ("split", "limit", "feature")),
        ),
        (*COMPARED, "split", "limit", "feature"),
        facts=DataPage,
    ),
    "model": PageKind(
        "Model",
        "model.html",
        lambda reader, q: read_model_page(
            reader, q.get("id") or "last", q.get("metric", ""), q.get("evaluation", "")
        ),
        ("id", "metric", "evaluation"),
        facts=ModelPage,
    ),
    "reuse": PageKind(
        "Reuse",
        "reuse.html",
        lambda r, q: read_reuse_page(r, q.get("pipeline", ""), q.get("days", "")),
        ("pipeline", "days"),
        facts=ReusePage,
    ),
}


def split_address(address: str) -> tuple[str, dict[str, str]]:
    """Split `run?id=last` into the name of the page and its query.

    Raises:
        NotFoundError: there is no such page.
    """
    name, _, query = address.strip().partition("?")
    name = name.strip("/")
    if name not in PAGES:
        known = [page for page in PAGES if page]
        raise NotFoundError(f"there is no page {name[:100]!r}", hint=did_you_mean(name, known))
    try:
        return name, dict(parse_qsl(query, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise ParameterError("the address has too many parts", hint="take a shorter one") from None


def read_page(reader: Reader, name: str, query: Query) -> Any:
    """Read a page.

    Raises:
        ParameterError: its query lacks something.
        NotFoundError: there is no such thing.
    """
    kind = PAGES[name]
    for each in kind.takes[: kind.needs]:
        if not query.get(each):
            wanted = "&".join(f"{word}=..." for word in kind.takes[: kind.needs])
            raise ParameterError(
                f"the page {name!r} needs {each!r}", hint=f"write it as {name}?{wanted}"
            )
    return kind.read(reader, query)


def whole(query: Query, name: str, default: int) -> int:
    """Return a whole number of a query.

    Raises:
        ParameterError: it is something else.
    """
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise ParameterError(f"{name} is {text[:50]!r}", hint="give a whole number")
    return int(text)


def lineage_of(query: Query) -> LineagePart:
    """Return the part of a lineage that a query asks for.

    Raises:
        ParameterError: a part of it is no number.
    """
    up, down, alike = whole(query, "up", 1), whole(query, "down", 1), whole(query, "alike", FOLDED)
    return LineagePart(
        up, down, read_opened(query.get("open", "")), alike, query.get("to", "").strip()
    )
