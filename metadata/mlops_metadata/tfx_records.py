"""Executions and runs that TFX wrote, which say less about themselves than ours do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

from mlops_metadata.property_values import decode
from mlops_metadata.records import EXECUTION_STATES
from mlops_metadata.types_and_contexts import NODE, PIPELINE, RUN
from mlops_pipeline.store import Execution, Run, State

_OWN = ("checksum_md5", "component_id", "pipeline_name", "pipeline_root", "run_id", "state")
"""Properties of an execution that are no parameters, in the layout of TFX before 2021."""

_WORDS = {"new": State.RUNNING, "cached": State.CACHED, "failed": State.FAILED}
"""States as TFX kept them before 2021, in a property; all others have ended well."""


def read_tfx_execution(message: Any, contexts: Any) -> Execution:
    """Return an execution as its contexts and properties tell it."""
    names = {context.type: context.name for context in contexts}
    pipeline = names.get(PIPELINE, "")
    declared = {name: decode(value) for name, value in message.properties.items()}
    custom = {name: decode(value) for name, value in message.custom_properties.items()}
    word = str(declared.get("state", "")).lower()
    state = EXECUTION_STATES.get(message.last_known_state) or _WORDS.get(word, State.COMPLETE)
    updated = message.last_update_time_since_epoch / 1000
    if "component_id" in declared:
        # All parameters are texts there, also the one that is not given.
        declared = {n: v for n, v in declared.items() if n in _OWN or v != "None"}
        parameters = {n: v for n, v in declared.items() if n not in _OWN}
    else:
        parameters = declared
    node = names.get(NODE, "").removeprefix(f"{pipeline}.")
    return Execution(
        component=message.type,
        pipeline=pipeline or str(declared.get("pipeline_name", "")),
        run_id=names.get(RUN) or str(declared.get("run_id", "")),
        node_id=node or str(declared.get("component_id", "")),
        state=state,
        id=message.id,
        name=message.name,
        parameters=_parameters({**parameters, **custom}),
        error=_error(custom.get("__execution_result__", "")) if state is State.FAILED else "",
        started=message.create_time_since_epoch / 1000,
        finished=0.0 if state is State.RUNNING else updated,
        heartbeat=updated,
    )


def _parameters(values: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in sorted(values.items()):
        if name.startswith("__"):
            continue
        # TFX keeps lists and dicts as JSON, and says so in a property beside it.
        if f"__schema__{name}__" in values and isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = json.loads(value)
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


def read_tfx_run(message: Any, pipeline: str, executions: Sequence[Execution]) -> Run:
    """Return a run as the executions in it tell it."""
    states = {execution.state for execution in executions}
    worst = (State.RUNNING, State.FAILED, State.CANCELED)
    state = next((s for s in worst if s in states), State.COMPLETE)
    ends = [execution.finished for execution in executions]
    return Run(
        id=message.name,
        pipeline=pipeline,
        state=state,
        started=message.create_time_since_epoch / 1000,
        finished=0.0 if state is State.RUNNING else max(ends, default=0.0),
    )
