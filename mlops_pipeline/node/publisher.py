"""The publisher: check what an executor wrote, and record it, in one step that others see.

`publish` is the default publisher. A component may name another one: any function with the
same signature, which typically calls `publish` and then notifies someone:

    def announce(done: Done) -> Outcome:
        outcome = publish(done)
        notify(outcome)
        return outcome
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mlops_pipeline.cache import OBSERVED, Key, make_key, with_seal
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.executors import Observed, TaskResult
from mlops_pipeline.gate import FAIL, Gate
from mlops_pipeline.ir import OutputIR
from mlops_pipeline.node.driver import Plan
from mlops_pipeline.roots import Attempt, Placed, digest_path
from mlops_pipeline.run_state import TAG, Outcome, Workspace, node_label
from mlops_pipeline.store import (
    AlreadyExistsError,
    ArtifactRecord,
    ArtifactState,
    Execution,
    StaleExecutionError,
    State,
)

log = logging.getLogger(__name__)

_NOTHING = Observed()


@dataclass(frozen=True)
class Done:
    """Request to a publisher: an execution whose executor has succeeded.

    Args:
        fence: prefix of the artifacts' names; the first to publish under it wins.
    """

    plan: Plan
    execution: Execution
    result: TaskResult
    attempt: Attempt
    workspace: Workspace
    fence: str


Publisher = Callable[[Done], Outcome]


def publish(done: Done) -> Outcome:
    """Make the outputs visible and record them with the execution, in one transaction.

    Raises:
        ExecutorError: an output is missing, or another process has published the result.
    """
    node_id = done.plan.node.id
    digests = {output.name: _check(done, output) for output in done.plan.node.outputs}
    sys.audit("mlops.step", "publisher.checked", node_id)
    placed = done.attempt.publish(done.plan.node.outputs, digests)
    sys.audit("mlops.step", "publisher.moved", node_id)
    ended = _ended(done)
    # A retry needs the names below the fence, so a failed result must not take them.
    fence = f"failed/{ended.id}" if ended.state is State.FAILED else done.fence
    state = ArtifactState.PENDING if ended.state is State.FAILED else ArtifactState.LIVE
    records = {
        output.name: [
            ArtifactRecord(
                type=output.type,
                uri=placed[output.name].uri,
                name=f"{fence}:{output.name}:0",
                state=state,
                properties=_properties(done, output, placed[output.name]),
                digest=digests[output.name],
            )
        ]
        for output in done.plan.node.outputs
    }
    ended = with_seal(ended, records)
    try:
        stored, written = done.workspace.store.put_execution(ended, outputs=records)
    except (AlreadyExistsError, StaleExecutionError) as error:
        done.attempt.discard()
        raise ExecutorError(
            f"the result of {node_id} was not published: {error}",
            hint="another process has taken over; its result counts",
            retryable=isinstance(error, AlreadyExistsError),
        ) from None
    sys.audit("mlops.step", "publisher.published", node_id)
    done.attempt.end()
    return Outcome(node_id, done.plan.iteration, stored, written)


def _ended(done: Done) -> Execution:
    """Return the execution with what its gate says, which may be that it has failed."""
    ended = replace(done.execution, state=State.COMPLETE, finished=time.time())
    if ended.cache_key and (used := _used(done)):
        ended = replace(ended, properties={**ended.properties, OBSERVED: used})
    if done.result.gate is None:
        return ended
    gate = Gate(done.result.gate.findings, node_label(ended.node_id, ended.iteration))
    for each in gate.findings:
        log.warning("%s (%s): %s", gate.node, each.action, each.reason)
    ended = replace(ended, properties={**ended.properties, **gate.properties()})
    if gate.action != FAIL:
        return ended
    error = ExecutorError(
        f"its gate failed it: {gate}",
        hint="fix the findings, or choose a milder action; its outputs are kept for inspection",
    )
    return replace(ended, state=State.FAILED, error=str(error))


def _used(done: Done) -> dict[str, Any]:
    """Return what the result depends on beside its key, or that it must not be reused."""
    assert done.plan.key is not None
    used = {}
    if not done.plan.key.is_surely_current():
        used = _changed_key(done, done.plan.key)
    if not used and (altered := _altered_input(done)):
        used = {"changed": f"input {altered} changed while it ran"}
    if not used and (done.plan.key.variables or done.result.observed != _NOTHING):
        used = _kept(done, done.plan.key)
    if "changed" in used:
        log.warning("%s: its result will not be reused: %s", done.plan.node.id, used["changed"])
    return used


def _kept(done: Done, key: Key) -> dict[str, Any]:
    # Loaded here: most nodes use nothing but what their keys say.
    from mlops_pipeline.cache import keep, with_variables

    observed = done.result.observed
    if key.variables:
        observed = with_variables(observed, key.variables, key.digest)
    return keep(observed, key.files, done.workspace, key.manifest["packages"])


def _changed_key(done: Done, key: Key) -> dict[str, Any]:
    """Make the key again, and return the difference if there is one."""
    plan, workspace = done.plan, done.workspace
    again = make_key(plan.node, plan.inputs, plan.parameters, plan.output_properties, workspace)
    if again.digest == key.digest:
        return {}
    from mlops_pipeline.cache import first_difference

    return {"changed": f"{first_difference(key, again)}, while it ran"}


def _altered_input(done: Done) -> str:
    """Return the name of an input on this machine that is not what it was; empty if none."""
    for name, records in done.plan.inputs.items():
        for record in records:
            here = record.digest and "://" not in record.uri
            if here and done.workspace.digest(record) != record.digest:
                return name
    return ""


def _check(done: Done, output: OutputIR) -> str:
    """Make sure that an output is there; returns the digest of its content."""
    path = done.attempt.folder / output.name
    what = f"output {output.name} of {done.plan.node.id}"
    if not path.exists():
        raise ExecutorError(
            f"{what} is gone from {path}",
            hint="write below the path that the executor is given, and leave it there",
            retryable=False,
        )
    written = output.path_in(path)
    if not written.exists():
        raise ExecutorError(
            f"{what} was not returned", hint="return a value for it", retryable=False
        )
    link = done.attempt.link_in(output.name)
    if link is not None:
        raise ExecutorError(
            f"{what} holds a link to where it was written, which is not where it is kept: {link}",
            hint="make the link relative, to a file in the same output, or write a copy",
            retryable=False,
        )
    # It refuses what cannot be opened without waiting, such as a pipe.
    return digest_path(written, done.workspace.digests)


def _properties(done: Done, output: OutputIR, placed: Placed) -> dict[str, Any]:
    return {
        **done.plan.output_properties.get(output.name, {}),
        **done.result.properties.get(output.name, {}),
        **({TAG: placed.tag} if placed.tag else {}),
    }
