"""Calls what a task names with the arguments of the task."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.executors.binding import bind, changed_properties, check_names, write_values
from mlops_pipeline.executors.context import CURRENT, TaskContext
from mlops_pipeline.executors.task import Task, TaskResult
from mlops_pipeline.gate import gate_from


def call_function(task: Task, target: Any, **extra: Any) -> TaskResult:
    """Bind a task to a component, or its function, call it, and take what it gives.

    Args:
        extra: arguments that are neither artifact nor parameter.
    """
    function = getattr(target, "function", target)
    hints = hints_of(function)
    parameters = inspect.signature(function).parameters
    context = bind(task, hints)
    needed = {n for n, p in parameters.items() if p.default is p.empty and n not in extra}
    check_names(task, set(parameters), needed)
    written = {n: a for n, a in context.outputs.items() if n not in task.values}
    arguments = {**context.inputs, **written, **context.parameters, **extra}
    token = CURRENT.set(context)
    try:
        returned = function(**arguments)
    finally:
        CURRENT.reset(token)
    return _finish(task, context, returned, hints.get("return"))


def call_class(task: Task, target: Any) -> TaskResult:
    """Call `Class().execute(context)`; a component around it gives the types."""
    kind = getattr(target, "executor", target)
    if not callable(getattr(kind, "execute", None)):
        raise ExecutorError(
            f"{task.name}: {kind!r} has no method execute(task)",
            hint="write `def execute(self, task: TaskContext)`",
            retryable=False,
        )
    function = getattr(target, "function", None)
    hints = hints_of(function) if function else {}
    context = bind(task, hints)
    token = CURRENT.set(context)
    try:
        returned = kind().execute(context)
    finally:
        CURRENT.reset(token)
    hint = hints.get("return") or hints_of(kind.execute).get("return")
    return _finish(task, context, returned, hint)


def _finish(task: Task, context: TaskContext, returned: Any, hint: Any) -> TaskResult:
    """Write the returned values, and collect the properties that were set."""
    if task.values:
        write_values(task, context.outputs, returned, hint)
    properties = changed_properties(task, context.outputs)
    gate = gate_from(context.findings) if context.findings else None
    return TaskResult(properties=properties, gate=gate)


@functools.lru_cache(maxsize=1024)
def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function, with their markers.

    Raises:
        ExecutorError: an annotation names something that does not exist at run time.
    """
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        name = getattr(function, "__qualname__", function)
        raise ExecutorError(
            f"the annotations of {name} cannot be read: {error}",
            hint="import what they name at module level, outside `if TYPE_CHECKING`",
            retryable=False,
        ) from error
