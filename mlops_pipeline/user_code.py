"""Names by which a process finds what a user wrote, `module:qualname`, and their import.

There is one importer, so that a name leads every kind of code to the same module.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

from mlops_pipeline.errors import (
    DefinitionError,
    ExecutorError,
    PipelineError,
    caller,
    did_you_mean,
)
from mlops_pipeline.tracebacks import summary, traceback_tail

LOADED: dict[str, str] = {}
"""SHA-256 of the source of first-party modules as this process has loaded them, by file."""

UNSEEN: set[str] = set()
"""Files of modules that this process has imported while nothing observed what they read."""

_STANDARD = f"{Path(os.__file__).parent}/"
# In a checkout; what is installed is known by its folder.
_FRAMEWORK = tuple(
    f"{Path(__file__).parents[1]}/{name}/"
    for name in ("mlops_pipeline", "components/mlops_components", "metadata/mlops_metadata")
)


def target_of(thing: Any, what: str, where: str = "") -> str:
    """Return the name `module:qualname` of a function or class, or of the text that is one.

    Args:
        what: what to call it in an error.

    Raises:
        DefinitionError: a worker could not import it.
    """
    where = where or caller()
    if isinstance(thing, str):
        return _checked_name(thing, what, where)
    thing = getattr(thing, "function", thing)
    qualname = getattr(thing, "__qualname__", "")
    if not qualname or not getattr(thing, "__module__", ""):
        raise DefinitionError(
            f"{what} is {thing!r}, which has no name to import it by",
            hint="give a function or class, or its name as 'module:name'",
            where=where,
        )
    if "<" in qualname:
        kind = "a lambda" if "<lambda>" in qualname else "defined inside a function"
        raise DefinitionError(
            f"{what} {qualname.rpartition('.')[2]!r} is {kind}: a worker cannot import it",
            hint="define it with `def` at the top level of a module",
            where=where,
        )
    return f"{module_of(thing, what, where)}:{qualname}"


def _checked_name(name: str, what: str, where: str) -> str:
    module, colon, qualname = name.partition(":")
    if not colon or not all(part.isidentifier() for part in f"{module}.{qualname}".split(".")):
        raise DefinitionError(
            f"{what} {name!r} is not written as 'module:name'",
            hint="for example 'my_project.drivers:newest_span'",
            where=where,
        )
    return name


def module_of(thing: Any, what: str, where: str = "") -> str:
    """Return the name under which a worker imports the module that defines something.

    A script is `__main__` only in its own process; elsewhere it goes by the name of its file.

    Raises:
        DefinitionError: it was typed into a notebook or an interpreter.
    """
    if thing.__module__ != "__main__":
        return str(thing.__module__)
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    # What is read from standard input has the file "<stdin>".
    if file is None or file.startswith("<"):
        raise DefinitionError(
            f"{what} {thing.__qualname__!r} is defined in a notebook or an interpreter: "
            f"a worker cannot import it",
            hint="move it into a .py file, and import it from there",
            where=where or caller(),
        )
    return Path(file).stem


def load_target(target: str, import_paths: Iterable[str] = ()) -> Any:
    """Import `module:qualname`: components, drivers, publishers, resolvers and stores alike.

    Raises:
        ExecutorError: the module or the name in it is not there.
    """
    put_first(import_paths)
    module_name, _, qualname = target.partition(":")
    _refuse_unsafe_import(target, module_name)
    found: Any = sys.modules.get(module_name)
    # One that another thread is importing is waited for.
    if found is None or getattr(getattr(found, "__spec__", None), "_initializing", False):
        found = _import(module_name)
    for name in qualname.split("."):
        if not hasattr(found, name):
            raise ExecutorError(
                f"{module_name} has no {qualname!r}",
                hint=did_you_mean(name, [n for n in dir(found) if not n.startswith("_")]),
                retryable=False,
            )
        found = getattr(found, name)
        _refuse_python(target, found)
    return found


def _refuse_unsafe_import(target: str, module_name: str) -> None:
    """Refuse a module before it is imported: some of Python's do things when they are."""
    parts = f"{module_name}.{target.partition(':')[2]}".split(".")
    if any(part.startswith("__") for part in parts):
        raise _no_component(target)
    top = parts[0]
    if top not in sys.stdlib_module_names or module_name in sys.modules:
        return
    spec = importlib.util.find_spec(top)
    if spec is None or not is_own_code(spec.origin or ""):
        raise _no_component(target)


