"""Lift: how much more of a metric comes with a version than with the one that it is compared to."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_pipeline.business.events import BusinessEvent, EventLog
from mlops_pipeline.business.exposures import Exposure, exposures_to
from mlops_pipeline.business.metrics import BusinessMetric, list_metrics
from mlops_pipeline.deployment import Arm, Rollout, list_rollouts, served_number
from mlops_pipeline.models import CHAMPION, RegisteredModel, open_model
from mlops_pipeline.store import MetadataStore
from mlops_pipeline.value import Difference, Sample, always_valid, check_srm, sample_of

EXPERIMENT, BEFORE_AFTER = "experiment", "before and after"


@dataclass(frozen=True)
class BusinessPlaces:
    """The store, and the folder of the request log."""

    store: MetadataStore
    log: Path


@dataclass(frozen=True)
class Lift:
    """The effect of a version on a metric.

    Args:
        against: the version that it is compared to; 0 where there is none.
        grade: `EXPERIMENT`, or `BEFORE_AFTER`, which other things may have caused, too.
        baseline, candidate: sums over keys.
        difference: relative to the baseline; None where nobody was answered.
        warnings: what to beware of.
    """

    metric: BusinessMetric
    version: int
    against: int
    grade: str
    baseline: Sample
    candidate: Sample
    difference: Difference | None
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The lift in one line, as in `conversion +2.1 % (0.8 to 3.4)`."""
        if self.difference is None:
            return f"{self.metric.name}: no data"
        if not self.difference.standard_error:
            return f"{self.metric.name}: {self.difference.problem or 'nothing varies'}"
        found = self.difference
        return (
            f"{self.metric.name} {found.estimate * 100:+.1f} % "
            f"({found.low * 100:.1f} to {found.high * 100:.1f})"
        )


def lifts_of(places: BusinessPlaces, model: str, now: float | None = None) -> list[Lift]:
    """Return the lift of each version of a model on each of its metrics."""
    registered = open_model(places.store, model)
    metrics = list_metrics(places.store, model)
    return [
        lift_of(places, metric, version.number, now)
        for metric in metrics
        for version in registered.versions
    ]


def lift_of(
    places: BusinessPlaces, metric: BusinessMetric, version: int, now: float | None = None
) -> Lift:
    """Return the lift of a version on a metric: by its rollouts, else before and after.

    Raises:
        PipelineError: the log or the events cannot be read.
    """
    end = time.time() if now is None else now
    model = open_model(places.store, metric.model)
    model.version(version)
    log = EventLog(places.log, metric.model)
    kept = log.read(metric.name)
    warnings = _warnings_of(kept.unlinked, kept.conflicts)
    values = _by_key(kept.events)
    rollouts = [r for r in list_rollouts(places.store, metric.model) if r.plan.candidate == version]
    found = _experiment(places, metric, rollouts, values, end)
    if found is not None:
        against, baseline, candidate, more = found
        difference = always_valid(baseline, candidate)
        warnings += more
        return Lift(metric, version, against, EXPERIMENT, baseline, candidate, difference, warnings)
    against = _before(model, version)
    samples = [
        _sample(metric, _served(places, model, number, end), values)
        for number in (against, version)
    ]
    baseline, candidate = samples
    warnings += ("before and after a promotion: other things may have changed as well",)
    if not baseline.n or not candidate.n:
        return Lift(metric, version, against, BEFORE_AFTER, baseline, candidate, None, warnings)
    difference = always_valid(baseline, candidate)
    return Lift(metric, version, against, BEFORE_AFTER, baseline, candidate, difference, warnings)


def _warnings_of(unlinked: int, conflicts: Sequence[str]) -> tuple[str, ...]:
    told = []
    if unlinked:
        told.append(f"{unlinked} events have keys that the request log does not know")
    if conflicts:
        told.append(f"{len(conflicts)} events were told with several values: the first counts")
    return tuple(told)


_Values = Mapping[tuple[str, str], Sequence[BusinessEvent]]
"""Events by month and pseudonym."""


def _by_key(events: Sequence[BusinessEvent]) -> _Values:
    found: dict[tuple[str, str], list[BusinessEvent]] = defaultdict(list)
    for event in events:
        for month, pseudonym in event.keys.items():
            found[month, pseudonym].append(event)
    return found


def _value(metric: BusinessMetric, exposure: Exposure, values: _Values) -> float:
    """Return what a key has brought within the window of the metric."""
    counted = [
        event.value
        for event in values.get((exposure.month, exposure.key), ())
        if exposure.at <= event.at < exposure.at + metric.window
    ]
    if metric.kind == "conversion":
        # An event that was corrected to nothing was none.
        return float(any(counted))
    return float(sum(counted))


def _sample(metric: BusinessMetric, exposures: Sequence[Exposure], values: _Values) -> Sample:
    return sample_of(_value(metric, each, values) for each in exposures)


def _experiment(
    places: BusinessPlaces,
    metric: BusinessMetric,
    rollouts: Sequence[Rollout],
    values: _Values,
    end: float,
) -> tuple[int, Sample, Sample, tuple[str, ...]] | None:
    """Return what the arms of rollouts show; None where no arm had a key."""
    arms = {str(Arm.BASELINE): Sample(0, 0.0, 0.0), str(Arm.CANDIDATE): Sample(0, 0.0, 0.0)}
    against = 0
    young = 0
    for rollout in rollouts:
        last = rollout.last.at if rollout.state.has_ended else end
        times = (rollout.steps[0].at, max(last, rollout.steps[0].at))
        exposures = exposures_to(places.log, metric.model, times, rollout=rollout.name)
        young += sum(each.arm in arms and each.at + metric.window > end for each in exposures)
        for arm in arms:
            arms[arm] += _sample(metric, [e for e in exposures if e.arm == arm], values)
        against = rollout.plan.champion
    baseline, candidate = arms.values()
    if not baseline.n or not candidate.n:
        return None
    warnings = []
    if check_srm((candidate.n, baseline.n), (1, 1)).mismatch:
        warnings.append("the arms are not as large as they should be: do not trust the lift")
    if young:
        warnings.append(f"{young} keys may still have events: the window is not over for them")
    return against, baseline, candidate, tuple(warnings)


def _served(
    places: BusinessPlaces, model: RegisteredModel, version: int, end: float
) -> list[Exposure]:
    """Return who was answered by a version while it was the champion."""
    found: list[Exposure] = []
    moves = [move for move in model.moves if move.alias == CHAMPION]
    for number, move in enumerate(moves):
        if not version or move.version != version:
            continue
        until = moves[number + 1].at if number + 1 < len(moves) else end
        served = served_number(places.store, model.version(version))
        found += exposures_to(places.log, model.name, (move.at, until), version=served)
    return found


def _before(model: RegisteredModel, version: int) -> int:
    """Return the champion before a version was it; 0 if it never was, or was the first."""
    for move in model.moves:
        if move.alias == CHAMPION and move.version == version:
            return move.before
    return 0
