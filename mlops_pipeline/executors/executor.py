"""Runs the executor of one task in this process: only this module calls user code.

`execute` takes a `Task` and gives a `TaskResult`; it sees artifacts and parameters, never the
store. Worker processes (`runners.workers`) call the same function.
"""

from __future__ import annotations

import contextlib
import inspect
import os
from types import FunctionType
from typing import Any

import msgspec

from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.executors.binding import (
    bind,
    changed_properties,
    check_names,
    hints_of,
    refuse_returned,
    write_values,
)
from mlops_pipeline.executors.context import CURRENT, TaskContext
from mlops_pipeline.executors.failure import Redactor, failed, hiding
from mlops_pipeline.executors.isolation import isolated
from mlops_pipeline.executors.observation import stale_module, watching
from mlops_pipeline.executors.task import Task, TaskResult
from mlops_pipeline.gate import gate_from
from mlops_pipeline.ir import BeamExecutor, ClassExecutor, ContainerExecutor, FunctionExecutor
from mlops_pipeline.user_code import is_own_code, load_target, put_first


def execute(task: Task, interrupt: type[BaseException] = KeyboardInterrupt) -> TaskResult:
    """Run a task; what goes wrong is in the result.

    A timeout is kept by worker pools and by containers: a process cannot stop its own C code.

    Args:
        interrupt: the exception that stops this process; it alone gets through.
    """
    stale = stale_module(task.code)
    if stale:
        return TaskResult(
            error=f"{stale} was changed after this process had imported it, or a module "
            "that it takes names from",
            hint="load it again with importlib.reload, start the process anew, or run without "
            "in_process: workers see the change",
            retryable=False,
            stale=stale,
        )
    redactor = None
    if task.secrets:
        redactor = Redactor(os.environ.get(variable, "") for variable in task.secrets.values())
    try:
        with hiding(redactor) if redactor else contextlib.nullcontext():
            result = run_task(task)
    except interrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit and its like are failures too
        result = failed(error, redactor.text if redactor else str)
        # Where an error is shown, its node has been named already.
        unnamed = result.error.removeprefix(f"{task.name}: ")
        result = msgspec.structs.replace(result, error=unnamed)
    return redactor.result(result) if redactor else result


def run_task(task: Task, target: Any = None) -> TaskResult:
    """Run a task and let its exceptions through, for tests and debuggers.

    Args:
        target: what the executor's target names, if it is at hand.
    """
    executor = task.executor
    result = TaskResult()
    put_first(task.import_paths)
    with isolated(task) as before, watching(task, before) as watch:
        name = getattr(executor, "target", "")
        if name and target is None:
            target = load_target(name, task.import_paths)
            # The IR may be somebody else's. A plain function of a package is no component.
            if isinstance(target, FunctionType) and not is_own_code(target.__code__.co_filename):
                raise ExecutorError(
                    f"{task.name}: {name} is no component: it is not run",
                    hint="write a component that calls it",
                    retryable=False,
                )
        match executor:
            case FunctionExecutor():
                result = call_function(task, target)
            case ClassExecutor():
                result = call_class(task, target)
            # What only some kinds need is imported by them alone.
            case BeamExecutor():
                from mlops_pipeline.executors.beam import beam_argument

                # The pipeline runs at the end of this block; only then is the result returned.
                with beam_argument(task, executor, target) as pipeline:
                    result = call_function(task, target, **pipeline)
            case ContainerExecutor():
                from mlops_pipeline.executors.container import run_container

                result = run_container(task, executor, target)
            case _:
                # Importers and resolvers are all done when their inputs are resolved.
                pass
    try:
        return msgspec.structs.replace(result, observed=watch.result())
    finally:
        if watch.children is not None:
            watch.children.close()


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
    else:
        refuse_returned(task, returned)
    properties = changed_properties(task, context.outputs)
    gate = gate_from(context.findings) if context.findings else None
    return TaskResult(properties=properties, gate=gate)
