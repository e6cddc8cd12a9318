"""The plan of a rollout: how a version comes to answer, and what stops it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from mlops_pipeline.deployment.assignment import LARGEST_WEIGHT
from mlops_pipeline.errors import ParameterError, did_you_mean

Strategy = Literal["all-at-once", "shadow", "canary", "ab"]
"""`shadow`: asked beside the champion first, then all at once. `ab`: half and half."""

Inconclusive = Literal["hold", "rollback", "promote"]
"""What happens if a step has had its time and says neither yes nor no."""

CANARY_STEPS = (0.01, 0.05, 0.1, 0.25, 0.5)


class RolloutPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan.

    Args:
        model: name of the registered model; `candidate` and `champion` are versions of it, and
            `serves` the numbers by which the server knows them, in this order.
        steps: shares of the keys that the candidate gets, one after the other.
        minimum: keys that each arm needs before a step may pass.
        step_seconds: that a step takes at least; `max_seconds` at most, from its first request.
        load_seconds: for the servers to load the candidate.
        alpha: chance of stopping a candidate that is as good, over all steps, looks and checks.
        max_errors: share of the requests that may fail more than with the champion.
        latency_quantile: of the seconds of a request, compared; 0 for none.
        max_latency: times that it may be as long as with the champion.
        slices: features of the log by whose values errors are compared, too.
    """

    model: str
    candidate: int
    champion: int
    serves: tuple[int, int]
    strategy: Strategy = "canary"
    steps: tuple[float, ...] = CANARY_STEPS
    minimum: int = 100
    step_seconds: float = 60.0
    max_seconds: float = 86_400.0
    load_seconds: float = 60.0
    on_inconclusive: Inconclusive = "hold"
    alpha: float = 0.05
    max_errors: float = 0.01
    latency_quantile: float = 0.95
    max_latency: float = 1.5
    slices: tuple[str, ...] = ()

    @property
    def step_alpha(self) -> float:
        """Share of alpha that one step has, which may be held once."""
        return self.alpha / max(len(self.steps), 1) / 2


def steps_of(strategy: str, given: Sequence[float] = ()) -> tuple[float, ...]:
    """Return the shares that a strategy goes through.

    Raises:
        ParameterError: there is no such strategy, or it takes no shares.
    """
    if strategy not in get_args(Strategy):
        raise ParameterError(
            f"there is no strategy {strategy!r}", hint=did_you_mean(strategy, get_args(Strategy))
        )
    if given and strategy != "canary":
        raise ParameterError(
            f"the strategy {strategy} takes no steps", hint="leave them out, or take canary"
        )
    steps = {"canary": tuple(given) or CANARY_STEPS, "ab": (0.5,)}
    return steps.get(strategy, ())


def check_plan(plan: RolloutPlan) -> RolloutPlan:
    """Return a plan that makes sense.

    Raises:
        ParameterError: it does not; the message says where.
    """
    steps_of(plan.strategy)
    if plan.candidate == plan.champion:
        raise ParameterError(
            f"version {plan.candidate} of {plan.model} is the champion already",
            hint="name another version",
        )
    if not plan.champion and plan.strategy != "all-at-once":
        raise ParameterError(
            f"{plan.model} has no champion that version {plan.candidate} could be compared with",
            hint="roll out the first version with the strategy all-at-once",
        )
    if plan.on_inconclusive not in get_args(Inconclusive):
        raise ParameterError(
            f"on_inconclusive is {plan.on_inconclusive!r}", hint="write hold, rollback or promote"
        )
    if list(plan.steps) != sorted(set(plan.steps)) or not all(
        0 < step <= LARGEST_WEIGHT for step in plan.steps
    ):
        raise ParameterError(
            f"the steps are {list(plan.steps)}",
            hint="give shares that grow, up to 0.5: the baseline has as many keys",
        )
    for name, low, high in _RANGES:
        value = getattr(plan, name)
        if not low <= value <= high:
            raise ParameterError(f"{name} is {value}", hint=f"give {low:g} to {high:g}")
    return plan


_RANGES = (
    ("minimum", 10, 1e9),
    ("step_seconds", 0, 1e8),
    ("max_seconds", 1, 1e8),
    ("load_seconds", 0, 1e6),
    ("alpha", 1e-6, 0.5),
    ("max_errors", 0, 1),
    ("latency_quantile", 0, 0.999),
    ("max_latency", 1, math.inf),
)
