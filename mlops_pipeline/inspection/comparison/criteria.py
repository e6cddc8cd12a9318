"""Criteria that a change has to meet: `auc by country < -0.01`, held against a comparison.

A criterion says when the comparison fails. One that nothing could be held against is refused: it
never passes for want of numbers.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlops_pipeline.errors import ParameterError, did_you_mean
from mlops_pipeline.inspection.comparison.compared import Comparison, Row
from mlops_pipeline.inspection.comparison.evaluations import as_number
from mlops_pipeline.inspection.console import number, one_line

PASSED, FAILED, LEFT_OUT, REFUSED = "passed", "failed", "left out", "refused"

_NEAR = 1e-9
"""Numbers this close, relative to their size, are equal: the rest is rounding."""

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CRITERION = re.compile(
    r"\s*(?P<value>value\s+of\s+)?"
    r"(?:\"(?P<quoted>[^\"]+)\"|(?P<plain>[^\s\"<>]+))"
    r"(?:\s+by\s+(?P<features>[^<>]+?))?"
    r"\s*(?P<operator><=|>=|<|>)\s*"
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(?P<percent>%)?\s*",
    re.ASCII,
)
_ALL = "*"


@dataclass(frozen=True)
class Criterion:
    """When a comparison fails.

    Args:
        text: as the user wrote it.
        features: whose slices count, `*` for all slices; none for all examples.
        of_value: whether the number itself counts, and not its difference from the first run.
        percent: whether the limit is a share of the first run's number.
    """

    text: str
    metric: str
    features: tuple[str, ...]
    operator: str
    limit: float
    of_value: bool = False
    percent: bool = False


@dataclass(frozen=True)
class Check:
    """A criterion held against one metric of one run.

    Args:
        run: the later run; the earlier one is the first of the comparison.
        difference: after minus before; None where one of them is no number.
        outcome: `passed`, `failed` or `left out`.
    """

    run: str
    name: str
    before: float | None
    after: float | None
    difference: float | None
    outcome: str
    reason: str = ""

    def __str__(self) -> str:
        before, after = ("-" if x is None else number(x) for x in (self.before, self.after))
        text = f"{self.name}: {before} -> {after}"
        if self.difference is not None:
            text += f" ({'+' if self.difference > 0 else ''}{number(self.difference)})"
        return f"{text}, {self.reason}" if self.reason else text


@dataclass(frozen=True)
class Judged:
    """A criterion, and what came of it.

    Args:
        outcome: `passed`, `failed` or `refused`.
        reason: why it was refused; `hint` is what to do.
    """

    criterion: Criterion
    outcome: str
    checks: tuple[Check, ...] = ()
    reason: str = ""
    hint: str = ""

    @property
    def failed(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.outcome == FAILED]


def parse_criterion(text: str) -> Criterion:
    """Return the criterion of a text: `[value of] METRIC [by FEATURE, ...] < NUMBER[%]`.

    Raises:
        ParameterError: it is none.
    """
    found = _CRITERION.fullmatch(text)
    features = [part.strip() for part in (found["features"] or "").split(",")] if found else []
    if found is None or (found["features"] and not all(features)):
        raise ParameterError(
            f"{one_line(text)!r} is no criterion",
            hint="write it as 'auc < -0.01', 'auc by country < -1%' or 'value of auc < 0.9'",
        )
    if found["value"] and found["percent"]:
        raise ParameterError(
            f"{one_line(text)!r}: a value has no percentage",
            hint="leave out `value of`, or the %",
        )
    limit = float(found["number"])
    if not math.isfinite(limit):
        raise ParameterError(
            f"{one_line(text)!r} has no limit that can be reached", hint="give a smaller number"
        )
    return Criterion(
        text=" ".join(text.split()),
        metric=found["quoted"] or found["plain"],
        features=tuple(feature.strip('"') for feature in features if feature),
        operator=found["operator"],
        limit=limit,
        of_value=bool(found["value"]),
        percent=bool(found["percent"]),
    )


def judge(found: Comparison, criteria: Sequence[Criterion]) -> list[Judged]:
    """Hold criteria against each run of a comparison but the first."""
    return [_judged(found, criterion) for criterion in criteria]


def _judged(found: Comparison, criterion: Criterion) -> Judged:
    of_metric = [r for r in found.rows if r.kind == "metric" and r.metric == criterion.metric]
    rows = [row for row in of_metric if _is_meant(row, criterion.features)]
    refusal = _refusal(found, criterion, of_metric, rows)
    if refusal:
        return Judged(criterion, REFUSED, reason=refusal[0], hint=refusal[1])
    checks: list[Check] = []
    for place, run in enumerate(found.runs):
        if place:
            held = [_check(row, place, run.id, criterion) for row in rows if _is_there(row, place)]
            if all(check.outcome == LEFT_OUT for check in held):
                reason = f"nothing of run {run.id} can be compared by {criterion.text!r}"
                said = "; ".join(f"{check.name}: {check.reason}" for check in held[:3])
                return Judged(criterion, REFUSED, tuple(held), reason, said)
            checks += held
    outcome = FAILED if any(check.outcome == FAILED for check in checks) else PASSED
    return Judged(criterion, outcome, tuple(checks))


def _is_meant(row: Row, features: Sequence[str]) -> bool:
    if tuple(features) == (_ALL,):
        return bool(row.where)
    return set(row.where) == set(features)


def _is_there(row: Row, place: int) -> bool:
    return 0 not in row.absent or place not in row.absent


def _refusal(
    found: Comparison, criterion: Criterion, of_metric: Sequence[Row], rows: Sequence[Row]
) -> tuple[str, str] | None:
    """Return why a criterion cannot be held against these runs, and what to do; or None."""
    metrics = {row.metric for row in found.rows if row.kind == "metric"}
    if not of_metric:
        near = did_you_mean(criterion.metric, metrics) if metrics else "run an Evaluator"
        return f"there is no metric {criterion.metric!r} in these runs", near
    if not rows:
        kinds = sorted({", ".join(sorted(row.where)) for row in of_metric if row.where})
        has = f"it has slices by {' and by '.join(kinds)}" if kinds else "it has no slices"
        wanted = ", ".join(criterion.features)
        by = f"{criterion.metric!r} by {wanted!r}" if wanted else f"{criterion.metric!r} overall"
        return f"there is no metric {by} in these runs", has
    for place, run in enumerate(found.runs):
        needed = place > 0 or not criterion.of_value
        if needed and all(place in row.absent for row in rows):
            said = run.problems[0] if run.problems else f"the run is {run.state.lower()}"
            by = f" by {', '.join(criterion.features)}" if criterion.features else ""
            return f"run {run.id} has no metric {criterion.metric!r}{by}", said
    return None


def _check(row: Row, place: int, run: str, criterion: Criterion) -> Check:
    before = None if 0 in row.absent else as_number(row.values[0])
    after = None if place in row.absent else as_number(row.values[place])
    difference = None if before is None or after is None else as_number(after - before)
    outcome, reason = _outcome(row, place, (before, after), criterion)
    return Check(run, row.name, before, after, difference, outcome, reason)


def _outcome(
    row: Row, place: int, numbers: tuple[float | None, float | None], criterion: Criterion
) -> tuple[str, str]:
    before, after = numbers
    if place in row.absent:
        return FAILED, "it is no longer there"
    if after is None:
        # Small slices often have none, before and after.
        is_old = before is None and 0 not in row.absent
        return (LEFT_OUT if is_old else FAILED), "it is no number"
    if criterion.of_value:
        return (FAILED if _holds(criterion, after) else PASSED), ""
    if before is None:
        return LEFT_OUT, "it is new" if 0 in row.absent else "it was no number before"
    change = after - before
    if criterion.percent:
        if before == 0 and change:
            return FAILED, "there is no percentage of 0"
        change = 100 * change / abs(before) if before else 0.0
    return (FAILED if _holds(criterion, change) else PASSED), ""


def _holds(criterion: Criterion, value: float) -> bool:
    limit = criterion.limit
    if abs(value - limit) <= _NEAR * max(1.0, abs(limit)):
        value = limit
    return _OPERATORS[criterion.operator](value, limit)


def judged_lines(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield the outcome of each criterion as lines, with the checks that decided it."""
    for each in judged:
        count = f", {len(each.checks)} checked" if each.outcome != REFUSED else ""
        yield f"{each.outcome}: fails if {each.criterion.text}{count}"
        if each.reason:
            yield f"  {each.reason}: {each.hint}"
        shown = each.failed or each.checks
        for check in shown[:MOST_CHECKS]:
            about = f"{check.run}: " if len({c.run for c in each.checks}) > 1 else ""
            yield f"  {about}{check}"
        if len(shown) > MOST_CHECKS:
            yield f"  and {len(shown) - MOST_CHECKS} more"


MOST_CHECKS = 20
"""Checks of a criterion that are listed."""
