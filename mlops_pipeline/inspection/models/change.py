"""A model against the one before: the average gains, and which slices lose."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlops_pipeline.inspection.models.directions import direction_of
from mlops_pipeline.inspection.models.evaluation_file import Evaluation, SliceMetrics, Where
from mlops_pipeline.inspection.models.intervals import Interval, interval_of
from mlops_pipeline.inspection.models.significance import (
    FALSE_DISCOVERIES,
    corrected,
    rates_apart,
    samples_apart,
)
from mlops_pipeline.inspection.models.slices import fold

GAINS, LOSES, SAME = "gains", "loses", "the same"
NEW, GONE, UNKNOWN = "new", "gone", "no number"


@dataclass(frozen=True)
class SliceChange:
    """The change of a metric in one slice.

    Args:
        verdict: `gains`, `loses`, `the same`, `new`, `gone` or `no number`.
        chance: probability of such a change by chance, corrected for the number of slices; None
            where it cannot be told.
        shares: share of all examples before and after, where their numbers are known.
    """

    label: str
    where: Where
    before: float | None
    after: float | None
    examples: tuple[float | None, float | None] = (None, None)
    shares: tuple[float | None, float | None] = (None, None)
    chance: float | None = None
    verdict: str = UNKNOWN

    @property
    def change(self) -> float | None:
        """The difference of both numbers."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before

    @property
    def is_noise(self) -> bool:
        """True if chance may explain the change; False also where that cannot be told."""
        return self.chance is not None and self.chance > FALSE_DISCOVERIES


@dataclass(frozen=True)
class MetricChange:
    """The change of a metric from the evaluation of one model to that of another.

    Args:
        rows: slices, those that lose most first.
        said: the change in a sentence.
    """

    metric: str
    overall: SliceChange
    rows: tuple[SliceChange, ...] = ()
    said: str = ""


def compare_evaluations(before: Evaluation, after: Evaluation, metric: str) -> MetricChange:
    """Compare a metric of two evaluations, slice by slice."""
    direction = direction_of(metric)
    overall = _change(before.overall, after.overall, metric)
    old = {each.where: each for each in before.slices}
    new = {each.where: each for each, _ in fold(after.slices)}
    known = {each.where for each in after.slices}
    gone = [each.where for each, _ in fold(before.slices) if each.where not in known]
    wanted = dict.fromkeys([*new, *gone])
    rows = [_slice_change(old.get(w), new.get(w), metric) for w in wanted]
    totals = before.overall.examples, after.overall.examples
    rows = [replace(row, shares=_shares(row, totals)) for row in rows]
    corrections = iter(corrected([row.chance for row in rows if row.chance is not None]))
    rows = [r if r.chance is None else replace(r, chance=next(corrections)) for r in rows]
    judged = [_judged(row, direction) for row in rows]
    judged.sort(key=lambda row: (_RANK[row.verdict], direction * (row.change or 0.0), row.where))
    whole = _judged(overall, direction)
    return MetricChange(metric, whole, tuple(judged), _said(metric, whole, judged, direction))


_RANK = {LOSES: 0, GONE: 1, UNKNOWN: 2, NEW: 3, SAME: 4, GAINS: 5}


def _slice_change(
    before: SliceMetrics | None, after: SliceMetrics | None, metric: str
) -> SliceChange:
    if before is not None and after is not None:
        return _change(before, after, metric)
    known = before or after or SliceMetrics()
    return SliceChange(
        known.label,
        known.where,
        before.metrics.get(metric) if before else None,
        after.metrics.get(metric) if after else None,
        examples=(before.examples if before else None, after.examples if after else None),
        verdict=GONE if after is None else NEW,
    )


def _change(before: SliceMetrics, after: SliceMetrics, metric: str) -> SliceChange:
    value, later = _number(before, metric), _number(after, metric)
    chance = None
    if value is not None and later is not None:
        intervals = interval_of(before, metric), interval_of(after, metric)
        chance = _chance((value, intervals[0]), (later, intervals[1]))
    counts = (before.examples, after.examples)
    return SliceChange(after.label, after.where, value, later, examples=counts, chance=chance)


def _number(row: SliceMetrics, metric: str) -> float | None:
    """Return a metric; None where no example was measured."""
    empty = row.examples is not None and row.examples <= 0
    return None if empty else row.metrics.get(metric)


def _chance(before: tuple[float, Interval], after: tuple[float, Interval]) -> float | None:
    (value, one), (later, other) = before, after
    if value == later:
        return 1.0
    if one.cases and other.cases:
        return rates_apart(one.hits, one.cases, other.hits, other.cases)
    if one.error is not None and other.error is not None:
        return samples_apart((value, one.error), (later, other.error))
    return None


def _shares(
    row: SliceChange, totals: tuple[float | None, float | None]
) -> tuple[float | None, float | None]:
    found = [
        count / total if count is not None and total else None
        for count, total in zip(row.examples, totals, strict=True)
    ]
    return found[0], found[1]


def _judged(row: SliceChange, direction: int) -> SliceChange:
    if row.verdict in (NEW, GONE) or row.change is None:
        return row
    moved = row.change * (direction or 1)
    return replace(row, verdict=LOSES if moved < 0 else GAINS if moved > 0 else SAME)


def _said(metric: str, whole: SliceChange, rows: list[SliceChange], direction: int) -> str:
    """Return the change in a sentence: `auc of all examples gains; 3 of 40 slices lose`."""
    if whole.change is None:
        return f"{metric} of all examples has no number in one of the two"
    compared = [row for row in rows if row.change is not None]
    if not direction:
        moved = sum(row.verdict != SAME for row in compared)
        return f"{metric} changed in {moved} of {len(compared)} slices; better is not known of it"
    noise = " (within noise)" if whole.is_noise and whole.verdict != SAME else ""
    head = (
        f"{metric} of all examples {'is ' if whole.verdict == SAME else ''}{whole.verdict}{noise}"
    )
    losing = [row for row in compared if row.verdict == LOSES]
    if not losing:
        return f"{head}; none of {len(compared)} slices loses" if compared else head
    sure = sum(row.chance is not None and not row.is_noise for row in losing)
    verb = "loses" if len(losing) == 1 else "lose"
    return f"{head}; {len(losing)} of {len(compared)} slices {verb}, {sure} of them beyond noise"
