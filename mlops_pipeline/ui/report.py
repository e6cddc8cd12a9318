"""Reports: pages of `mlops ui` in one file that needs no server, no network and no scripts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from mlops_pipeline.errors import ParameterError, PipelineError
from mlops_pipeline.store import Execution, MetadataStore
from mlops_pipeline.ui.render import STATIC, render
from mlops_pipeline.ui.sections import section_of
from mlops_pipeline.ui.views import (
    PAGES,
    ArtifactLink,
    Reader,
    RunPage,
    address_of,
    read_page,
    read_run_page,
    split_address,
)

LARGEST = 5_000_000
"""Bytes above which a report is a ZIP file of pages: browsers do not open it well as one page."""

NODES = 100
"""Largest number of nodes of a run that have a part of their own; those that failed come first."""

ARTIFACTS = 60
"""Largest number of artifacts of a run that have a part of their own."""

DESCRIBED = (
    "ModelEvaluation",
    "ModelBlessing",
    "PushedModel",
    "Model",
    "ExampleStatistics",
    "ExampleAnomalies",
    "Schema",
    "TunerResults",
)
"""Types of artifacts that come first."""


_LETTERS = "abcdef"
"""Names of what is compared, in the query of a page."""


@dataclass(frozen=True)
class ReportPart:
    """A page that is a part of a report.

    Args:
        id: its name in the file.
        level: 1 for what the report is about, 2 for what belongs to it.
    """

    page: str
    query: dict[str, str]
    title: str
    id: str = ""
    level: int = 2

    @property
    def address(self) -> str:
        """The address of the page, by which links name it."""
        return address_of(self.page, **dict(sorted(self.query.items())))


@dataclass(frozen=True)
class Report:
    """Pages that stand together.

    Args:
        notes: what was left out.
    """

    title: str
    parts: tuple[ReportPart, ...]
    notes: tuple[str, ...] = ()


def run_parts(reader: Reader, name: str) -> Report:
    """Return the report of a run: the run, its nodes, what they made, and the lineage of models.

    Raises:
        NotFoundError: there is no such run.
    """
    run = read_run_page(reader, name)
    title = f"Run {run.id} of {run.pipeline}"
    nodes = sorted(
        (node for group in run.groups for node in group.nodes),
        key=lambda node: node.decision not in ("failed", "canceled"),
    )
    links = list({link.id: link for link in _outputs(run)}.values())
    links.sort(key=lambda link: DESCRIBED.index(link.type) if link.type in DESCRIBED else 99)
    parts = [ReportPart("run", {"id": run.id}, title, level=1)]
    parts += [
        ReportPart("node", {"run": run.id, "name": node.name}, f"Node {node.name}")
        for node in nodes[:NODES]
    ]
    for link in links[:ARTIFACTS]:
        parts.append(ReportPart("artifact", {"id": str(link.id)}, f"{link.type} #{link.id}"))
        if link.type in ("Model", "PushedModel"):
            query = {"id": str(link.id), "up": "6", "down": "3"}
            parts.append(ReportPart("lineage", query, f"Lineage of {link.type} #{link.id}"))
    left = [(len(nodes) - NODES, "nodes"), (len(links) - ARTIFACTS, "artifacts")]
    notes = [
        f"{count} more {what} of the run have no part here" for count, what in left if count > 0
    ]
    return Report(title, _numbered(parts), tuple(notes))


def page_parts(reader: Reader, addresses: Sequence[str]) -> Report:
    """Return the report of any pages, by their addresses.

    Raises:
        NotFoundError: there is no such page, or what it is about is not there.
        ParameterError: an address lacks something.
    """
    parts = []
    for address in addresses:
        name, query = split_address(address)
        # What is wrong with it is an error here, where it is no part of something larger.
        read_page(reader, name, query)
        about = ", ".join(query.values())
        title = f"{PAGES[name].title} {about}".strip()
        parts.append(ReportPart(name, query, title, level=1))
    return Report("; ".join(part.title for part in parts), _numbered(parts))


def compare_parts(reader: Reader, names: Sequence[str]) -> Report:
    """Return the report of runs compared: the comparison, and each of the runs.

    Raises:
        NotFoundError: there is no such run.
    """
    if not 2 <= len(names) <= len(_LETTERS):
        raise ParameterError(
            f"{len(names)} runs cannot be compared", hint=f"name two to {len(_LETTERS)}"
        )
    runs = [read_run_page(reader, name) for name in names]
    query = {letter: run.id for letter, run in zip(_LETTERS, runs, strict=False)}
    title = f"Runs compared: {', '.join(run.id for run in runs)}"
    parts = [ReportPart("compare", query, title, level=1)]
    parts += [ReportPart("run", {"id": run.id}, f"Run {run.id}") for run in runs]
    return Report(title, _numbered(parts))


def one_file(reader: Reader, report: Report, *, framed: bool = False) -> str:
    """Return a report as one page of HTML.

    Args:
        framed: the page stands in an attribute of a frame, which has no address of its own.
    """
    reader = _at_once(reader)
    places = {part.address: f"#{part.id}" for part in report.parts}
    sections = [(part, _section(reader, part, places)) for part in report.parts]
    return _page(report, sections, places, framed)


def zip_file(reader: Reader, report: Report) -> bytes:
    """Return a report as a ZIP file with a page a part; `index.html` leads to them."""
    reader = _at_once(reader)
    places = {part.address: f"{part.id}.html" for part in report.parts}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(_entry("index.html"), _page(report, [], places))
        for part in report.parts:
            section = _section(reader, part, places)
            packed.writestr(_entry(places[part.address]), _page(report, [(part, section)], places))
    return data.getvalue()


class _Remembering:
    """A store that reads the executions of a run once: each of its nodes asks for all of them."""

    def __init__(self, store: MetadataStore) -> None:
        self._store = store
        self._runs: dict[str, list[Execution]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def executions_of_run(self, run_id: str) -> list[Execution]:
        if run_id not in self._runs:
            self._runs[run_id] = self._store.executions_of_run(run_id)
        return list(self._runs[run_id])


def _at_once(reader: Reader) -> Reader:
    """Return a reader for which every part of a report tells of the same moment of a run."""
    return replace(reader, store=cast(MetadataStore, _Remembering(reader.store)))


def _entry(name: str) -> zipfile.ZipInfo:
    # Always the same time: the same report gives the same bytes.
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def page_section(reader: Reader, part: ReportPart) -> str:
    """Return what stands on a page, as HTML that runs nothing and leads nowhere."""
    return _section(reader, part, {})


def _section(reader: Reader, part: ReportPart, places: dict[str, str]) -> str:
    kind = PAGES[part.page]
    facts = {"title": kind.title, "name": part.page, "query": part.query}
    try:
        page = read_page(reader, part.page, part.query)
    except PipelineError as error:
        # What is damaged hides nothing else.
        return render("left_out.html", title=part.title, message=error.message)
    whole = render(kind.template, up="", api="", live=False, page=page, **facts)

    def target(name: str, query: dict[str, str]) -> str:
        address = address_of(name, **dict(sorted(query.items())))
        if address not in places and name == "lineage":
            near = (at for each, at in places.items() if _same_lineage(each, query.get("id", "")))
            return next(near, "")
        return places.get(address, "")

    return section_of(whole, part.id, part.title, target)


def _same_lineage(address: str, artifact: str) -> bool:
    return address.startswith("lineage?") and f"id={artifact}&" in f"{address}&".replace("?", "?&")


def _page(
    report: Report,
    sections: Sequence[tuple[ReportPart, str]],
    places: dict[str, str],
    framed: bool = False,
) -> str:
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    contents = [(part, places[part.address]) for part in report.parts]
    facts = {"report": report, "sections": sections, "contents": contents, "framed": framed}
    return render("report.html", style=style, **facts)


def _outputs(run: RunPage) -> Iterator[ArtifactLink]:
    for group in run.groups:
        for node in group.nodes:
            yield from (link for link in node.outputs if link.type)


def _numbered(parts: Sequence[ReportPart]) -> tuple[ReportPart, ...]:
    return tuple(
        ReportPart(part.page, part.query, part.title, f"p{number}", part.level)
        for number, part in enumerate(parts, 1)
    )
