"""Slices of an evaluation by a metric: the worst first, what chance can explain told apart."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mlops_pipeline.inspection.models.directions import direction_of
from mlops_pipeline.inspection.models.evaluation_file import Evaluation, SliceMetrics, Where
from mlops_pipeline.inspection.models.intervals import Interval, interval_of
from mlops_pipeline.inspection.models.significance import (
    FALSE_DISCOVERIES,
    corrected,
    part_apart,
    rate_apart,
)

WORSE, BETTER, OTHER = "worse", "better", "other"
LIKE_ALL, NOT_TESTED = "no difference shown", "not tested"
NO_EXAMPLES, NO_NUMBER = "no examples", "no number"

_DEEPEST = 8
"""Features of a crossed slice up to which the slices that hold it are looked for."""


@dataclass(frozen=True)
class SliceRow:
    """A slice, by one metric.

    Args:
        examples: their number; None where the evaluation does not tell.
        difference: from all examples.
        chance: probability of such a difference by chance, corrected for the number of slices.
        verdict: `worse`, `better`, `other` (than the remaining examples), `no difference shown`,
            `not tested`, `no examples` or `no number`.
        same_as: slices of exactly the same examples, folded into this one.
    """

    label: str
    where: Where
    examples: float | None
    value: float | None
    interval: Interval
    difference: float | None = None
    chance: float | None = None
    verdict: str = NOT_TESTED
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class SliceTable:
    """The slices of an evaluation by one metric.

    Args:
        direction: 1 where more is better, -1 where less is, 0 where that is not known.
        rows: the worst first; those without a number at the end.
        tested: number of slices that were held against the remaining examples.
        folded: number of slices that stand in another row.
    """

    metric: str
    direction: int
    overall: SliceRow
    rows: tuple[SliceRow, ...] = ()
    tested: int = 0
    folded: int = 0


def rank_slices(evaluation: Evaluation, metric: str) -> SliceTable:
    """Rank the slices of an evaluation by a metric."""
    direction = direction_of(metric)
    overall = _row(evaluation.overall, metric)
    folded = fold(evaluation.slices)
    pairs = [(_row(each, metric), same) for each, same in folded]
    rows = [replace(row, same_as=same) for row, same in pairs]
    rows = [_against_all(row, overall) for row in rows]
    tested = [row.chance for row in rows if row.chance is not None]
    chances = iter(corrected(tested))
    judged = [
        _judged(replace(row, chance=next(chances)), direction) if row.chance is not None else row
        for row in rows
    ]
    ordered = sorted(judged, key=lambda row: _order(row, direction))
    hidden = len(evaluation.slices) - len(folded)
    return SliceTable(metric, direction, overall, tuple(ordered), len(tested), hidden)


def fold(slices: Sequence[SliceMetrics]) -> list[tuple[SliceMetrics, tuple[str, ...]]]:
    """Return the slices, those of the same examples once, with the names of the others.

    A crossed slice is a part of each slice that has some of its conditions; where both have as many
    examples, they are the same ones. The slice with the fewest conditions stands for all.
    """
    by_where = {each.where: each for each in slices}
    leader = {where: where for where in by_where}

    def lead(where: Where) -> Where:
        while leader[where] != where:
            where = leader[where]
        return where

    for each in slices:
        if not each.examples or not 1 < len(each.where) <= _DEEPEST:
            continue
        for size in range(1, len(each.where)):
            for part in itertools.combinations(each.where, size):
                held = by_where.get(part)
                if held is not None and held.examples == each.examples:
                    one, other = sorted((lead(part), lead(each.where)), key=_plainest)
                    leader[other] = one
    same: dict[Where, list[str]] = defaultdict(list)
    for each in slices:
        found = lead(each.where)
        if found != each.where:
            same[found].append(each.label)
    kept = [each for each in slices if leader[each.where] == each.where]
    return [(each, tuple(same[each.where])) for each in kept]


def _plainest(where: Where) -> tuple[int, Where]:
    return len(where), where


def _row(metrics: SliceMetrics, name: str) -> SliceRow:
    value, interval = metrics.metrics.get(name), interval_of(metrics, name)
    empty = metrics.examples is not None and metrics.examples <= 0
    verdict = NO_EXAMPLES if empty else NOT_TESTED if value is not None else NO_NUMBER
    return SliceRow(
        metrics.label, metrics.where, metrics.examples, value, interval, verdict=verdict
    )


def _against_all(row: SliceRow, overall: SliceRow) -> SliceRow:
    """Return the row with its difference from all examples and how likely it is by chance."""
    if row.value is None or overall.value is None or row.verdict == NO_EXAMPLES:
        return row
    one, all_of_it = row.interval, overall.interval
    chance = None
    if one.cases and all_of_it.cases:
        chance = rate_apart(one.hits, one.cases, all_of_it.hits, all_of_it.cases)
    elif one.error and all_of_it.error and row.examples and overall.examples:
        share = row.examples / overall.examples
        chance = part_apart((row.value, one.error), (overall.value, all_of_it.error), share)
    return replace(row, difference=row.value - overall.value, chance=chance)


def _judged(row: SliceRow, direction: int) -> SliceRow:
    if row.chance is None or row.chance > FALSE_DISCOVERIES:
        return replace(row, verdict=LIKE_ALL)
    moved = (row.difference or 0.0) * direction
    return replace(row, verdict=WORSE if moved < 0 else BETTER if moved > 0 else OTHER)


def _order(row: SliceRow, direction: int) -> tuple[int, float, Where]:
    """Return what sorts a row: those that stand out as worse, then by value, then without one."""
    if row.value is None or row.verdict in (NO_EXAMPLES, NO_NUMBER):
        return 2, 0.0, row.where
    by = direction * row.value if direction else -abs(row.difference or 0.0)
    return int(row.verdict != WORSE), by, row.where
