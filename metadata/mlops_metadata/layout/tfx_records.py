"""Executions and runs that TFX wrote, which say less about themselves than ours do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from mlops_metadata.layout.property_values import decode
from mlops_metadata.layout.records import EXECUTION_STATES, NODE, PIPELINE, RUN
from mlops_metadata.layout.rows import ContextRow, ExecutionRow
from mlops_metadata.layout.tfx_values import by_schema
from mlops_pipeline.store import Execution, Run, State

_OWN = ("checksum_md5", "component_id", "pipeline_name", "pipeline_root", "run_id", "state")
"""Properties of an execution that are no parameters, in the layout of TFX before 2021."""

_WORDS = {"new": State.RUNNING, "cached": State.CACHED, "failed": State.FAILED}
"""States as TFX kept them before 2021, in a property; all others have ended well."""


_RESOLVERS = ("Resolver", "ResolverNode")
"""Classes of the nodes that choose artifacts of earlier runs."""

_UNRESOLVED = "portable.input_resolution.exceptions."
"""Module of the errors of inputs that are not there, in the tracebacks that TFX keeps."""


def _why_not_failed(component: str, error: str) -> str:
    """Return why a failed execution does not fail its run; empty if it does.

    TFX records a failure where nothing is there to be read, and goes on.
    """
    if component.rpartition(".")[2] in _RESOLVERS:
        return "the resolver found nothing"
    return "its inputs were not there" if _UNRESOLVED in error else ""


def read_tfx_execution(row: ExecutionRow, contexts: Iterable[ContextRow]) -> Execution:
    """Return an execution as its contexts and properties tell it."""
    names = {context.type: context.name for context in contexts}
    pipeline = names.get(PIPELINE, "")
    declared = {name: decode(value) for name, value in row.properties.items()}
    custom = {name: decode(value) for name, value in row.custom.items()}
    word = str(declared.get("state", "")).lower()
    state = EXECUTION_STATES.get(row.state) or _WORDS.get(word, State.COMPLETE)
    error = _error(custom.get("__execution_result__", "")) if state is State.FAILED else ""
    reason = _why_not_failed(row.type, error) if error else ""
    if reason:
        state, error = State.SKIPPED, ""
    updated = row.updated / 1000
    if "component_id" in declared:
        # All parameters are texts there, also the one that is not given.
        declared = {n: v for n, v in declared.items() if n in _OWN or v != "None"}
        parameters = {n: v for n, v in declared.items() if n not in _OWN}
    else:
        parameters = declared
    node = names.get(NODE, "").removeprefix(f"{pipeline}.")
    return Execution(
        component=row.type,
        pipeline=pipeline or str(declared.get("pipeline_name", "")),
        run_id=names.get(RUN) or str(declared.get("run_id", "")),
        node_id=node or str(declared.get("component_id", "")),
        state=state,
        id=row.id,
        name=row.name,
        parameters=_parameters({**parameters, **custom}),
        reason=reason,
        error=error,
        started=row.created / 1000,
        finished=0.0 if state is State.RUNNING else updated,
        heartbeat=updated,
    )


def _parameters(values: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in sorted(values.items()):
        if name.startswith("__"):
            continue
        # TFX keeps lists and dicts as JSON, and says so in a property beside it.
        schema = values.get(f"__schema__{name}__")
        if schema is not None and isinstance(value, str):
            value = by_schema(value, str(schema))
        found[name] = value
    return found


def _error(result: Any) -> str:
    """Return the message of a failure that TFX recorded, mostly as JSON; may be empty."""
    if not result:
        return "TFX has not recorded why"
    try:
        return str(json.loads(result)["resultMessage"])
    except (ValueError, TypeError, KeyError):
        return str(result)


def state_of_run(executions: Sequence[Execution]) -> State:
    """Return the state of a run of TFX: that of the last attempts at its nodes."""
    last = {execution.node_id: execution.state for execution in executions}
    states = {*last.values()}
    worst = (State.RUNNING, State.FAILED, State.CANCELED)
    return next((s for s in worst if s in states), State.COMPLETE)


def read_tfx_run(row: ContextRow, pipeline: str, executions: Sequence[Execution]) -> Run:
    """Return a run as the executions in it tell it."""
    state = state_of_run(executions)
    ends = [execution.finished for execution in executions]
    return Run(
        id=row.name,
        pipeline=pipeline,
        state=state,
        started=row.created / 1000,
        finished=0.0 if state is State.RUNNING else max(ends, default=0.0),
    )
