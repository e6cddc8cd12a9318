"""`ApprovalGate`: nodes after it wait until a person has approved of a model."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from mlops_pipeline import Input, component, current_task
from mlops_pipeline.artifacts import Model
from mlops_pipeline.errors import ExecutorError, ParameterError

DAY = 86_400.0


@component(base_type="Evaluate", driver="mlops_components.approval_gate:wait_for_approval")
def ApprovalGate(
    model: Input[Model],
    model_name: str,
    time_limit: float = 3 * DAY,
    decision: dict[str, Any] | None = None,
) -> str:
    """Wait until a person approves of a model: `mlops models approve NAME ARTIFACT --why ...`.

    It is looked after in attempts of a moment, between which nothing is held: no slot of Airflow
    and no process. A refusal, or no answer in time, closes the gate: nodes after it are skipped.

    Args:
        model_name: the registered model of which it is to become a version.
        time_limit: seconds from the first attempt until the gate closes.
        decision: given by the driver: who decided what, when and why.
    """
    found = decision or {}
    word = str(found.get("word", ""))
    if word == "approved":
        return f"approved by {found.get('by')}: {found.get('why')}"
    reason = f"rejected by {found.get('by')}: {found.get('why')}"
    if word != "rejected":
        reason = f"nobody approved of {model_name} in time"
    current_task().gate("skip", reason)
    return reason


# Attempts are what waits: each ends at once, and the scheduler begins the next one.
ApprovalGate = ApprovalGate.options(
    retries=10_000, retry_wait=15.0, retry_factor=1.5, retry_max_wait=600.0
)


class WaitingError(ExecutorError):
    """Nobody has decided yet."""


def wait_for_approval(request: Any) -> Any:
    """Let the node run once somebody has decided, or its time is over.

    Raises:
        WaitingError: neither is so: another attempt looks again.
    """
    from mlops_pipeline.models import check_model_name, find_model
    from mlops_pipeline.node import Decision, drive

    plan = drive(replace(request, force=True))
    if plan.decision is Decision.SKIPPED:
        return plan
    name = check_model_name(str(plan.parameters["model_name"]))
    limit = plan.parameters["time_limit"]
    if limit < 0:
        raise ParameterError(f"time_limit is {limit}", hint="give seconds, 0 or more")
    (model,) = plan.inputs["model"]
    registered = find_model(request.workspace.store, name)
    decided = registered.last_decision(model.id) if registered else None
    if decided is not None:
        word = "approved" if decided.approved else "rejected"
        said = {"word": word, "by": decided.by, "why": decided.why, "at": decided.at}
        return drive(request.replace_parameters(decision=said))
    end = _began(request) + limit
    if time.time() >= end:
        return drive(request.replace_parameters(decision={"word": "expired", "at": end}))
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(min(end, 4e9)))
    raise WaitingError(
        f"waits until {until} for a person to approve of artifact {model.id} as {name}",
        hint=f"mlops models approve {name} {model.id} --why REASON (or --reject)",
    )


def _began(request: Any) -> float:
    """Return the time of the first attempt in this run."""
    attempts = [
        each.started
        for each in request.workspace.store.executions_of_run(request.run.id)
        if (each.node_id, each.iteration) == (request.node.id, request.iteration)
    ]
    return min(attempts, default=time.time())
