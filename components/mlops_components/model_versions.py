"""The Pusher's way into the registry: what it pushes becomes a version of a registered model.

Drivers and publishers are asked where the store is; the body of a component is not.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from mlops_pipeline.errors import PipelineError, ResolutionError
from mlops_pipeline.models import check_model_name, refuse_rolled_back, register_pushed
from mlops_pipeline.node import Decision, Done, Plan, Request, drive, publish
from mlops_pipeline.run_state import Outcome

log = logging.getLogger(__name__)


def drive_push(request: Request) -> Plan:
    """Skip the push of a model with the bytes of a version that was rolled back."""
    plan = drive(request)
    name = plan.parameters.get("model_name")
    if not name or plan.decision is Decision.SKIPPED:
        return plan
    try:
        pushed = (*plan.inputs.get("model", ()), *plan.outputs.get("pushed_model", ()))
        refuse_rolled_back(request.workspace.store, check_model_name(name), pushed)
    except ResolutionError as error:
        log.warning("%s is not pushed: %s", name, error.message)
        return replace(
            plan, decision=Decision.SKIPPED, reason=error.message, key=None, outputs={}, gate=None
        )
    return plan


def publish_version(done: Done) -> Outcome:
    """Publish what was pushed, and register it as a version.

    What cannot be registered now is registered by the next push, or by `mlops models register`.
    """
    outcome = publish(done)
    name = done.plan.parameters.get("model_name")
    if name and outcome.state.succeeded:
        try:
            register_pushed(done.workspace.store, name)
        except PipelineError as error:
            log.warning("%s is pushed, and not registered yet: %s", name, error)
    return outcome
