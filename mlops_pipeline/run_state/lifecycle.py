"""Begin and end a run."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError
from mlops_pipeline.interface import run_parameters
from mlops_pipeline.ir import PipelineIR, digest, dump
from mlops_pipeline.ir_check import load_checked
from mlops_pipeline.run_state.liveness import (
    PROCESS,
    dies,
    host,
    is_dead,
    is_gone,
    process_of,
    reap,
    state_of,
    sweep,
    sweep_watched,
    this_process,
)
from mlops_pipeline.run_state.origin import ORIGIN, origin
from mlops_pipeline.run_state.selection import WHOLE, Selection, chosen, select
from mlops_pipeline.run_state.workspace import Workspace
from mlops_pipeline.store import (
    ArtifactType,
    Execution,
    MetadataStore,
    Run,
    State,
)

log = logging.getLogger(__name__)

LAST = "last"
"""Name of the newest run."""

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+=@-]{0,127}")
"""A run id is a part of paths on every system, so it holds no slash, colon or space."""

IDLE = "idle"
"""Run property: seconds between its ends and the resumes that followed them."""

RESUMED = "resumed"
"""Run property: Unix time of the last resume."""


@dataclass(frozen=True)
class Start:
    """Start of a run: its parameters and nodes.

    Args:
        selection: the nodes; a run that exists keeps those that it began with.
        hold: this process sees the run through to its end: if it dies, the run has failed. Then
            a selection that names nodes counts for a run that exists, too.
        facts: properties of a run that is new.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection = WHOLE
    hold: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


FRESH = Start()
"""Default parameters, and all nodes."""


def new_run(ir: PipelineIR, run_id: str, workspace: Workspace, start: Start) -> Run:
    """Record that a run begins.

    Raises:
        AlreadyExistsError: another process has begun it meanwhile.
        ParameterError: a parameter is unknown, missing or of the wrong type, no node has a name
            that is selected, or the id is ill-formed.
        NotFoundError: a partial run has no run to go on from.
    """
    if run_id == LAST:
        raise ParameterError(
            f"run id {run_id!r} means the newest run", hint="choose another run id"
        )
    if not RUN_ID.fullmatch(run_id):
        raise ParameterError(
            f"run id {run_id!r} is not usable as a part of a path",
            hint="use up to 128 letters, digits and . _ - + = @",
        )
    store, selection = workspace.store, start.selection
    base_run, kept = "", {}
    if selection != WHOLE:
        kept = selection.properties
        if selection.partial and select(ir, selection)[1]:
            base_run = find_base_run(store, ir, selection.base_run, run_id)
    values = run_parameters(ir, start.parameters)
    folders = {
        "base_dir": str(workspace.base_dir),
        "import_paths": list(workspace.import_paths),
        "root": workspace.artifact_root.url,
    }
    sweep(workspace, ir.name)
    run = Run(
        id=run_id,
        pipeline=ir.name,
        ir=_keep_pipeline(store, ir),
        parameters=values,
        base_run=base_run,
        started=time.time(),
        properties={
            "host": host(),
            **folders,
            ORIGIN: origin(run_id, folders),
            "labels": dict(ir.labels),
            **kept,
            **_facts_of(start),
        },
    )
    store.put_run(run, new=True)
    return run


def _facts_of(start: Start) -> dict[str, Any]:
    return {**start.facts, **(this_process() if start.hold else {})}


def go_on(ir: PipelineIR, known: Run, workspace: Workspace, start: Start) -> Run:
    """Record that a run continues, with the parameters that it has.

    Raises:
        ParameterError: a parameter has another value, or the run is one of another pipeline.
        PipelineError: the run is to be held, and another process works on it.
    """
    _check_same(known, ir, start.parameters)
    store = workspace.store
    run = known
    if start.hold:
        _refuse_held(known)
        run = replace(run, base_run=_base_run_of(store, ir, known, start.selection))
    executions = store.executions_of_run(run.id)
    if start.hold:
        _refuse_alive(run, executions, workspace)
        facts = {**start.selection.properties, **this_process()}
        run = replace(run, properties={**run.properties, **facts})
    run = _resumed(_brought_up(store, run, ir, start.parameters), known, executions)
    # Before any execution is reaped: when the run was last heard of is read from them.
    if run != known and start.hold:
        _claim(store, run, known)
    elif run != known:
        store.put_run(run)
    for execution in executions:
        if execution.state is State.RUNNING and is_dead(workspace, execution):
            reap(workspace, execution)
    sweep(workspace, ir.name)
    return run


