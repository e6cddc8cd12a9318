"""A model card in Markdown: what a store knows of a model, for people who decide on its use."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlops_pipeline.inspection.console import number, one_line
from mlops_pipeline.inspection.models.intervals import Interval
from mlops_pipeline.inspection.models.model_report import Made, ModelReport, Results
from mlops_pipeline.inspection.models.significance import CORRECTION
from mlops_pipeline.inspection.models.slices import SliceRow, SliceTable

SLICES = 50
"""Slices on a card; the page of the model has all of them."""

_LONGEST = 200

_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$@:-])")


def card_text(report: ModelReport) -> str:
    """Return the card of a model."""
    parts = [_head(report), _origin(report), _data(report)]
    if report.results is None:
        parts.append(["## Evaluation", "This model has not been evaluated."])
    else:
        parts += [_evaluation(report.results), _slices(report.results), _change(report)]
    parts.append(_environment(report.made))
    return "\n\n".join("\n\n".join(filter(None, part)) for part in parts if part) + "\n"


def _head(report: ModelReport) -> list[str]:
    name = f"{report.made.pipeline}: " if report.made else ""
    facts = {"artifact": f"#{report.id}", "digest": report.digest or "unknown", "path": report.uri}
    return [f"# {_text(name)}model {report.id}", _facts({**facts, "state": report.state})]


def _origin(report: ModelReport) -> list[str]:
    made = report.made
    if made is None:
        return ["## Training", "The store does not know what made it."]
    facts = {
        "run": made.run,
        "node": f"{made.node} ({made.component})",
        "trained": f"{_day(made.started)}, {made.seconds:.0f} s",
    }
    if report.chain:
        facts["started from"] = ", ".join(f"model {each}" for each in report.chain)
    parameters = _facts({**made.run_parameters, **made.parameters})
    return ["## Training", _facts(facts), "### Parameters", parameters or "none"]


def _data(report: ModelReport) -> list[str]:
    if not report.data:
        return ["## Data", "The store does not know what it was trained on."]
    rows = [
        (
            each.dataset,
            f"#{each.id}",
            "" if each.span is None else each.span,
            ", ".join(f"{split} {count:,}" for split, count in (each.rows or {}).items()),
            each.digest[:16],
        )
        for each in report.data
    ]
    return ["## Data", _table(("dataset", "artifact", "span", "rows", "digest"), rows)]


def _evaluation(results: Results) -> list[str]:
    evaluation = results.evaluation
    verdict = {True: "passed its thresholds", False: "did not pass its thresholds"}
    said = verdict.get(evaluation.blessed, "no verdict") if evaluation.blessed is not None else ""
    if not results.has_examples:
        said = "no example was measured: nothing is known of this model"
    rows = [(name, number(value)) for name, value in evaluation.overall.metrics.items()]
    rows += [(name, "no number") for name in evaluation.overall.unknown]
    failed = [
        (each.metric, each.label, each.limit, _number(each.value), each.why or "failed")
        for each in results.thresholds
        if not each.passed
    ]
    head = ("metric", "slice", "threshold", "value", "")
    return [
        "## Evaluation",
        f"By {_text(results.node)} of run {_text(results.run)}, artifact #{results.artifact}"
        + (f": {said}." if said else "."),
        *[f"- {_text(reason)}" for reason in evaluation.reasons],
        _table(("metric", "all examples"), rows) if rows else "There are no metrics.",
        _table(head, failed) if failed else "",
        *[_text(note) for note in results.notes],
    ]


def _slices(results: Results) -> list[str]:
    table = results.table
    if table is None or not table.rows:
        return []
    rows = [_slice(row) for row in (table.overall, *table.rows[:SLICES])]
    more = len(table.rows) - SLICES
    return [
        f"## Slices by {_text(table.metric)}, the worst first",
        _table(("slice", "examples", table.metric, "95% interval", "from", ""), rows),
        f"and {more} more slices" if more > 0 else "",
        _how(table),
    ]


def _how(table: SliceTable) -> str:
    folded = (
        f" {table.folded} slices of the same examples stand with others." if table.folded else ""
    )
    return (
        f"{table.tested} slices were held against the other examples; *worse* and *better* hold "
        f"after the correction of {CORRECTION} at 5%.{folded}"
    )


def _slice(row: SliceRow) -> tuple[str, ...]:
    same = f" (the same: {'; '.join(row.same_as[:3])})" if row.same_as else ""
    interval = row.interval
    return (
        row.label + same,
        _number(row.examples),
        _number(row.value),
        interval_text(interval),
        interval.method or interval.why,
        "" if row.label == "all examples" and not row.where else row.verdict,
    )


def _change(report: ModelReport) -> list[str]:
    results = report.results
    if results is None or results.change is None:
        return []
    other = {
        True: "Both were measured on the same examples.",
        False: "They were measured on different examples.",
    }
    rows = [
        (row.label, _number(row.before), _number(row.after), _number(row.change), row.verdict)
        for row in (results.change.overall, *results.change.rows[:SLICES])
    ]
    said = other.get(results.same_examples, "") if results.same_examples is not None else ""
    return [
        f"## Against model {report.before}",
        f"{_text(results.change.said)}. {said}".strip(),
        _table(("slice", "before", "now", "change", ""), rows),
    ]


def _environment(made: Made | None) -> list[str]:
    if made is None:
        return []
    recorded = {name: value for name, value in made.recorded.items() if value not in ("", None)}
    packages = ", ".join(f"{name} {version}" for name, version in made.code.packages.items())
    facts = {**recorded, "packages": packages, "lock file": made.code.lock, "host": made.host}
    code = [(name, digest[:12]) for name, digest in made.code.parts.items()]
    shown = {name: value for name, value in facts.items() if value}
    return [
        "## Code and environment",
        _facts(shown),
        _table(("code", "digest"), code) if code else "",
    ]


def interval_text(interval: Interval) -> str:
    """Return an interval as `0.81 to 0.93`; a dash where there is none."""
    if interval.low is None or interval.high is None:
        return "-"
    return f"{number(interval.low)} to {number(interval.high)}"


def _facts(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"- {_text(name)}: {_text(value)}" for name, value in facts.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return "\n".join(_rows([head, ["---"] * len(head)], rows))


def _rows(begin: Sequence[Sequence[str]], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_text, begin[0]))} |"
    yield f"| {' | '.join(begin[1])} |"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"


def _text(value: Any) -> str:
    """Return a value as text of one line in which nothing is markup."""
    text = value if isinstance(value, str) else one_line(value)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}… ({len(text):,} characters)"
    text = _STEERING.sub(lambda match: ascii(match[0])[1:-1], text)
    return _MARKUP.sub(r"\\\1", text)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else number(value)


def _day(moment: float) -> str:
    known = 0 < moment < 253_402_300_000
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(moment)) if known else "unknown time"
