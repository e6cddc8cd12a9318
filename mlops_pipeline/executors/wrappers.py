"""Wrappers around calls that no audit event tells of, or not enough.

The one around `os.stat` is there while a task runs; the others stay, and do nothing without a task.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pathlib
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_pipeline.executors.readers import EXISTENCE, IMPORTERS, PATHS, STATUS
from mlops_pipeline.user_code import is_own_code

if TYPE_CHECKING:
    from mlops_pipeline.executors.children import Children


class Asked(NamedTuple):
    """A path that code asks the status of.

    Args:
        existence: True if nothing but its existence is asked for.
        status: True if more than existence, size and time is.
    """

    path: Any
    existence: bool
    status: bool


Tell = Callable[[str, Any, FrameType], None]
"""Function that notes a call: what it does, the path or variable, the frame that calls."""


_ACCESSOR: Any = getattr(pathlib, "_NormalAccessor", None)
"""Holder of the functions that `pathlib` calls, in Python 3.10."""


def observe_status(tell: Tell) -> Any:
    """Put a wrapper around `os.stat`, and return for `put_status` what was there."""
    real = os.stat
    put_status(wrapped_status(real, tell))
    return real


def put_status(stat: Any) -> None:
    """Have this function called for `os.stat`."""
    os.stat = stat
    if _ACCESSOR is not None:
        _ACCESSOR.stat = stat


def observe_variables(tell: Tell) -> None:
    """Put wrappers around reads of `os.environ`, which stay.

    To and fro with each task would be wrong: Python 3.13 gives a class a thousand versions at most,
    and does not see later changes of it in code that has run often, such as `Mapping.get`.

    Args:
        tell: is called with `read_variable` or `copied_environment`.
    """
    kind: Any = type(os.environ)
    kind.__getitem__, kind.__iter__ = wrapped_variables(kind.__getitem__, kind.__iter__, tell)


def wrapped_variables(read: Any, each: Any, tell: Tell) -> tuple[Any, Any]:
    """Return wrappers of `os.environ`'s `__getitem__` and `__iter__`."""

    def getitem(environ: Any, key: Any) -> Any:
        if isinstance(key, (str, bytes)):
            tell("read_variable", key, sys._getframe(1))
        return read(environ, key)

    def iterate(environ: Any) -> Any:
        tell("copied_environment", None, sys._getframe(1))
        return each(environ)

    return getitem, iterate


@functools.lru_cache(maxsize=4)
def wrapped_status(real_stat: Any, tell: Tell) -> Any:
    """Return a wrapper of `os.stat`.

    Args:
        tell: is called for first-party code, with `looked_for` and an `Asked`.
    """

    def stat(path: Any, **options: Any) -> os.stat_result:
        frame, existence = sys._getframe(1), False
        # Each look at a frame's code raises an audit event.
        code = frame.f_code
        status = code.co_filename not in PATHS or code.co_name in STATUS
        while code.co_filename in PATHS and frame.f_back is not None:
            existence = existence or code.co_name in EXISTENCE
            frame = frame.f_back
            code = frame.f_code
        if is_own_code(code.co_filename):
            tell("looked_for", Asked(path, existence, status), frame)
        found: os.stat_result = real_stat(path, **options)
        return found

    wrapper = _like_builtin(real_stat, stat)
    for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
        able.add(wrapper)
    return wrapper


def _like_builtin(real: Any, function: Callable[..., Any]) -> Any:
    """Return a function in the form of an object that a class does not bind, as it does not `real`.

    It can be pickled by its name in `os`.
    """
    of_class = {"__call__": staticmethod(function), "__reduce__": lambda _: real.__name__}
    wrapper = functools.update_wrapper(type(real.__name__, (), of_class)(), real)
    wrapper.__module__ = "os"
    return wrapper


def observe_programs(current: Callable[[], Children | None]) -> None:
    """Have programs started so that they are observed while there is a task.

    `subprocess` calls `posix_spawn` or `fork_exec`, and `multiprocessing` the latter; others take
    the environment as it is.

    Args:
        current: gives the children of the task that runs; None without one.
    """
    for module, name in (("_posixsubprocess", "fork_exec"), ("subprocess", "_fork_exec")):
        holder = sys.modules.get(module)
        start = getattr(holder, name, None)
        if start is not None and not hasattr(start, "__wrapped__"):
            setattr(holder, name, _observed(start, current))
    for spawn in (os.posix_spawn, os.posix_spawnp):
        if not hasattr(spawn, "__wrapped__"):
            setattr(os, spawn.__name__, _observed_spawn(spawn, current))


