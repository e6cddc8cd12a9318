"""Begin and end a run."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlops_pipeline.choice import WHOLE, Choice
from mlops_pipeline.claims import reap
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.ir import PipelineIR, dump, load
from mlops_pipeline.lease import host, is_dead, state_of, this_process
from mlops_pipeline.parameters import run_parameters
from mlops_pipeline.results import IDLE, last_sign
from mlops_pipeline.store import (
    NOTHING,
    ArtifactType,
    MetadataStore,
    Run,
    State,
    document_digest,
)
from mlops_pipeline.workspace import Workspace

LAST = "last"
"""Where a run is named, it stands for the newest one."""

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+=@-]{0,127}")
"""A run id is a part of paths on every system, so it holds no slash, colon or space."""

RESUMED = "resumed"
"""Run property: when a run that had ended was last gone on with, in seconds since 1970."""


def begin_run(
    ir: PipelineIR,
    run_id: str,
    workspace: Workspace,
    parameters: Mapping[str, Any] = NOTHING,
    choice: Choice = WHOLE,
) -> Run:
    """Record that a run begins; a run that exists goes on with the parameters that it has.

    Args:
        choice: what a partial run is about; the base run is kept as it is named.

    Raises:
        ParameterError: a parameter is unknown, missing or of the wrong type, or the id is
            ill-formed or belongs to a run of another pipeline.
    """
    store = workspace.store
    known = store.get_run(run_id)
    if known is not None:
        _check_same(known, ir, parameters)
        # Before any of its executions is reaped: when it was last heard of can still be told.
        known = _go_on(store, _brought_up(store, known, ir, parameters))
    for running in workspace.artifact_root.sweep(ir.name, store):
        if is_dead(running, workspace.lease):
            reap(workspace, running)
    if known is not None:
        return known
    if run_id == LAST:
        raise ParameterError(
            f"run id {run_id!r} stands for the newest run", hint="choose another run id"
        )
    if not RUN_ID.fullmatch(run_id):
        raise ParameterError(
            f"run id {run_id!r} is not usable as a part of a path",
            hint="use up to 128 letters, digits and . _ - + = @",
        )
    values = run_parameters(ir, parameters)
    run = Run(
        id=run_id,
        pipeline=ir.name,
        ir=_keep_pipeline(store, ir),
        parameters=values,
        base_run=choice.base_run,
        started=time.time(),
        properties={
            "host": host(),
            "base_dir": str(workspace.base_dir),
            "import_paths": list(workspace.import_paths),
            "root": workspace.artifact_root.url,
            "labels": dict(ir.labels),
            **choice.properties,
        },
    )
    store.put_run(run)
    return run


def _keep_pipeline(store: MetadataStore, ir: PipelineIR) -> str:
    store.register_types(
        ArtifactType(kind.name, kind.base_type, kind.properties) for kind in ir.artifact_types
    )
    return store.put_document(dump(ir).decode())


def _brought_up(
    store: MetadataStore, run: Run, ir: PipelineIR, parameters: Mapping[str, Any]
) -> Run:
    """The run as one of this pipeline, which may have been edited since it began."""
    if document_digest(dump(ir).decode()) == run.ir:
        return run
    known = {parameter.name for parameter in ir.parameters}
    kept = {name: value for name, value in run.parameters.items() if name in known}
    values = run_parameters(ir, {**parameters, **kept})
    edited = replace(run, ir=_keep_pipeline(store, ir), parameters={**run.parameters, **values})
    store.put_run(edited)
    return edited


def _go_on(store: MetadataStore, run: Run) -> Run:
    """The run, running once more if it had ended; the time between does not count as its own."""
    if state_of(run) is State.RUNNING:
        return run
    ended = run.finished or last_sign(run, store.executions_of_run(run.id))
    idle = run.properties.get(IDLE, 0.0) + max(0.0, time.time() - ended)
    properties = {**run.properties, IDLE: idle, RESUMED: time.time()}
    again = replace(run, state=State.RUNNING, finished=0.0, properties=properties)
    store.put_run(again)
    return again


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


def hold_run(workspace: Workspace, run: Run, properties: Mapping[str, Any] = NOTHING) -> Run:
    """Record that this process sees the run through to its end: if it dies, the run has failed.

    Args:
        properties: further facts about the run.
    """
    held = replace(run, properties={**run.properties, **properties, **this_process()})
    workspace.store.put_run(held)
    return held


def end_run(workspace: Workspace, run_id: str, state: State) -> Run:
    """Record how a run ended."""
    known = workspace.store.get_run(run_id)
    if known is None:
        raise NotFoundError(f"there is no run {run_id}", hint="list them with `mlops runs`")
    run = replace(known, state=state, finished=time.time())
    workspace.store.put_run(run)
    return run


def pipeline_of(workspace: Workspace, run: Run) -> PipelineIR:
    """The compiled pipeline that a run ran."""
    text = workspace.store.get_document(run.ir)
    if text is None:
        raise NotFoundError(
            f"the store does not hold the pipeline of run {run.id}",
            hint="give the pipeline on the command line",
        )
    return load(text, source=f"pipeline of run {run.id}")
