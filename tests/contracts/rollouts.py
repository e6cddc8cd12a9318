"""Rollouts in tests: a registered model with versions that are served, and requests in its log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from registered_models import push

from mlops_pipeline.deployment import Arm, RolloutPlan, arm_of
from mlops_pipeline.models import register_artifact, set_alias
from mlops_pipeline.request_log import LogOptions, LogPolicy, RequestLog, RequestRecord
from mlops_pipeline.store import MetadataStore

MODEL = "fraud"


def with_served(store: MetadataStore, count: int = 2) -> None:
    """Register versions that a server knows as 101, 102, ...; the first one is the champion."""
    for number in range(1, count + 1):
        artifact = push(store, f"v{number}", pushed_version=str(100 + number))
        register_artifact(store, artifact, MODEL)
    set_alias(store, MODEL, 1)


def plan_of(**changes: Any) -> RolloutPlan:
    """A canary of version 2 beside version 1, which is quick."""
    told = {"steps": (0.1, 0.5), "minimum": 50, "step_seconds": 0, "load_seconds": 0, **changes}
    return RolloutPlan(MODEL, 2, 1, (102, 101), **told)


def log_requests(
    folder: Path,
    rollout: str,
    weight: float,
    at: float,
    *,
    errors: float = 0.0,
    users: int = 1000,
    seconds: float = 0.01,
    countries: Sequence[str] = ("at",),
    shadow: bool = False,
) -> None:
    """Write a request of each user, as a server does.

    Args:
        errors: share of the requests that the candidate fails, where the champion stands in; of
            those from the last country only, where there are several.
    """
    log = RequestLog(folder, LogPolicy({"country": "keep"}), LogOptions(seconds=3600))
    for number in range(users):
        key, country = f"user-{number}", countries[number % len(countries)]
        arm = arm_of(key, weight, rollout)
        is_candidate = arm == Arm.CANDIDATE
        fails = (number // len(countries)) % 100 < errors * 100 and country == countries[-1]
        common: dict[str, Any] = {
            "at": at,
            "key": key,
            "rollout": rollout,
            "inputs": {"country": lambda country=country: [country]},
        }
        fallback = "raised" if is_candidate and fails else ""
        log.note(
            RequestRecord(
                MODEL,
                f"r{number}",
                arm=str(arm),
                assigned=102 if is_candidate else 101,
                version=102 if is_candidate and not fallback else 101,
                fallback=fallback,
                seconds=seconds if is_candidate else 0.01,
                **common,
            )
        )
        if shadow:
            log.note(
                RequestRecord(
                    MODEL,
                    f"r{number}",
                    assigned=102,
                    version=102,
                    status="raised" if fails else "ok",
                    shadow=True,
                    **common,
                )
            )
    log.close()
