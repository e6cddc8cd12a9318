"""Pages as parts of a file: what leads to a server is gone, what leads to another part stays."""

from __future__ import annotations

import html
from collections.abc import Callable
from html.parser import HTMLParser

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.ui.views import shown, split_address

Target = Callable[[str, dict[str, str]], str]
"""Returns where a page is in the file, by its name and query; empty where it is not."""

_DROPPED = frozenset({"script", "iframe", "form", "object", "template"})
"""Elements that are left out with all they hold."""

_VOID = frozenset({"img", "link", "embed", "input", "source", "base", "meta"})
"""Elements without content that ask for something, or are of no use in a file."""

_NAMED = frozenset({"id", "for", "aria-labelledby", "aria-describedby", "aria-controls"})


def section_of(page: str, prefix: str, title: str, target: Target) -> str:
    """Return what stands in the main part of a page, as a part of a file.

    Args:
        prefix: begins every id in it, so that parts do not share one.
        title: ends every label in it, for the same reason.
    """
    cut = _Cut(prefix, title, target)
    cut.feed(page)
    cut.close()
    return "".join(cut.parts).strip()


class _Cut(HTMLParser):
    """Takes the main part of a page, tag by tag; all of it was escaped when it was made."""

    def __init__(self, prefix: str, title: str, target: Target) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._prefix = prefix
        self._title = shown(title, 80)
        self._target = target
        self._inside = False
        self._dropped: list[str] = []
        self._links: list[str] = []
        self._said = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "main":
            self._inside = True
            return
        if tag in _DROPPED:
            self._dropped.append(tag)
        if not self._inside or self._dropped or tag in _VOID:
            return
        if tag == "a":
            href = self._href(dict(attrs).get("href") or "")
            self._links.append("a" if href else "span")
            self.parts.append(f'<a href="{html.escape(href)}">' if href else "<span>")
            return
        self.parts.append(f"<{tag}{''.join(map(self._attribute, attrs))}>")
        if tag == "time" and (exact := dict(attrs).get("title")):
            # A file is read at any time: it says when, not how long ago.
            self.parts.append(html.escape(exact))
            self._said = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside and not self._dropped and tag not in (*_DROPPED, *_VOID):
            self.parts.append(f"<{tag}{''.join(map(self._attribute, attrs))}/>")

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            if tag == self._dropped[-1]:
                self._dropped.pop()
        elif tag == "main":
            self._inside = False
        elif self._inside and tag not in _VOID:
            self._said = self._said and tag != "time"
            self.parts.append(f"</{self._links.pop() if tag == 'a' and self._links else tag}>")

    def handle_data(self, data: str) -> None:
        self._text(data)

    def handle_entityref(self, name: str) -> None:
        self._text(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._text(f"&#{name};")

    def _text(self, text: str) -> None:
        if self._inside and not self._dropped and not self._said:
            self.parts.append(text)

    def _attribute(self, attribute: tuple[str, str | None]) -> str:
        name, value = attribute
        if name.startswith("on") or name in ("src", "srcset", "href", "action", "autofocus"):
            return ""
        if value is None:
            return f" {name}"
        named = f"{self._prefix}-{value}" if name in _NAMED else value
        named = f"{value}, {self._title}" if name == "aria-label" else named
        return f' {name}="{html.escape(named)}"'

    def _href(self, href: str) -> str:
        """Return where a link leads in the file; empty if to none of its parts."""
        if href.startswith("#"):
            return f"#{self._prefix}-{href[1:]}"
        try:
            name, query = split_address(href.partition("#")[0])
        except PipelineError:
            return ""
        return self._target(name, query)
