"""Imports what a task names and calls it with the arguments of the task."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from mlops_pipeline.binding import bind, changed_properties, check_names, write_values
from mlops_pipeline.context import TaskContext, current_set, make_context
from mlops_pipeline.errors import (
    DefinitionError,
    ExecutorError,
    PipelineError,
    caller,
    did_you_mean,
)
from mlops_pipeline.failure import summary, traceback_tail
from mlops_pipeline.gate import gate_from
from mlops_pipeline.task import Task, TaskResult


def call_function(task: Task, target: Any, **extra: Any) -> TaskResult:
    """Bind a task to a component, or its function, call it, and take what it gives.

    Args:
        extra: arguments that are neither artifact nor parameter.
    """
    function = getattr(target, "function", target)
    hints = hints_of(function)
    parameters = inspect.signature(function).parameters
    bound = bind(task, hints)
    needed = {n for n, p in parameters.items() if p.default is p.empty and n not in extra}
    check_names(task, set(parameters), needed)
    written = {n: a for n, a in bound.outputs.items() if n not in task.values}
    arguments = {**bound.inputs, **written, **bound.parameters, **extra}
    context = make_context(task, bound)
    with current_set(context):
        returned = function(**arguments)
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
    bound = bind(task, hints)
    context = make_context(task, bound)
    with current_set(context):
        returned = kind().execute(context)
    hint = hints.get("return") or hints_of(kind.execute).get("return")
    return _finish(task, context, returned, hint)


def _finish(task: Task, context: TaskContext, returned: Any, hint: Any) -> TaskResult:
    """Write the returned values, and collect the properties that were set."""
    write_values(task, context.outputs, returned, hint)
    properties = changed_properties(task, context.outputs)
    return TaskResult(properties=properties, gate=gate_from(context.findings))


@functools.lru_cache(maxsize=1024)
def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function, with their markers.

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


def load_target(target: str, import_paths: Sequence[str]) -> Any:
    """Import `module:qualname`.

    Raises:
        ExecutorError: the module or the name in it is not there.
    """
    put_first(import_paths)
    module_name, _, qualname = target.partition(":")
    try:
        with no_bytecode(), importing(module_name):
            found: Any = importlib.import_module(module_name)
    except PipelineError as error:
        raise ExecutorError(
            f"cannot import {module_name}: {error.message}",
            hint=error.hint,
            retryable=False,
        ) from error
    except Exception as error:
        raise ExecutorError(
            f"cannot import {module_name}: {summary(error)}",
            hint=_import_hint(error, module_name),
            retryable=False,
            details=traceback_tail(error),
        ) from error
    for name in qualname.split("."):
        if not hasattr(found, name):
            raise ExecutorError(
                f"{module_name} has no {qualname!r}",
                hint=did_you_mean(name, [n for n in dir(found) if not n.startswith("_")]),
                retryable=False,
            )
        found = getattr(found, name)
    return found


_IMPORTING: ContextVar[str] = ContextVar("importing", default="")


@contextlib.contextmanager
def importing(module_name: str) -> Iterator[None]:
    """Meanwhile, a module of the user's is imported: it may define things, but not run them."""
    token = _IMPORTING.set(module_name)
    try:
        yield
    finally:
        _IMPORTING.reset(token)


def refuse_while_importing() -> None:
    """Refuse to run a pipeline from a module's top level: each worker would run it again.

    Raises:
        DefinitionError: a module is being imported, to be run from.
    """
    if _IMPORTING.get():
        raise DefinitionError(
            f"{_IMPORTING.get()} runs a pipeline whenever it is imported",
            hint='put the call below `if __name__ == "__main__":`',
            where=caller(),
        )


@contextlib.contextmanager
def no_bytecode() -> Iterator[None]:
    """Write no `.pyc` files meanwhile.

    Python takes one for fresh if size and second of its source are the same, so that of a file
    which is edited twice within a second would be run in place of what the file says.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def put_first(import_paths: Sequence[str]) -> None:
    """Look for modules in these folders before all others."""
    wanted = list(dict.fromkeys(import_paths))
    if sys.path[: len(wanted)] != wanted:
        sys.path[:] = wanted + [entry for entry in sys.path if entry not in wanted]
        importlib.invalidate_caches()


def _import_hint(error: Exception, module_name: str) -> str:
    if isinstance(error, ModuleNotFoundError):
        if error.name == module_name.partition(".")[0]:
            return "run it where the module lies, or install the package that has it"
        return f"install what provides {error.name!r} in this environment"
    return f"run `python -c 'import {module_name}'` to see it outside the pipeline"
