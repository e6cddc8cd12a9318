"""Runs the executor of one task in this process: only this module calls user code.

`execute` takes a `Task` and gives a `TaskResult`; it sees artifacts and parameters, never the
store. Worker processes (`runners.pool`) call the same function.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from mlops_pipeline.executors.call import call_class, call_function
from mlops_pipeline.executors.failure import Redactor, failed
from mlops_pipeline.executors.task import Task, TaskResult
from mlops_pipeline.ir import BeamExecutor, ClassExecutor, ContainerExecutor, FunctionExecutor
from mlops_pipeline.user_code import load_target


def execute(task: Task) -> TaskResult:
    """Run a task; what goes wrong is in the result, only KeyboardInterrupt gets through.

    A timeout is kept by worker pools and by containers: a process cannot stop its own C code.
    """
    redactor = None
    if task.secrets:
        redactor = Redactor(os.environ.get(variable, "") for variable in task.secrets.values())
    try:
        result = run_task(task)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit and its like are failures too
        result = failed(error)
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
    with _surroundings_kept():
        name = getattr(executor, "target", "")
        if name and target is None:
            target = load_target(name, task.import_paths)
        match executor:
            case FunctionExecutor():
                return call_function(task, target)
            case ClassExecutor():
                return call_class(task, target)
            # What only some kinds need is imported by them alone.
            case BeamExecutor():
                from mlops_pipeline.executors.beam import run_beam

                return run_beam(task, executor, target)
            case ContainerExecutor():
                from mlops_pipeline.executors.container import run_container

                return run_container(task, executor, target)
            case _:
                # Importers and resolvers are all done when their inputs are resolved.
                return TaskResult()


@contextlib.contextmanager
def _surroundings_kept() -> Iterator[None]:
    """Put working folder and environment back, so that tasks do not see each other's changes.

    Meanwhile no `.pyc` files are written: see `no_bytecode`.
    """
    # As bytes: decoding the whole environment twice takes longer than a short task.
    folder, environment = os.getcwd(), dict(os.environb)  # noqa: PTH109 - put back as text
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        with contextlib.suppress(OSError):
            os.chdir(folder)
        changed = dict(os.environb)
        for name in changed.keys() - environment.keys():
            del os.environb[name]
        for name, value in environment.items():
            if changed.get(name) != value:
                os.environb[name] = value
