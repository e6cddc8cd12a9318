"""Pages as HTML: templates that escape everything, and the words for times, sizes and states."""

from __future__ import annotations

import functools
import hashlib
import time
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from mlops_pipeline.inspection import ago, number, seconds, size
from mlops_pipeline.ui.views import PageGraph, address_of, finite, shown

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
ISLANDS = STATIC / "built" / "islands.js"
"""What draws on the pages; it is not there where it was not built."""

NAVIGATION = (
    ("", "Overview"),
    ("runs", "Runs"),
    ("models", "Models"),
    ("datasets", "Datasets"),
)

TONES = {
    "complete": "good",
    "run": "good",
    "live": "good",
    "cached": "reused",
    "failed": "bad",
    "deleted": "bad",
    "not in the store": "bad",
    "running": "busy",
    "pending": "busy",
    "canceled": "warn",
    "warned": "warn",
}
"""The class of a state, which has a colour and a sign."""

LONGEST_LINK = 2_000
"""Characters of an address that a graph leads to."""

_YEAR = 31_557_600
_EVERYTHING = 1 << 40


def render(template: str, /, **facts: Any) -> str:
    """Return the HTML of a page."""
    return _environment().get_template(template).render(facts, islands=ISLANDS.is_file())


@functools.cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        finalize=_final,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "when": _when,
        "seconds": seconds,
        "size": size,
        "number": number,
        "shown": shown,
        "short": functools.partial(shown, longest=80),
        "all": functools.partial(shown, longest=_EVERYTHING),
        "percent": _percent,
        "made": Markup,
        "tone": _tone,
        "graph_json": _graph_json,
        "style_element": _style_element,
    }
    found.globals |= {"navigation": NAVIGATION, "address": address_of}
    return found


def _final(value: Any) -> Any:
    """Return what is printed of a value: text of one size, without what steers a browser."""
    return value if isinstance(value, Markup) else shown(value)


def _style_element(text: str) -> Markup:
    """Return our own style sheet as an element of a page that loads nothing."""
    return Markup("<style>\n{}\n</style>").format(Markup(text.replace("</", "<\\/")))


def _when(moment: Any) -> Markup:
    """Return a moment: how long ago, and its time in UTC for those who ask."""
    at = finite(moment)
    if not 0 < at < 200 * _YEAR:
        return Markup("-")
    exact = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    said = exact.replace("T", " ").replace("Z", " UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, said, escape(ago(at)))


def _percent(part: Any, all_of_it: Any) -> str:
    """Return a share for a drawing, always between 0 and 100."""
    whole = finite(all_of_it)
    return f"{min(100.0, max(0.0, 100 * finite(part) / whole)) if whole else 0.0:.2f}%"


def _tone(state: Any) -> str:
    """Return the class of a state."""
    return TONES.get(str(state).lower(), "dim")


def _graph_json(graph: PageGraph) -> Markup:
    """Return a graph as JSON that can stand in HTML, for what draws it."""
    nodes = [
        {
            "id": _key(node.id),
            "label": shown(node.label, 80),
            "kind": node.kind,
            "state": shown(node.state.lower(), 40),
            "tone": _tone(node.state),
            "note": shown(node.note, 80),
            "href": _link(node.href),
            "chosen": node.chosen,
            "steps": [{"label": step.label, "href": _link(step.href)} for step in node.steps],
        }
        for node in graph.nodes
    ]
    edges = [{"from": _key(edge.start), "to": _key(edge.end)} for edge in graph.edges]
    return htmlsafe_json_dumps({"nodes": nodes, "edges": edges})


def _link(address: str) -> str:
    """Return an address, or nothing where somebody's names make it endless."""
    return address if len(address) <= LONGEST_LINK else ""


def _key(name: str) -> str:
    """Return a name for what draws: short, and no word of the language that it is written in."""
    data = name.encode(errors="surrogatepass")
    return f"n-{name if len(name) < 80 else hashlib.sha256(data).hexdigest()}"
