"""Pages in notebooks: as a card of plain HTML, or with the pages around them in a frame."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.settings import Sources, resolve
from mlops_pipeline.store import is_there
from mlops_pipeline.ui.report import (
    Report,
    ReportPart,
    compare_parts,
    one_file,
    page_section,
    run_parts,
)
from mlops_pipeline.ui.views import PAGES, Reader, open_unchanged, read_page, split_address
from mlops_pipeline.uris import without_password


@dataclass(frozen=True)
class PageCard:
    """A page of `mlops ui`, for a notebook to show."""

    page: str
    query: Mapping[str, str]
    reader: Reader = field(repr=False)

    def _repr_html_(self) -> str:
        """Return the page as HTML that runs nothing and leads nowhere."""
        return f'<div style="max-width:75em">{page_section(self.reader, self._part())}</div>'

    def interactive(self, height: int = 640) -> Framed:
        """Return the page with those around it, in a frame of its own.

        Args:
            height: pixels.
        """
        return Framed(one_file(self.reader, self._report(), framed=True), height)

    def _part(self) -> ReportPart:
        return ReportPart(self.page, dict(self.query), PAGES[self.page].title, "card")

    def _report(self) -> Report:
        if self.page == "run":
            return run_parts(self.reader, self.query["id"])
        if self.page == "compare":
            return compare_parts(self.reader, list(self.query.values()))
        return Report(PAGES[self.page].title, (self._part(),))


@dataclass(frozen=True)
class Framed:
    """A page in a frame that reaches neither the notebook nor the network."""

    page: str = field(repr=False)
    height: int

    def _repr_html_(self) -> str:
        style = f"border:0;width:100%;height:{int(self.height)}px"
        page = html.escape(self.page)
        return f'<iframe sandbox title="mlops" style="{style}" srcdoc="{page}"></iframe>'


def show_page(address: str = "", *, store: str = "", root: str = "") -> PageCard:
    """Return a page of the current project's store, for a notebook.

    Args:
        address: as in `mlops ui`, such as `run?id=last`.
        store: URL or file of another store; `root` that of its artifacts.

    Raises:
        NotFoundError: there is no such page, nothing is recorded yet, or what it is about is not
            there.
        ParameterError: the address lacks something.
    """
    name, query = split_address(address)
    flags = {"store": store or None, "root": root or None}
    settings = resolve(Sources(Path.cwd(), flags, os.environ)).values
    if not is_there(settings.store):
        raise NotFoundError(
            f"nothing is recorded yet in {without_password(settings.store)}",
            hint="run a pipeline, or name the right store",
        )
    opened = open_unchanged(settings.store, settings.root)
    place = without_password(settings.store)
    reader = Reader(opened, place, True, (settings.root,), settings.lease)
    # What is wrong with it is said here, not when the notebook draws it.
    read_page(reader, name, query)
    return PageCard(name, query, reader)
