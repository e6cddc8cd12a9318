"""A comparison of runs, made from their facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_pipeline.code import diff
from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection.comparison.compared import ComparedRun, Comparison, Row
from mlops_pipeline.inspection.comparison.evaluations import (
    Metric,
    ReadMetrics,
    as_number,
    metrics_of,
    read_metrics_file,
)
from mlops_pipeline.inspection.comparison.facts import (
    CAUSES,
    KINDS,
    MANIFEST,
    Fact,
    RunFacts,
    facts_of,
)
from mlops_pipeline.inspection.comparison.run_records import RunRecord, read_records
from mlops_pipeline.inspection.comparison.short_values import side_by_side
from mlops_pipeline.inspection.find import find_run
from mlops_pipeline.store import Direction, MetadataStore, Run

MOST_DIFFS = 60
"""Differences of code that one comparison works out."""

LARGEST_SOURCE = 500_000
"""Characters of a file of code that is compared line by line."""

_SLOWER, _SECONDS = 1.5, 1.0
"""Times differ from this factor and this many seconds on."""


def find_runs(store: MetadataStore, names: Sequence[str]) -> list[Run]:
    """Find the runs to compare.

    Args:
        names: an id, the beginning of one, `last`, or `#12` for the run that made artifact 12.

    Raises:
        NotFoundError: one of them is not there.
        PipelineError: there are not two different ones.
    """
    found: dict[str, Run] = {}
    for name in names:
        run = _run_of_artifact(store, name) or find_run(store, name)
        found.setdefault(run.id, run)
    if len(found) < 2:
        only = f"{', '.join(names)} {'are' if len(names) > 1 else 'is'} one run"
        raise PipelineError(
            f"there is nothing to compare: {only}" if names else "no runs are named",
            hint="name two different runs; `mlops runs` lists them",
        )
    return list(found.values())


def _run_of_artifact(store: MetadataStore, name: str) -> Run | None:
    number = name.removeprefix("#")
    if not name.startswith("#") or not (number.isascii() and number.isdigit()):
        return None
    events = store.events_by_artifact([int(number[:18])])
    written = [e.execution_id for e in events if e.direction is Direction.OUTPUT]
    for execution in store.executions(sorted(written)[:1]):
        if run := store.get_run(execution.run_id):
            return run
    raise NotFoundError(
        f"no run has made an artifact {name}", hint="list them with `mlops artifacts`"
    )


def compare_runs(
    store: MetadataStore,
    runs: Sequence[Run],
    read: ReadMetrics | None = None,
    lease: float = 60.0,
) -> Comparison:
    """Compare runs: the first with each other one.

    Args:
        read: reads the metrics of an evaluation; by default from its file.
        lease: seconds without a sign of life after which a process elsewhere counts as dead.
    """
    records = read_records(store, runs, lease)
    facts = _facts(records, read or read_metrics_file())
    drafts = [_draft(kind, name, facts) for kind, name in _places(facts)]
    drafts = _without_repeats(drafts)
    toward = frozenset[str]().union(*(each.toward_model for each in facts))
    rows = [_row(each, toward) for each in drafts]
    rows = list(_with_code(store, zip(rows, drafts, strict=True)))
    rows.sort(key=_order)
    return Comparison(
        runs=tuple(_compared(each) for each in facts),
        verdict=_verdict(rows),
        rows=tuple(rows),
        notes=tuple(_notes(facts)),
    )


def _facts(records: Sequence[RunRecord], read: ReadMetrics) -> list[RunFacts]:
    read_metrics = [metrics_of(record, read) for record in records]
    labels = [{metric.evaluation for metric in metrics} for metrics, _ in read_metrics]
    single = all(len(each) < 2 for each in labels)
    return [
        facts_of(record, [_unlabelled(each) if single else each for each in metrics], problems)
        for record, (metrics, problems) in zip(records, read_metrics, strict=True)
    ]


def _unlabelled(metric: Metric) -> Metric:
    # Where each run has one evaluation, the name of its node does not matter.
    return replace(metric, evaluation="")


@dataclass(frozen=True)
class _Draft:
    """A row while it is made: the fact of each run, or None, and if the run would know of it."""

    kind: str
    name: str
    facts: tuple[Fact | None, ...]
    knows: tuple[bool, ...]
    nodes: frozenset[str]

    @property
    def keys(self) -> tuple[Any, ...]:
        return tuple(fact.key if fact else None for fact in self.facts)

    @property
    def differs(self) -> bool:
        if self.kind == "duration":
            times = [fact.value for fact in self.facts if fact]
            low, high = min(times), max(times)
            return bool(high > _SLOWER * low and high - low >= _SECONDS)
        known = [
            fact.key if fact else _NONE
            for fact, knows in zip(self.facts, self.knows, strict=True)
            if fact or knows
        ]
        return any(key != known[0] for key in known[1:])


_NONE = ("none",)


def _places(facts: Sequence[RunFacts]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(place for each in facts for place in each.facts))


def _draft(kind: str, name: str, facts: Sequence[RunFacts]) -> _Draft:
    found = tuple(each.facts.get((kind, name)) for each in facts)
    nodes = frozenset[str]().union(*(fact.nodes for fact in found if fact))
    if kind == "metric" and "" in nodes:
        knows = tuple(bool(each.known.get("metric")) for each in facts)
    else:
        knows = tuple(each.knows(kind, nodes) for each in facts)
    return _Draft(kind, name, found, knows, nodes)


def _without_repeats(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Leave out parameters of nodes that only hand on a parameter of the run, which differs."""
    of_run = {d.keys: d for d in drafts if d.kind == "parameter" and not d.nodes and d.differs}
    handed: dict[str, frozenset[str]] = {}
    kept = []
    for draft in drafts:
        owner = of_run.get(draft.keys) if draft.kind == "parameter" and draft.nodes else None
        if owner is None:
            kept.append(draft)
        else:
            handed[owner.name] = handed.get(owner.name, frozenset()) | draft.nodes
    return [
        replace(d, nodes=handed[d.name])
        if d.kind == "parameter" and not d.nodes and d.name in handed
        else d
        for d in kept
    ]


