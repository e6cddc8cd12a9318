"""Runs the executor of one task in this process: the only place that calls user code.

`execute` takes a `Task` and gives a `TaskResult`; it sees artifacts and parameters, never the
store. Worker processes (`runners.pool`) call the same function.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.binding import (
    Bound,
    Taken,
    bind,
    changed_properties,
    check_names,
    write_values,
)
from mlops_pipeline.errors import DefinitionError, ExecutorError, did_you_mean
from mlops_pipeline.failure import Redactor, failed, summary, traceback_tail
from mlops_pipeline.ir import (
    BeamExecutor,
    ClassExecutor,
    ContainerExecutor,
    FunctionExecutor,
)
from mlops_pipeline.task import Task, TaskResult


@dataclass(frozen=True)
class TaskContext:
    """What a running executor is given.

    Args:
        name: `<run id>/<node id>`.
        inputs: artifacts by input; a list for an input that takes many, None for one left out.
        outputs: artifacts to write, by output.
        parameters: typed values, secrets among them.
        scratch: an empty folder that is deleted afterwards.
        state_dir: a folder that later attempts of the same node and run find again: the place
            for checkpoints.
    """

    name: str
    inputs: Mapping[str, Taken]
    outputs: Mapping[str, Artifact]
    parameters: Mapping[str, Any]
    scratch: Path
    state_dir: Path


class Executor(Protocol):
    """A class executor: made without arguments, called once, then dropped.

    It returns what a component function would: nothing, or the values of its value outputs.

    >>> class CountLines:
    ...     def execute(self, task: TaskContext) -> int:
    ...         return len(task.inputs["text"].path.read_text().splitlines())
    """

    def execute(self, task: TaskContext) -> Any:
        """Read `task.inputs`, write `task.outputs`."""


_current: ContextVar[TaskContext] = ContextVar("current_task")


def current_task() -> TaskContext:
    """The context of the task that is running here: scratch folder, state folder, name.

    Raises:
        DefinitionError: no task is running in this thread.
    """
    try:
        return _current.get()
    except LookupError:
        raise DefinitionError(
            "current_task() was called outside a running executor",
            hint="call it in the component's body, in the thread that runs it",
        ) from None


def execute(task: Task) -> TaskResult:
    """Run a task; what goes wrong is in the result, only KeyboardInterrupt gets through."""
    redactor = Redactor(os.environ.get(variable, "") for variable in task.secrets.values())
    try:
        with _surroundings_kept():
            result = _run(task)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit and its like are failures too
        result = failed(error)
    return redactor.result(result)


def _run(task: Task) -> TaskResult:
    match task.executor:
        case FunctionExecutor(target=target):
            return _run_function(task, load_target(target, task.import_paths))
        case BeamExecutor(target=target):
            # Beam is heavy, and few pipelines use it.
            from mlops_pipeline.beam import run_beam

            return run_beam(task, load_target(target, task.import_paths))
        case ClassExecutor(target=target):
            return _run_class(task, load_target(target, task.import_paths))
        case ContainerExecutor():
            from mlops_pipeline.container import run_container

            return run_container(task)
        case _:
            # Importers and resolvers are all done when their inputs are resolved.
            return TaskResult()


def _run_function(task: Task, target: Any) -> TaskResult:
    function = getattr(target, "function", target)
    return call(task, function, lambda bound: {})


def call(
    task: Task, function: Callable[..., Any], extras: Callable[[Bound], dict[str, Any]]
) -> TaskResult:
    """Bind a task to a component function and call it.

    Args:
        extras: gives arguments that are neither artifact nor parameter.
    """
    hints = hints_of(function)
    parameters = inspect.signature(function).parameters
    bound = bind(task, hints)
    extra = extras(bound)
    needed = {n for n, p in parameters.items() if p.default is p.empty and n not in extra}
    check_names(task, set(parameters), needed)
    written = {n: a for n, a in bound.outputs.items() if n not in task.values}
    arguments = {**bound.inputs, **written, **bound.parameters, **extra}
    with _current_set(_context(task, bound)):
        returned = function(**arguments)
    return finish(task, bound, returned, hints.get("return"))


def _run_class(task: Task, target: Any) -> TaskResult:
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
    context = _context(task, bound)
    with _current_set(context):
        returned = kind().execute(context)
    hint = hints.get("return") or hints_of(kind.execute).get("return")
    return finish(task, bound, returned, hint)


def finish(task: Task, bound: Bound, returned: Any, hint: Any) -> TaskResult:
    """Write the returned values, and collect the properties that were set."""
    write_values(task, bound.outputs, returned, hint)
    return TaskResult(properties=changed_properties(task, bound.outputs))


def _context(task: Task, bound: Bound) -> TaskContext:
    folders = [Path(task.scratch or "."), Path(task.state_dir or ".")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return TaskContext(task.name, bound.inputs, bound.outputs, bound.parameters, *folders)


@contextlib.contextmanager
def _current_set(context: TaskContext) -> Iterator[None]:
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


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
    _put_first(import_paths)
    module_name, _, qualname = target.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
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


def _put_first(import_paths: Sequence[str]) -> None:
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


@contextlib.contextmanager
def _surroundings_kept() -> Iterator[None]:
    """Put working folder and environment back, so that tasks do not see each other's changes."""
    folder, environment = os.getcwd(), dict(os.environ)  # noqa: PTH109 - put back as text
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.chdir(folder)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        for name, value in environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
