"""The user's functions that a component calls: from a module file, or by name."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from mlops_pipeline.errors import (
    ExecutorError,
    NotFoundError,
    ParameterError,
    PipelineError,
    did_you_mean,
)
from mlops_pipeline.tracebacks import summary, traceback_tail


@contextmanager
def user_function(name: str, module_file: Path | None, target: str) -> Iterator[Callable[..., Any]]:
    """Load the user's function for as long as it is needed.

    The folder of the module file is on `sys.path` meanwhile, so that the file can import its
    neighbours.

    Args:
        name: of the function in the module file, and of the parameter that replaces it.
        target: `module:function`, instead of a module file.

    Raises:
        ParameterError: neither or both are given.
        NotFoundError: there is no such file, module or function.
        ExecutorError: the module cannot be imported.
    """
    if bool(module_file) == bool(target):
        raise ParameterError(
            f"{'both' if target else 'neither'} of module_file and {name} "
            f"{'are' if target else 'is'} given",
            hint=f"give the file that defines {name}, or `module:function`",
        )
    if module_file is None:
        module_name, _, function = target.replace(":", ".").rpartition(".")
        yield _function(_import(module_name, target), function, target)
        return
    with _module(module_file) as module:
        yield _function(module, name, str(module_file))


def optional_function(name: str, module_file: Path | None) -> Callable[..., Any] | None:
    """Return a function that a module file may define."""
    if module_file is None:
        return None
    with _module(module_file) as module:
        found = getattr(module, name, None)
    return found if callable(found) else None


@contextmanager
def _module(path: Path) -> Iterator[ModuleType]:
    if not path.is_file():
        raise NotFoundError(f"module_file {path} does not exist", hint="check the path")
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield _load(path)
    finally:
        sys.path.remove(folder)


def _import(module_name: str, target: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except PipelineError:
        # It says by itself what is wrong and what to do.
        raise
    except ModuleNotFoundError as error:
        if error.name and not module_name.startswith(error.name):
            raise _not_importable(module_name, error) from error
        raise NotFoundError(
            f"there is no module {module_name!r} (for {target!r})",
            hint="check the name; it must be importable from the pipeline's folder",
        ) from None
    except Exception as error:
        raise _not_importable(module_name, error) from error


def _load(path: Path) -> ModuleType:
    """Run a file as a module of its own; a changed file is never mistaken for the old one."""
    code = path.read_bytes()
    digest = hashlib.sha256(str(path.resolve()).encode() + b"\0" + code).hexdigest()[:12]
    name = f"{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ParameterError(f"module_file {path} is not a Python file", hint="give a .py file")
    module = importlib.util.module_from_spec(spec)
    # Functions of the module find it by name, as when they are serialised.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        # A PipelineError says by itself what is wrong and what to do.
        if isinstance(error, PipelineError) or not isinstance(error, Exception):
            raise
        raise _not_importable(str(path), error) from error
    return module


def _not_importable(name: str, error: Exception) -> ExecutorError:
    """Return the error for a module of the user's that fails to be imported."""
    if isinstance(error, SyntaxError):
        # Not always the module itself: it may be one that it imports.
        where = f"{error.filename or name}:{error.lineno}"
        return ExecutorError(f"{where}: {error.msg}", hint="fix the module", retryable=False)
    missing = isinstance(error, ModuleNotFoundError)
    return ExecutorError(
        f"cannot import {name}: {summary(error)}",
        hint="install what provides it in this environment" if missing else "fix the module",
        retryable=False,
        details=traceback_tail(error),
    )


def _function(module: ModuleType, name: str, where: str) -> Callable[..., Any]:
    function = getattr(module, name, None)
    if callable(function):
        return function  # type: ignore[no-any-return]
    known = [n for n, v in vars(module).items() if callable(v) and n[0] != "_"]
    raise NotFoundError(f"{where} has no function {name!r}", hint=did_you_mean(name, known))
