"""Definitions of business metrics: records of the store, of which the newest one counts."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Literal, get_args

from mlops_pipeline.errors import NotFoundError, ParameterError, did_you_mean
from mlops_pipeline.models import open_model
from mlops_pipeline.store import (
    BUSINESS_METRIC,
    AlreadyExistsError,
    Execution,
    MetadataStore,
    State,
)

Kind = Literal["conversion", "sum"]
"""`conversion`: the share of keys with an event. `sum`: the values of its events, a key."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_DAY = 86_400.0
_MOST = 10_000


@dataclass(frozen=True)
class BusinessMetric:
    """A metric of a model.

    Args:
        window: seconds after the first answer to a key in which its events count.
        higher_is_better: False for such as complaints.
        unit: of the values, as it is shown, such as EUR.
        revision: 1 for the first definition.
    """

    model: str
    name: str
    kind: Kind = "conversion"
    window: float = 7 * _DAY
    higher_is_better: bool = True
    unit: str = ""
    revision: int = 0


def define_metric(store: MetadataStore, metric: BusinessMetric, *, by: str = "") -> BusinessMetric:
    """Define a metric, or define it anew; returns it with its revision.

    Raises:
        ParameterError: the definition makes no sense.
        NotFoundError: there is no such model.
    """
    if not _NAME.fullmatch(metric.name):
        raise ParameterError(
            f"{metric.name[:100]!r} is no name of a metric", hint="use letters, digits, - and _"
        )
    if metric.kind not in get_args(Kind):
        raise ParameterError(
            f"a metric of the kind {metric.kind!r}", hint=did_you_mean(metric.kind, get_args(Kind))
        )
    if not 1 <= metric.window <= 1000 * _DAY:
        raise ParameterError(
            f"the window of {metric.name} is {metric.window:g} s", hint="give 1 s to 1,000 days"
        )
    open_model(store, metric.model)
    while True:
        known = {each.name: each for each in list_metrics(store, metric.model)}.get(metric.name)
        revision = known.revision + 1 if known else 1
        if known and known == replace(metric, window=float(metric.window), revision=known.revision):
            return known
        made = replace(metric, window=float(metric.window), revision=revision)
        try:
            store.put_execution(_record(made, by))
        except AlreadyExistsError:
            # Somebody else has defined it at the same time.
            continue
        return made


def _record(metric: BusinessMetric, by: str) -> Execution:
    now = time.time()
    return Execution(
        BUSINESS_METRIC,
        metric.model,
        "",
        metric.name,
        State.COMPLETE,
        name=f"{metric.model}/{metric.name}/{metric.revision}",
        started=now,
        finished=now,
        parameters={
            "kind": metric.kind,
            "window": metric.window,
            "higher_is_better": metric.higher_is_better,
            "unit": metric.unit,
            "revision": metric.revision,
            "by": by,
        },
    )


def list_metrics(store: MetadataStore, model: str) -> list[BusinessMetric]:
    """Return the metrics of a model as they are defined now, by name."""
    found: dict[str, BusinessMetric] = {}
    for record in store.recent_executions(BUSINESS_METRIC, node=model, limit=_MOST):
        metric = _metric(record)
        if metric and metric.revision > getattr(found.get(metric.name), "revision", 0):
            found[metric.name] = metric
    return [found[name] for name in sorted(found)]


def find_metric(store: MetadataStore, model: str, name: str) -> BusinessMetric:
    """Return a metric by its name.

    Raises:
        NotFoundError: it is not defined.
    """
    known = {each.name: each for each in list_metrics(store, model)}
    if name not in known:
        raise NotFoundError(
            f"{model} has no business metric {name[:100]!r}",
            hint=did_you_mean(name, known) if known else "define one: mlops business define",
        )
    return known[name]


def _metric(record: Execution) -> BusinessMetric | None:
    """Return the metric in a record; None if somebody has written over it."""
    told = record.parameters
    kind, revision, window = (told.get(name) for name in ("kind", "revision", "window"))
    is_number = isinstance(window, int | float) and not isinstance(window, bool)
    is_sound = kind in get_args(Kind) and isinstance(revision, int) and is_number
    if not is_sound or record.name != f"{record.pipeline}/{record.node_id}/{revision}":
        return None
    better = told.get("higher_is_better") in (True, 1)
    unit = str(told.get("unit") or "")
    name, model = record.node_id, record.pipeline
    return BusinessMetric(model, name, kind, float(window), better, unit, revision)  # type: ignore[arg-type]
