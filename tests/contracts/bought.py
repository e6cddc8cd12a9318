"""Users who buy after they were answered, in tests of business metrics."""

from __future__ import annotations

import random
from pathlib import Path

from rollouts import MODEL, log_requests, plan_of, with_served

from mlops_pipeline.business import (
    BusinessMetric,
    BusinessPlaces,
    EventLog,
    NewEvent,
    define_metric,
)
from mlops_pipeline.deployment import Arm, RolloutPlaces, advance, arm_of, start_rollout
from mlops_pipeline.store import MetadataStore

BOUGHT = BusinessMetric(MODEL, "bought", window=3600)


def sold(
    store: MetadataStore, folder: Path, *, rates: tuple[float, float], users: int, seed: int = 0
) -> BusinessPlaces:
    """Roll out a version to half of the users, who buy at a rate: baseline and candidate."""
    with_served(store)
    define_metric(store, BOUGHT)
    places = RolloutPlaces(store, folder / "table.json", folder / "log")
    rollout = start_rollout(store, plan_of(steps=(0.5,)))
    rollout = advance(places, rollout.name)
    at = rollout.last.at + 0.001
    log_requests(places.log, rollout.name, 0.5, at, users=users)
    draw = random.Random(seed)
    events = []
    for number in range(users):
        arm = arm_of(f"user-{number}", 0.5, rollout.name)
        if draw.random() < rates[arm == Arm.CANDIDATE]:
            events.append(NewEvent("bought", f"user-{number}", at + 1, 10.0, id=f"o-{number}"))
    EventLog(places.log, MODEL).record(events)
    return BusinessPlaces(store, places.log)
