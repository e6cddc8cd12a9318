"""Claims: an execution claims its work by its name, which is unique in the store.

Two runs that need the same result at once do it once: the second finds the claim taken, waits,
and takes over the result. A claim whose process is dead is reaped, and the work claimed again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from dataclasses import replace
from typing import Any

import msgspec

from mlops_pipeline.cache import Key, find_reusable
from mlops_pipeline.errors import ResolutionError
from mlops_pipeline.executors import seed_of
from mlops_pipeline.node.driver import Plan, Request
from mlops_pipeline.roots import OUTPUTS, STAGING
from mlops_pipeline.run_state import (
    LEASE,
    POLL,
    host,
    is_dead,
    is_gone,
    process_of,
    reap,
    this_process,
)
from mlops_pipeline.store import AlreadyExistsError, Execution, State

SEED = "seed"
"""Property of an execution: what its random numbers began from."""

GENERATION = "generation"
"""Property of an execution that was claimed after others had published what it cannot reuse."""


def new_execution(request: Request, plan: Plan | None, state: State) -> Execution:
    """Return the execution to record for a request, with all that is known of it."""
    key = plan.key if plan else None
    now = time.time()
    return Execution(
        component=request.node.component,
        pipeline=request.run.pipeline,
        run_id=request.run.id,
        node_id=request.node.id,
        state=state,
        iteration=request.iteration,
        attempt=request.history.attempts(request.node.id, request.iteration) + 1,
        parameters=plan.parameters if plan else {},
        cache_key=key.digest if key and request.node.cache.enabled else "",
        reason=plan.reason if plan else "",
        manifest=manifest_text(key) if key else "",
        host=host(),
        pid=os.getpid(),
        started=now,
        finished=0.0 if state is State.RUNNING else now,
        properties=plan.gate.properties() if plan and plan.gate else {},
    )


def manifest_text(key: Key) -> str:
    """Return a key as an execution keeps it: its parts, and the sources as documents."""
    # Under these names the store keeps them: see `put_document`.
    # Many parts are of one file.
    names = {text: hashlib.sha256(text.encode()).hexdigest() for text in {*key.sources.values()}}
    sources = {name: names[text] for name, text in key.sources.items()}
    data = {"parts": key.manifest, "sources": sources}
    return msgspec.json.encode(data, order="deterministic").decode()


def claim(request: Request, plan: Plan, stop: threading.Event) -> Execution | Plan:
    """Register the execution that does the work, or find that another one has done it.

    Returns:
        The RUNNING execution; or the plan that takes over the result of another process.

    Raises:
        ResolutionError: another process runs the same node of the same run, or `stop` was set.
        DeletedArtifactError: an input was deleted since the driver chose it.
    """
    store = request.workspace.store
    new = new_execution(request, plan, State.RUNNING)
    outputs = [output.name for output in request.node.outputs]
    properties: dict[str, Any] = {
        **this_process(),
        **request.workspace.artifact_root.facts,
        STAGING: secrets.token_hex(4),
        LEASE: request.workspace.lease,
        OUTPUTS: outputs,
        **({SEED: seed_of(plan.key.digest)} if plan.key else {}),
    }
    links = (*plan.inputs.items(), *plan.reads.items())
    inputs = {name: [record.id for record in records] for name, records in links}
    # What is claimed: the cache key, or the node of the run if nothing is shared.
    claimed = "/".join([request.run.id, request.node.id, *map(str, request.iteration)])
    if plan.key and request.may_reuse:
        claimed = plan.key.digest
    number = plan.generation
    while True:
        name = f"{claimed}.{number}"
        try:
            stored, _ = store.put_execution(
                replace(new, name=name, properties=properties),
                inputs=inputs,
                only_live=True,
            )
            return stored
        except AlreadyExistsError:
            other = store.execution_by_name(request.node.component, name)
        if other is not None and other.state is State.RUNNING:
            other = _wait_until_ended(request, other, stop)
        # It may also have been published since the driver looked.
        if other and other.state is State.COMPLETE and plan.key and request.may_reuse:
            found = find_reusable(plan.key, request.node.cache, request.workspace)
            if found.execution is not None:
                return plan.reusing(found)
            # What is there cannot be reused, and has taken the names of its generation.
            properties[GENERATION] = found.generation
        number += 1


def fence(claimed: Execution, plan: Plan) -> str:
    """Prefix of the names of the artifacts; the first to publish under it wins."""
    generation = claimed.properties.get(GENERATION, plan.generation)
    return f"{claimed.name.rpartition('.')[0]}@{generation}"


def _wait_until_ended(
    request: Request, other: Execution, stop: threading.Event
) -> Execution | None:
    """Wait until the other execution has ended; reap it if its process is dead."""
    workspace = request.workspace
    same_node = (other.run_id, other.node_id) == (request.run.id, request.node.id)
    current: Execution | None = other
    while current is not None and current.state is State.RUNNING:
        if is_dead(workspace, current):
            reap(workspace, current)
        elif same_node and other.iteration == request.iteration and _is_here(current):
            raise ResolutionError(
                f"{request.node.id} of run {request.run.id} is being run by {process_of(other)}",
                hint="wait for it, or stop that process first",
            )
        elif stop.wait(POLL):
            raise ResolutionError("the run was stopped", hint=f"mlops resume {request.run.id}")
        current = next(iter(workspace.store.executions([other.id])), None)
    return current


def _is_here(execution: Execution) -> bool:
    """Return True if it runs on this machine. Claims from elsewhere are waited for: a pod that was
    killed counts as alive until its lease is over."""
    return is_gone(execution.properties) is False