def _base_run_of(store: MetadataStore, ir: PipelineIR, known: Run, selection: Selection) -> str:
    """Return the base run of a run that continues: another if one is named, else the one it has."""
    # A store may hold a run that is its own base, which it cannot go on from.
    kept = known.base_run if known.base_run != known.id else ""
    if not selection.partial and kept == known.base_run:
        return kept
    nodes = selection if selection.partial else chosen(known)
    if not select(ir, nodes)[1]:
        return kept
    return find_base_run(store, ir, selection.base_run or kept, known.id)


def _refuse_held(known: Run) -> None:
    """Refuse to go on with a run that another process of this machine sees through."""
    if known.state is not State.RUNNING or is_gone(known.properties) is not False:
        return
    if not this_process().items() <= known.properties.items():
        refuse_run_by_another(known.id)


def refuse_run_by_another(run_id: str) -> NoReturn:
    """Refuse a run that another process has at this moment.

    Raises:
        PipelineError: always.
    """
    raise PipelineError(
        f"run {run_id} is being run by another process",
        hint="wait for it, or stop that process first",
    )


def _claim(store: MetadataStore, run: Run, known: Run) -> None:
    """Write a run that this process sees through, unless another process does so by now."""
    ours = run.properties[PROCESS]
    if _holder(store, run.id) not in (ours, known.properties.get(PROCESS)):
        refuse_run_by_another(run.id)
    store.put_run(run)
    # Of two that have written, the last one has the run.
    if _holder(store, run.id) != ours:
        refuse_run_by_another(run.id)


def _holder(store: MetadataStore, run_id: str) -> str | None:
    found = store.get_run(run_id)
    return found.properties.get(PROCESS) if found else None


def _refuse_alive(run: Run, executions: Iterable[Execution], workspace: Workspace) -> None:
    for execution in executions:
        if execution.state is State.RUNNING and not dies(workspace, execution):
            raise PipelineError(
                f"run {run.id} is being run: {execution.node_id} by {process_of(execution)}",
                hint="wait for it, or stop that process first",
            )


def find_base_run(store: MetadataStore, ir: PipelineIR, wanted: str = "", run_id: str = "") -> str:
    """Return the base run of a partial run: `wanted`, or the latest of the pipeline.

    Args:
        run_id: the partial run, which may be begun by another process at this moment.

    Raises:
        NotFoundError: there is none.
        ParameterError: the run is one of another pipeline, or the partial run itself.
    """
    if wanted and wanted == run_id:
        raise ParameterError(
            f"run {run_id} cannot go on from itself",
            hint="name an earlier run, or none for the latest",
        )
    if wanted:
        run = store.get_run(wanted)
        if run is None:
            raise NotFoundError(f"there is no run {wanted}", hint="list them with `mlops runs`")
        if run.pipeline != ir.name:
            raise ParameterError(
                f"run {wanted} is a run of pipeline {run.pipeline}, not {ir.name}",
                hint=f"choose one of `mlops runs --pipeline {ir.name}`",
            )
        return wanted
    runs = [run for run in store.list_runs(pipeline=ir.name, limit=2) if run.id != run_id]
    if not runs:
        raise NotFoundError(
            f"pipeline {ir.name} has no run yet that a partial run could go on from",
            hint="run all of it once",
        )
    return runs[0].id


def _keep_pipeline(store: MetadataStore, ir: PipelineIR) -> str:
    store.register_types(
        ArtifactType(kind.name, kind.base_type, kind.properties) for kind in ir.artifact_types
    )
    return store.put_document(dump(ir).decode())


