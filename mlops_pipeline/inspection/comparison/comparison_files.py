"""A comparison as files: JUnit XML for a CI server, Markdown for a pull request, HTML to keep.

Names and values come from stores that others write: in no file do they become markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from mlops_pipeline.inspection.comparison.compared import Comparison, Row
from mlops_pipeline.inspection.comparison.comparison_text import (
    run_letters,
    section_table,
    section_title,
)
from mlops_pipeline.inspection.comparison.criteria import (
    FAILED,
    PASSED,
    REFUSED,
    Judged,
    judged_lines,
)
from mlops_pipeline.inspection.comparison.facts import KINDS
from mlops_pipeline.inspection.console import seconds

MOST_ROWS = 500
"""Rows of a kind that a file lists."""

# They turn a text around, steer what shows it, or may not stand in XML at all.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff"
    "\ufffe\uffff]"
)
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~^=-])")


def as_junit(found: Comparison, judged: Sequence[Judged]) -> str:
    """Return the outcome of each criterion as JUnit XML."""
    names = " ".join(_clean(run.id) for run in found.runs[:2])
    failures = sum(each.outcome == FAILED for each in judged)
    errors = sum(each.outcome == REFUSED for each in judged)
    counts = f'tests="{len(judged)}" failures="{failures}" errors="{errors}"'
    cases = []
    for each in judged:
        name = quoteattr(_clean(f"fails if {each.criterion.text}"))
        text = _clean("\n".join(judged_lines([each])))
        kind = {FAILED: "failure", REFUSED: "error", PASSED: "system-out"}[each.outcome]
        said = each.reason or f"{len(each.failed)} of {len(each.checks)} failed"
        message = "" if each.outcome == PASSED else f" message={quoteattr(_clean(said))}"
        cases.append(
            f'    <testcase classname="mlops.compare" name={name} time="0">\n'
            f"      <{kind}{message}>{escape(text)}</{kind}>\n    </testcase>\n"
        )
    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<testsuites {counts}>\n"
        f"  <testsuite name={quoteattr(f'mlops compare {names}')} {counts}>\n"
        f"{''.join(cases)}  </testsuite>\n</testsuites>\n"
    )


def as_markdown(found: Comparison, judged: Sequence[Judged] = ()) -> str:
    """Return a comparison as Markdown."""
    parts = ["# Runs compared", markdown_table(*_runs(found))]
    parts += [f"- {markdown_text(note)}" for note in _remarks(found)]
    if found.verdict:
        parts.append(f"**{markdown_text(found.verdict)}**")
    if judged:
        parts += ["## Criteria", _fenced("\n".join(judged_lines(judged)))]
    for kind, rows, left in _sections(found):
        parts += [
            f"## {markdown_text(section_title(kind, rows))}",
            markdown_table(*section_table(rows)),
        ]
        parts += [_fenced(text, "diff") for text in _diffs(rows)]
        parts += [f"and {left} more"] if left else []
    if not found.differing:
        parts.append("Nothing differs.")
    return "\n\n".join(parts) + "\n"


def as_html(found: Comparison, judged: Sequence[Judged] = ()) -> str:
    """Return a comparison as one HTML file, without scripts and without anything to load."""
    parts = [html_table("Runs", *_runs(found))]
    parts += [f"<p>{html_text(note)}</p>" for note in _remarks(found)]
    if found.verdict:
        parts.append(f"<p><strong>{html_text(found.verdict)}</strong></p>")
    if judged:
        parts.append("<h2>Criteria</h2>")
    for each in judged:
        text = "\n".join(judged_lines([each]))
        parts.append(f'<pre class="{each.outcome}">{html_text(text)}</pre>')
    for kind, rows, left in _sections(found):
        parts.append(f"<h2>{html_text(section_title(kind, rows))}</h2>")
        parts.append(html_table("", *section_table(rows)))
        parts += [f"<pre>{html_text(text)}</pre>" for text in _diffs(rows)]
        parts += [f"<p>and {left} more</p>"] if left else []
    if not found.differing:
        parts.append("<p>Nothing differs.</p>")
    return html_page("Runs compared", "\n".join(parts))


def html_page(title: str, body: str) -> str:
    """Return a page that loads nothing and runs nothing.

    Args:
        title: plain text.
        body: HTML.
    """
    before, _, after = _PAGE.partition("BODY")
    return f"{before.replace('TITLE', html_text(title))}{body}{after}"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TITLE</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 75rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #8886; padding: .2rem .7rem; text-align: left; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
caption { text-align: left; font-weight: bold; }
pre { border-left: 3px solid #8888; overflow-x: auto; padding: .3rem .7rem; }
pre.passed { border-color: #2a7d3f; }
pre.failed, pre.refused { border-color: #c0392b; }
</style>
</head>
<body>
<main>
<h1>TITLE</h1>
BODY
</main>
</body>
</html>
"""


def _clean(text: str) -> str:
    return _HIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)


def html_text(text: str) -> str:
    """Return a text as HTML shows it, with characters that steer written out."""
    return html.escape(_clean(text))


def markdown_text(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line, without links and mentions."""
    line = " ".join(_clean(text).split()).replace("&", "&amp;")
    line = _MARKUP.sub(r"\\\1", line).replace("://", "&#58;//").replace("www.", "www&#46;")
    return line.replace("@", "&#64;")


def _fenced(text: str, language: str = "") -> str:
    text = _clean(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _remarks(found: Comparison) -> Iterator[str]:
    yield from found.notes
    for letter, run in zip(run_letters(len(found.runs)), found.runs, strict=True):
        yield from (f"{letter}: {problem}" for problem in run.problems)


def _runs(found: Comparison) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            letter,
            run.id,
            run.pipeline,
            run.state.lower(),
            "-" if run.seconds is None else seconds(run.seconds),
        ]
        for letter, run in zip(run_letters(len(found.runs)), found.runs, strict=True)
    ]
    return ["", "run", "pipeline", "state", "time"], rows


def _sections(found: Comparison) -> Iterator[tuple[str, list[Row], int]]:
    """Yield the rows that differ, by kind, with the number of those that are left out."""
    for kind in KINDS:
        rows = [row for row in found.differing if row.kind == kind]
        if rows:
            yield kind, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS)


def _diffs(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(text for row in rows for text in row.diffs if text))


def markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain texts as Markdown."""
    text = ["| " + " | ".join(map(markdown_text, heading)) + " |", "|" + "---|" * len(heading)]
    text += ["| " + " | ".join(map(markdown_text, row)) + " |" for row in rows]
    return "\n".join(text)


def html_table(caption: str, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain texts as HTML; the first cell of a row is its heading."""
    head = "".join(f'<th scope="col">{html_text(text)}</th>' for text in heading)
    body = "\n".join(
        f'<tr><th scope="row">{html_text(row[0])}</th>'
        + "".join(f"<td>{html_text(text)}</td>" for text in row[1:])
        + "</tr>"
        for row in rows
    )
    title = f"<caption>{html_text(caption)}</caption>\n" if caption else ""
    return (
        f'<div class="wide">\n<table>\n{title}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )
