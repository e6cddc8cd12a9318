"""Run one node: driver, executor, publisher. Every runner ends here.

    drive -> claim -> execute -> publish

`launch` makes one attempt and records what came of it; it does not raise for a node that fails.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from mlops_pipeline import executors
from mlops_pipeline.cache import with_seal
from mlops_pipeline.errors import ExecutorError, PipelineError
from mlops_pipeline.executors import ArtifactRef, Task, TaskResult
from mlops_pipeline.ir import ImporterExecutor, NodeIR, PipelineIR, ResolverExecutor, SecretName
from mlops_pipeline.ir_graph import dependencies
from mlops_pipeline.node.claims import claim, fence, new_execution
from mlops_pipeline.node.driver import (
    Decision,
    NodeScope,
    Plan,
    Request,
    drive,
)
from mlops_pipeline.node.expressions import absolute_parameters
from mlops_pipeline.node.publisher import Done, publish
from mlops_pipeline.node.retries import FINAL, is_retryable
from mlops_pipeline.roots import Attempt
from mlops_pipeline.run_state import (
    FRESH,
    LOST,
    TAG,
    Heart,
    History,
    Iteration,
    LostError,
    Outcome,
    Start,
    Workspace,
    end_run,
    go_on,
    load_history,
    load_outputs,
    new_run,
    refuse_run_by_another,
)
from mlops_pipeline.snapshot import snapshot_facts
from mlops_pipeline.store import (
    AlreadyExistsError,
    ArtifactRecord,
    ArtifactState,
    DeletedArtifactError,
    Execution,
    Run,
    StaleExecutionError,
    State,
)
from mlops_pipeline.tracebacks import traceback_tail
from mlops_pipeline.uris import is_remote
from mlops_pipeline.user_code import load_target

__all__ = ["Outcome", "Session", "Start", "end_run", "launch", "open_session"]

log = logging.getLogger(__name__)

Execute = Callable[[Task], TaskResult]

STEP = "mlops.step"
"""Audit event (`sys.addaudithook`) that says how far a node is."""

_CHOICES = 5
"""Number of times that a driver chooses, where what it has chosen is deleted each time."""

MESSAGE = 4096
"""Characters of an error that are kept in the store."""


class Session(Struct, frozen=True, dict=True):
    """One run of one pipeline, as one process works on it.

    Args:
        history: what the run has done so far; `launch` adds to it.
        execute: where tasks are executed; None for this process.
        force: run nodes even if a result could be reused.
        stop: when set, nothing is waited for any more.
        documents: digests of sources that this process has put in the store.
    """

    ir: PipelineIR
    run: Run
    workspace: Workspace
    history: History
    execute: Execute | None = None
    force: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    documents: set[str] = field(default_factory=set)

    @cached_property
    def edges(self) -> dict[str, frozenset[str]]:
        """Ids of the nodes that must have ended before each node, by node id."""
        return dependencies(self.ir)

    @cached_property
    def heart(self) -> Heart:
        """Keeps the executions of this process alive."""
        return Heart(self.workspace.store, self.workspace.lease)

    def request(self, node: NodeIR, iteration: Iteration = ()) -> Request:
        """Return the request to the driver of a node."""
        return Request(
            self.ir,
            node,
            self.run,
            self.workspace,
            self.history,
            iteration,
            force=self.force,
            needed=self.edges[node.id],
        )


def open_session(
    ir: PipelineIR, run_id: str, workspace: Workspace, start: Start = FRESH, **options: Any
) -> Session:
    """Begin a run, or go on with one: the one way in, for every runner.

    Args:
        options: further fields of `Session`.

    Raises:
        PipelineError: as `new_run` and `go_on`.
    """
    known = workspace.store.get_run(run_id)
    if known is None:
        try:
            facts = {**start.facts, **snapshot_facts(workspace, run_id)}
            run = new_run(ir, run_id, workspace, replace(start, facts=facts))
        except AlreadyExistsError:
            # Another process has begun it meanwhile.
            known = workspace.store.get_run(run_id)
            if known is None:
                raise
            if start.hold:
                refuse_run_by_another(run_id)
        else:
            # Nothing is read of a run that is new: nothing can be there.
            return Session(ir, run, workspace, History(), **options)
    run = go_on(ir, known, workspace, start)
    return Session(ir, run, workspace, load_history(workspace.store, run_id), **options)


def launch(session: Session, node_id: str, iteration: Iteration = ()) -> Outcome:
    """Make one attempt at a node; the outcome is recorded, and added to the history."""
    request = session.request(session.ir.node(node_id), iteration)
    try:
        outcome = _attempt(session, request)
    except Exception as error:  # noqa: BLE001 - a user's driver may raise anything
        state = State.CANCELED if session.stop.is_set() else State.FAILED
        outcome = _failed(request, new_execution(request, None, state), error)
    session.history.add(outcome)
    return outcome


def _attempt(session: Session, request: Request) -> Outcome:
    """Ask the driver, and do as it has decided.

    What it has chosen may be deleted before that is recorded: then it is asked again.
    """
    for left in reversed(range(_CHOICES)):
        plan: Plan = ask(session, request.node, "driver", request)
        sys.audit(STEP, "driver.planned", request.node.id)
        for record in plan.damaged:
            session.workspace.store.set_artifact_state(record.id, ArtifactState.DELETED)
        try:
            claimed = _decided(session, request, plan)
        except DeletedArtifactError:
            if not left:
                raise
            continue
        if isinstance(claimed, Outcome):
            return claimed
        sys.audit(STEP, "driver.claimed", request.node.id)
        return _execute(session, request, plan, claimed)
    raise AssertionError("the last choice ends the loop")


def _decided(session: Session, request: Request, plan: Plan) -> Outcome | Execution:
    """Record what needs no executor, or claim the work.

    Raises:
        DeletedArtifactError: what the driver chose was deleted meanwhile.
    """
    if isinstance(request.node.executor, ImporterExecutor | ResolverExecutor):
        return _hand_on(request, plan)
    if plan.decision is not Decision.RUN:
        return _record(request, plan, plan.outputs)
    _keep_sources(session, plan)
    claimed = claim(request, plan, session.stop)
    return claimed if isinstance(claimed, Execution) else _record(request, claimed, claimed.outputs)


def ask(session: Session, node: NodeIR, role: str, given: Any) -> Any:
    """Call the driver or the publisher of a node: the user's, if it names one."""
    default: Callable[[Any], Any] = drive if role == "driver" else publish
    custom = getattr(node, role)
    if not custom:
        return default(given)
    found = load_target(custom, session.workspace.import_paths)(given)
    if not isinstance(found, Plan if role == "driver" else Outcome):
        raise ExecutorError(
            f"the {role} {custom} returned {found!r}",
            hint=f"return what {default.__name__} returns",
            retryable=False,
        )
    return found


def _keep_sources(session: Session, plan: Plan) -> None:
    for text in plan.key.sources.values() if plan.key else ():
        if text not in session.documents:
            session.workspace.store.put_document(text)
            session.documents.add(text)


def _record(
    request: Request, plan: Plan, outputs: Mapping[str, Sequence[ArtifactRecord]]
) -> Outcome:
    """Record an execution that needed no executor."""
    execution = new_execution(request, plan, _STATES[plan.decision])
    if plan.decision is Decision.CACHED:
        execution = with_seal(execution, outputs)
    links = (*plan.inputs.items(), *plan.reads.items())
    inputs = {name: [record.id for record in records] for name, records in links}
    stored, written = request.workspace.store.put_execution(
        execution, inputs=inputs, outputs=outputs, only_live=plan.decision is not Decision.SKIPPED
    )
    return Outcome(request.node.id, request.iteration, stored, written)


_STATES = {
    Decision.RUN: State.COMPLETE,
    Decision.CACHED: State.CACHED,
    Decision.SKIPPED: State.SKIPPED,
}


def _hand_on(request: Request, plan: Plan) -> Outcome:
    """Record what an importer or a resolver found."""
    if plan.decision is Decision.SKIPPED:
        return _record(request, plan, {})
    outputs: Mapping[str, Sequence[ArtifactRecord]] = plan.inputs
    if isinstance(request.node.executor, ImporterExecutor):
        # Loaded here: few pipelines import artifacts.
        from mlops_pipeline.node.importing import import_artifact

        scope = NodeScope(request, dict(plan.reads))
        outputs = {request.node.outputs[0].name: [import_artifact(scope)]}
        plan = replace(plan, reads=scope.read)
    return _record(request, plan, outputs)


def _execute(session: Session, request: Request, plan: Plan, execution: Execution) -> Outcome:
    attempt = session.workspace.artifact_root.attempt(execution)
    assert attempt is not None  # the claim has just named it
    logged, publishing = execution, False
    try:
        with session.heart.beating(execution):
            try:
                attempt.begin()
                task = make_task(
                    plan,
                    execution.run_id,
                    session.workspace,
                    attempt.folder,
                    state_dir=str(attempt.state),
                    log=str(attempt.log),
                )
                with local_inputs(task, session.workspace) as local:
                    # Loaded here: a run that only takes from the cache executes nothing.
                    result = (session.execute or executors.execute)(local)
                sys.audit(STEP, "executor.done", request.node.id)
            finally:
                logged = replace(execution, log=attempt.keep_log())
            if result.error:
                raise _error_of(result)
            done = Done(plan, logged, result, attempt, session.workspace, fence(logged, plan))
            publishing = True
            outcome: Outcome = ask(session, request.node, "publisher", done)
    except BaseException as error:
        if not publishing:
            # Nothing of it can be published: on a full disk, the record needs the room.
            attempt.discard()
        outcome = _give_up(session, request, logged, attempt, error)
        if not isinstance(error, Exception):
            raise
        attempt.keep_state()
    return outcome


def _give_up(
    session: Session,
    request: Request,
    execution: Execution,
    attempt: Attempt,
    error: BaseException,
) -> Outcome:
    """Record an execution that failed or was stopped, and remove what it wrote."""
    stopped = session.stop.is_set() or not isinstance(error, Exception | LostError)
    state = State.CANCELED if stopped else State.FAILED
    outcome = _failed(request, replace(execution, state=state), error)
    # After the record: what counts as published there keeps its files.
    if outcome.published:
        log.warning("%s is published, but then failed: %s", request.node.id, error)
        attempt.end()
    else:
        attempt.discard()
    return outcome


def _error_of(result: TaskResult) -> ExecutorError:
    return ExecutorError(
        result.error, hint=result.hint, retryable=result.retryable, details=result.details
    )


@contextmanager
def local_inputs(task: Task, workspace: Workspace) -> Iterator[Task]:
    """Copy remote inputs to this machine, and yield the task with local paths."""
    refs = [ref for taken in task.inputs.values() for ref in taken]
    # A plain path, the usual case, is no URL.
    uris = {ref.uri: ref.digest for ref in refs if "://" in ref.uri and is_remote(ref.uri)}
    if not uris:
        yield task
        return
    with workspace.copies.leased(uris) as paths:

        def localized(ref: ArtifactRef) -> ArtifactRef:
            return msgspec.structs.replace(ref, path=paths.get(ref.uri, ""))

        inputs = {name: [localized(r) for r in taken] for name, taken in task.inputs.items()}
        yield msgspec.structs.replace(task, inputs=inputs)


def make_task(plan: Plan, run_id: str, workspace: Workspace, folder: Path, **further: Any) -> Task:
    """Make the task for the executor.

    Args:
        folder: takes the outputs, one folder each.
        further: more fields of `Task`.
    """
    node, key = plan.node, plan.key
    properties = plan.output_properties
    declared = [] if "://" in workspace.root else [workspace.artifact_root.url]
    return Task(
        name=f"{run_id}/{node.id}",
        executor=node.executor,
        inputs={name: [artifact_ref(r) for r in records] for name, records in plan.inputs.items()},
        outputs={
            output.name: ArtifactRef(
                output.type,
                str(output.path_in(folder / output.name)),
                properties=dict(properties.get(output.name, {})),
            )
            for output in node.outputs
        },
        values=tuple(output.name for output in node.outputs if output.value),
        many=tuple(each.name for each in node.inputs if each.many),
        parameters=absolute_parameters(node, plan.parameters, workspace, declared),
        secrets={p.name: p.value.name for p in node.parameters if isinstance(p.value, SecretName)},
        timeout=node.timeout,
        scratch=str(folder / ".scratch"),
        import_paths=workspace.import_paths,
        key=key.digest if key else "",
        code=dict(key.files) if key else {},
        declared=tuple(declared),
        **further,
    )


def artifact_ref(record: ArtifactRecord) -> ArtifactRef:
    """Return a stored artifact as an executor sees it."""
    properties = {key: value for key, value in record.properties.items() if key != TAG}
    return ArtifactRef(record.type, record.uri, record.id, properties, record.digest)


def _lost(execution: Execution) -> str:
    after = time.time() - execution.started
    return (
        f"{execution.run_id}/{execution.node_id} was lost: {execution.properties[LOST]} came "
        f"{after:.1f} s after its start, as when a cluster deletes or evicts a pod"
    )


def _failed(request: Request, execution: Execution, error: BaseException) -> Outcome:
    """Record a failure, with what its user needs to fix it."""
    state = execution.state if execution.state is State.CANCELED else State.FAILED
    retryable = is_retryable(error)
    if isinstance(error, PipelineError):
        message = str(error)
        details = error.details if isinstance(error, ExecutorError) else ""
    elif isinstance(error, LostError):
        execution = replace(execution, properties={**execution.properties, LOST: str(error)})
        message, details = _lost(execution), ""
    elif isinstance(error, KeyboardInterrupt):
        message, details = f"{request.run.id}/{request.node.id} was canceled", ""
    else:
        message = f"{type(error).__name__}: {error}"
        details = traceback_tail(error)
        log.debug("%s failed", request.node.id, exc_info=error)
    if len(message) > MESSAGE:
        message = message[:MESSAGE] + "..."
    ended = replace(execution, state=state, error=message, details=details, finished=time.time())
    if state is State.FAILED and not retryable:
        ended = replace(ended, properties={**ended.properties, FINAL: True})
    try:
        ended, _ = request.workspace.store.put_execution(ended)
    except StaleExecutionError:
        # It was reaped, or is published: what the store says of it stands.
        store = request.workspace.store
        ended = store.executions([execution.id])[0]
        outputs = load_outputs(store, [ended]).get(ended.id, {})
        return Outcome(request.node.id, request.iteration, ended, outputs)
    return Outcome(request.node.id, request.iteration, ended, retryable=retryable)
