"""The state of a fork, made like that of a new interpreter."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import locale
import logging
import os
import random
import sys
import threading
import time
import types
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_pipeline.user_code import LOADED, UNSEEN, is_own_code

_KEPT: list[Any] = []
"""What the parent had: taken apart here, it would write to files or end what is the parent's."""

_SERVERS = (
    ("resource_tracker", "_resource_tracker", ("_fd", "_pid")),
    (
        "forkserver",
        "_forkserver",
        ("_forkserver_address", "_forkserver_alive_fd", "_forkserver_fd", "_forkserver_pid"),
    ),
)
"""Servers of `multiprocessing`: their modules, names, and what a process knows of them."""

_IGNORED = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that Python does not show."""


def make_fresh(
    environment: Mapping[str, str] | None, folder: str, path: Sequence[str] | None
) -> None:
    """Put back what a new interpreter would not have; files and signals are done before.

    Args:
        environment: the variables to have; None leaves them.
        folder: where to be; empty stays here.
        path: folders that modules are found in; None leaves them.
    """
    _open_streams()
    _forget_exits()
    _reset_logging()
    _reset_warnings()
    _reset_interpreter()
    _reset_multiprocessing()
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
    if folder:
        os.chdir(folder)
    if path is not None:
        sys.path[:] = path
    _forget_user_modules()
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
    random.seed()


def _open_streams() -> None:
    encoding = sys.getfilesystemencoding()
    _KEPT.extend((sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__))
    errors = {"stdin": "surrogateescape", "stdout": "surrogateescape", "stderr": "backslashreplace"}
    for number, (name, how) in enumerate(errors.items()):
        file = io.FileIO(number, "w" if number else "r", closefd=False)
        buffer = io.BufferedWriter(file) if number else io.BufferedReader(file)
        stream = io.TextIOWrapper(buffer, encoding, how, line_buffering=number == 2)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _forget_exits() -> None:
    """Drop what the parent does at its end, but for what libraries do in each process."""
    atexit._clear()
    atexit.register(logging.shutdown)
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        atexit.register(util._exit_function)


def _reset_logging() -> None:
    logging.captureWarnings(False)
    logging.disable(logging.NOTSET)
    known = logging.root.manager.loggerDict.values()
    for logger in [logging.root, *(each for each in known if isinstance(each, logging.Logger))]:
        _KEPT.extend(logger.handlers)
        logger.handlers.clear()
        logger.filters.clear()
        logger.propagate, logger.disabled = True, False
        logger.setLevel(logging.NOTSET)
    logging.root.setLevel(logging.WARNING)
    logging.setLoggerClass(logging.Logger)
    logging.setLogRecordFactory(logging.LogRecord)
    # `logging.shutdown` would flush those of the parent.
    logging._handlerList.clear()  # type: ignore[attr-defined]


def _reset_warnings() -> None:
    warnings.resetwarnings()
    for kind in _IGNORED:
        warnings.simplefilter("ignore", kind)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")


def _reset_interpreter() -> None:
    """Reset hooks, limits, and the module that a program starts in."""
    sys.excepthook, sys.unraisablehook = sys.__excepthook__, sys.__unraisablehook__
    sys.displayhook, threading.excepthook = sys.__displayhook__, threading.__excepthook__
    sys.settrace(None)
    sys.setprofile(None)
    sys.setrecursionlimit(1000)
    sys.argv[:] = ["-c"]
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    locale.setlocale(locale.LC_ALL, "C")
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    if "socket" in sys.modules:
        sys.modules["socket"].setdefaulttimeout(None)
    gc.enable()
    _KEPT.append(sys.modules.get("__main__"))
    sys.modules["__main__"] = types.ModuleType("__main__")


def _reset_multiprocessing() -> None:
    """Make this a process that may have children of its own, whatever its parent is.

    A daemon of `multiprocessing` may not, and servers of the parent are out of reach.
    """
    process: Any = sys.modules.get("multiprocessing.process")
    if process is None:
        return
    _KEPT.append(process._children)
    process._current_process._config.pop("daemon", None)
    process._parent_process, process._children = None, set()
    context: Any = sys.modules["multiprocessing.context"]
    context._default_context._actual_context = None
    for module, server, names in _SERVERS:
        found = getattr(sys.modules.get(f"multiprocessing.{module}"), server, None)
        for name in names:
            if hasattr(found, name):
                setattr(found, name, None)


def _forget_user_modules() -> None:
    """Drop modules that are neither installed nor part of Python: a task loads its own."""
    for name, module in sys.modules.copy().items():
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and is_own_code(file):
            _KEPT.append(sys.modules.pop(name))
    LOADED.clear()
    UNSEEN.clear()
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