def _brought_up(
    store: MetadataStore, run: Run, ir: PipelineIR, parameters: Mapping[str, Any]
) -> Run:
    """Return the run as one of this pipeline, which may have been edited since it began."""
    if digest(ir) == run.ir:
        return run
    known = {parameter.name for parameter in ir.parameters}
    kept = {name: value for name, value in run.parameters.items() if name in known}
    values = run_parameters(ir, {**parameters, **kept})
    return replace(run, ir=_keep_pipeline(store, ir), parameters={**run.parameters, **values})


def _resumed(run: Run, known: Run, executions: Sequence[Execution]) -> Run:
    """Return the run, running again if it had ended; the time between does not count."""
    if state_of(known) is State.RUNNING:
        return run
    ended = known.finished or last_sign(known, executions)
    idle = known.properties.get(IDLE, 0.0) + max(0.0, time.time() - ended)
    properties = {**run.properties, IDLE: idle, RESUMED: time.time()}
    return replace(run, state=State.RUNNING, finished=0.0, properties=properties)


def refuse_taken(store: MetadataStore, run_id: str) -> None:
    """Refuse to begin a run under the id of another.

    Raises:
        ParameterError: there is a run with this id.
    """
    known = store.get_run(run_id)
    if known is not None:
        state = state_of(known)
        ended = "" if state is State.COMPLETE else f", or go on with `mlops resume {run_id}`"
        raise ParameterError(
            f"run id {run_id!r} is taken: it is a run of {known.pipeline}, {state.value.lower()}",
            hint=f"choose another run id{ended}",
        )


def _check_same(run: Run, ir: PipelineIR, parameters: Mapping[str, Any]) -> None:
    if run.pipeline != ir.name:
        raise ParameterError(
            f"run {run.id} exists and is a run of pipeline {run.pipeline}, not {ir.name}",
            hint="choose another run id",
        )
    for name, value in parameters.items():
        if name in run.parameters and run.parameters[name] != value:
            raise ParameterError(
                f"run {run.id} exists with {name}={run.parameters[name]!r}",
                hint="choose another run id, or leave the parameter as it is",
            )


def end_run(workspace: Workspace, run: Run, state: State) -> Run:
    """Record how a run ended, unless another process has taken it over meanwhile."""
    held = workspace.store.get_run(run.id)
    if held is not None and held.properties.get(PROCESS) != run.properties.get(PROCESS):
        log.warning("run %s was taken over by another process, which records its end", run.id)
        return held
    ended = replace(run, state=state, finished=time.time())
    workspace.store.put_run(ended)
    sweep_watched(workspace, run.pipeline)
    if state is State.COMPLETE:
        workspace.artifact_root.forget_state(ended)
    return ended


def run_seconds(run: Run, ended: float = 0.0) -> float:
    """Seconds that were spent on a run, so far if it is not over.

    Args:
        ended: when it ended, where the run itself does not say.
    """
    idle = run.properties.get(IDLE, 0.0)
    idle = idle if isinstance(idle, int | float) else 0.0
    return max(0.0, elapsed(run.started, run.finished or ended) - idle)


def last_sign(run: Run, executions: Iterable[Execution]) -> float:
    """Return the last moment at which something was heard of a run."""
    return max([run.started, *(max(e.started, e.finished, e.heartbeat) for e in executions)])


def elapsed(started: float, finished: float) -> float:
    """Return seconds from start to end, or until now; 0 for what has not started."""
    return max(0.0, (finished or time.time()) - started) if started else 0.0


def pipeline_of(workspace: Workspace, run: Run) -> PipelineIR:
    """Return the compiled pipeline that a run ran."""
    text = workspace.store.get_document(run.ir)
    if text is None:
        raise NotFoundError(
            f"the store does not hold the pipeline of run {run.id}",
            hint="give the pipeline on the command line",
        )
    return load_checked(text, source=f"pipeline of run {run.id}")