def _observed(start: Callable[..., Any], current: Callable[[], Children | None]) -> Any:
    @functools.wraps(start)
    def observed(*arguments: Any) -> Any:
        children = current()
        if children is not None and len(arguments) > _ENVIRONMENT:
            with contextlib.suppress(Exception):  # The call itself must not fail for it.
                children.expect()
                changed = children.environment(arguments[_ENVIRONMENT])
                arguments = (
                    *arguments[:_ENVIRONMENT],
                    changed,
                    *arguments[_ENVIRONMENT + 1 :],
                )
        return start(*arguments)

    return observed


def observe_calls(current: Callable[[], Children | None], tell: Tell) -> None:
    """Put wrappers around functions of `os` that no audit event tells enough of.

    Args:
        tell: is called with `asked_mode`, `asked_link` or `imported`.
    """
    for name, kind in (("access", "asked_mode"), ("readlink", "asked_link")):
        real, wrapper = getattr(os, name), _asking(getattr(os, name), kind, tell)
        setattr(os, name, wrapper)
        for able in (os.supports_dir_fd, os.supports_effective_ids, os.supports_follow_symlinks):
            if real in able:
                able.add(wrapper)
    importing = _importing(importlib.import_module, tell)
    for module in ("importlib", "importlib.metadata"):
        if hasattr(sys.modules.get(module), "import_module"):
            setattr(sys.modules[module], "import_module", importing)  # noqa: B010 - any module
    os.system = _observed_system(os.system, current)


def _asking(real: Any, kind: str, tell: Tell) -> Any:
    def asking(path: Any, *arguments: Any, **options: Any) -> Any:
        frame = sys._getframe(1)
        while frame.f_code.co_filename in PATHS and frame.f_back is not None:
            frame = frame.f_back
        if is_own_code(frame.f_code.co_filename):
            tell(kind, path, frame)
        return real(path, *arguments, **options)

    return _like_builtin(real, asking)


def _importing(real: Any, tell: Tell) -> Any:
    @functools.wraps(real)
    def import_module(name: str, package: str | None = None) -> Any:
        frame = sys._getframe(1)
        file = frame.f_code.co_filename
        if is_own_code(file) or any(each in file for each in IMPORTERS):
            tell("imported", name, frame)
        return real(name, package)

    return import_module


def _observed_system(system: Any, current: Callable[[], Children | None]) -> Any:
    def called(command: Any) -> Any:
        children = current()
        if children is None:
            return system(command)
        before = {
            name: os.environb.get(name) for name in (b"PYTHONPATH", b"MLOPS_CHILD_PYTHONPATH")
        }
        with contextlib.suppress(OSError):
            children.expect()
            changed = children.environment(None)[-2:]
            os.environb.update(dict(each.split(b"=", 1) for each in changed))
        try:
            return system(command)
        finally:
            for name, value in before.items():
                os.environb.pop(name, None)
                if value is not None:
                    os.environb[name] = value

    return _like_builtin(system, called)


def _observed_spawn(spawn: Any, current: Callable[[], Children | None]) -> Any:
    def spawned(path: Any, arguments: Any, env: Any, *rest: Any, **options: Any) -> Any:
        children = current()
        if children is not None:
            with contextlib.suppress(Exception):  # The call itself must not fail for it.
                children.expect()
                env = _for_child(children, env)
        return spawn(path, arguments, env, *rest, **options)

    return _like_builtin(spawn, spawned)


def _for_child(children: Children, env: Any) -> dict[bytes, bytes]:
    """Return the environment of a child; without one (None), it gets that of this process."""
    plain = None
    if env is not None:
        plain = [os.fsencode(name) + b"=" + os.fsencode(env[name]) for name in env]
    return dict(each.split(b"=", 1) for each in children.environment(plain))


_ENVIRONMENT = 5
"""Position of the environment among the arguments of `fork_exec`."""