def _row(draft: _Draft, toward: frozenset[str]) -> Row:
    differs = draft.differs
    metric = next((fact.metric for fact in draft.facts if fact and fact.metric), None)
    absent = tuple(i for i, fact in enumerate(draft.facts) if fact is None)
    row = Row(
        kind=draft.kind,
        name=draft.name,
        values=side_by_side([fact.value if fact else None for fact in draft.facts], differs),
        absent=absent,
        differs=differs,
        nodes=tuple(sorted(draft.nodes - {""})),
        reaches_model=not toward or not draft.nodes or bool(draft.nodes & toward),
    )
    if metric is None:
        return row
    numbers = [as_number(fact.value) if fact else None for fact in draft.facts]
    changes = tuple(_minus(number, numbers[0]) for number in numbers)
    where = dict(metric.where)
    return replace(
        row, evaluation=metric.evaluation, metric=metric.name, where=where, changes=changes
    )


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else as_number(after - before)


def _with_code(store: MetadataStore, rows: Iterator[tuple[Row, _Draft]]) -> Iterator[Row]:
    """Add the changed lines to the parts of the code that differ."""
    texts: dict[str, str] = {}
    left = MOST_DIFFS

    def text(fact: Fact) -> str:
        if fact.document not in texts:
            texts[fact.document] = (fact.document and store.get_document(fact.document)) or ""
        return texts[fact.document]

    for row, draft in rows:
        if row.kind != "code" or not row.differs or left <= 0:
            yield row
            continue
        first = next(fact for fact in draft.facts if fact)
        known: dict[Any, str] = {first.key: ""}
        for fact in draft.facts:
            if fact and fact.key not in known and left > 0:
                left -= 1
                known[fact.key] = _lines(text(first), text(fact), draft.name)
        diffs = tuple(known.get(fact.key, "") if fact else "" for fact in draft.facts)
        yield replace(row, diffs=diffs)


def _lines(before: str, after: str, name: str) -> str:
    """Return the changed lines; none where the store does not hold the sources."""
    if not before or not after or max(len(before), len(after)) > LARGEST_SOURCE:
        return ""
    try:
        return diff(before, after, name)
    except (PipelineError, ValueError, RecursionError):
        return ""


def _order(row: Row) -> tuple[bool, int, bool, float, str]:
    moved = max((abs(change) for change in row.changes if change is not None), default=0.0)
    return (not row.differs, KINDS.index(row.kind), bool(row.where), -moved, row.name)


def _compared(facts: RunFacts) -> ComparedRun:
    record = facts.record
    problems = list(facts.problems)
    if record.missing:
        problems.append(f"the store lacks {record.missing} artifacts that its nodes name")
    return ComparedRun(
        id=record.run.id,
        pipeline=record.run.pipeline,
        state=record.state.value,
        started=as_number(record.run.started) or 0.0,
        seconds=record.seconds,
        problems=tuple(problems),
    )


def _verdict(rows: Sequence[Row]) -> str:
    models = [row for row in rows if row.kind == "model"]
    if not any(len(row.values) - len(row.absent) > 1 for row in models):
        return ""
    if not any(row.differs for row in models):
        return "the models are the same, byte for byte"
    if any(row.differs and row.kind in CAUSES and row.reaches_model for row in rows):
        return "the models differ"
    return (
        "the models differ, and nothing that is recorded about how they were made does: "
        "the training depends on something else, such as chance or time"
    )


def _notes(facts: Sequence[RunFacts]) -> Iterator[str]:
    names = Counter(each.record.run.pipeline for each in facts)
    if len(names) > 1:
        shown = ", ".join(name for name, _ in names.most_common(4))
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        yield f"the runs are of {len(names)} pipelines: {shown}{more}"
    checks: tuple[tuple[str, Callable[[RunFacts], bool]], ...] = (
        ("code and packages are not recorded", lambda f: not f.known.get(MANIFEST[0])),
        ("there are no metrics", lambda f: not f.known.get("metric")),
        ("there are no nodes", lambda f: not f.record.nodes),
    )
    for problem, holds in checks:
        lacking = [each.record.run.id for each in facts if holds(each)]
        if lacking:
            more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            yield f"{problem} in {', '.join(lacking[:3])}{more}"


def overall_metrics(
    store: MetadataStore, run: Run, read: ReadMetrics, lease: float
) -> dict[str, list[Any]]:
    """Return the metrics of a run over all examples, by name: one for each evaluation."""
    (record,) = read_records(store, [run], lease)
    found: dict[str, list[Any]] = {}
    for metric in metrics_of(record, read)[0]:
        if not metric.where:
            found.setdefault(metric.name, []).append(metric.value)
    return found