def _refuse_python(target: str, found: Any) -> None:
    """Refuse a name of Python's own: the IR of a store may name what it likes."""
    while isinstance(found, functools.partial):
        found = found.func
    module_name = getattr(found, "__module__", None)
    if isinstance(found, ModuleType) or (module_name and _is_python(str(module_name))):
        raise _no_component(target)


def _no_component(target: str) -> ExecutorError:
    return ExecutorError(
        f"{target} is no component, but a part of Python: it is not run",
        hint="name what the project or one of its packages defines",
        retryable=False,
    )


def _is_python(module_name: str) -> bool:
    if module_name.partition(".")[0] not in sys.stdlib_module_names:
        return False
    # A file of the user's may have the name of a module of Python.
    file = getattr(sys.modules.get(module_name), "__file__", None)
    return not (isinstance(file, str) and is_own_code(file))


def _import(module_name: str) -> ModuleType:
    try:
        with no_bytecode(), importing(module_name):
            return importlib.import_module(module_name)
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


_IMPORTING: ContextVar[str] = ContextVar("importing", default="")


@contextlib.contextmanager
def importing(module_name: str) -> Iterator[None]:
    """Mark that a module of the user's is being imported: it must not run anything."""
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
    which is edited twice within a second would be run instead of the new file.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def put_first(import_paths: Iterable[str]) -> None:
    """Look for modules in these folders before all others."""
    wanted = list(dict.fromkeys(import_paths))
    if sys.path[: len(wanted)] != wanted:
        sys.path[:] = wanted + [entry for entry in sys.path if entry not in wanted]
        importlib.invalidate_caches()


def _import_hint(error: Exception, module_name: str) -> str:
    if isinstance(error, ModuleNotFoundError):
        if error.name == module_name.partition(".")[0]:
            return "run it in the folder of the module, or install the package that has it"
        return f"install what provides {error.name!r} in this environment"
    return f"run `python -c 'import {module_name}'` to see it outside the pipeline"


@functools.lru_cache(maxsize=4096)
def is_own_code(file: str) -> bool:
    """Return True if a file of code is not installed, nor part of Python or the framework."""
    return file.startswith("/") and not _is_installed(file) and not is_framework(file)


def _is_installed(file: str) -> bool:
    return "-packages/" in file or file.startswith(_STANDARD)


def is_framework(file: str) -> bool:
    """Return True if a file is part of a checkout of the framework."""
    return file.startswith(_FRAMEWORK)


def digest_source(file: str) -> str:
    """Return the SHA-256 of a file of code."""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


_INSTALLED: dict[str, ModuleType] = {}
"""Modules of installed files, most of a process: they are not looked at again."""


def loaded_modules() -> Iterator[tuple[str, ModuleType, str]]:
    """Yield the modules of this process that are not installed: name, module and file."""
    modules = sys.modules.copy().items()
    for name, module in [each for each in modules if _INSTALLED.get(each[0]) is not each[1]]:
        file = getattr(module, "__dict__", {}).get("__file__")
        if not isinstance(file, str):
            continue
        if _is_installed(file):
            _INSTALLED[name] = module
        else:
            yield name, module, file


def note_imports(folders: tuple[str, ...]) -> None:
    """Remember the sources of modules below some folders that have just been imported."""
    for _, _, file in loaded_modules():
        if file.startswith(folders) and file not in LOADED and is_own_code(file):
            with contextlib.suppress(OSError):
                LOADED[file] = digest_source(file)
                UNSEEN.add(file)


def forget_changed(folders: tuple[str, ...]) -> None:
    """Drop the modules below some folders if one of them has changed since it was loaded."""
    ours = {file: digest for file, digest in LOADED.items() if file.startswith(folders)}
    if all(Path(file).is_file() and digest_source(file) == ours[file] for file in ours):
        return
    for name, _, loaded in loaded_modules():
        if name != "__main__" and loaded in ours:
            del sys.modules[name]
    for file in ours:
        del LOADED[file]
