"""Isolation of tasks: each finds the process as the first one did, whatever ran before it.

Random numbers begin from a seed of the task's cache key, so that two first runs agree.
"""

from __future__ import annotations

import contextlib
import locale
import os
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NamedTuple

from msgspec import Struct

from mlops_pipeline.executors.task import Task, seed_of

_WARNING = 30
"""Level of the root logger at first."""

_ENVIRONMENT: Mapping[bytes, bytes] = os.environb._data  # type: ignore[attr-defined]
"""The environment as bytes, without a call for each variable."""


class _Logs(NamedTuple):
    """Levels and handlers of `logging`; the defaults are those of `logging` just loaded.

    A process that only runs small tasks does not load it: that takes longer than a task.
    """

    levels: Mapping[str, int] = {"": _WARNING}
    loggers: frozenset[str] = frozenset()
    disabled: int = 0
    handlers: Sequence[Any] = ()


class _State(NamedTuple):
    """State of the process that code can change for what runs after it."""

    folder: str
    environment: Mapping[bytes, bytes]
    path: list[str]
    arguments: list[str]
    bytecode: bool
    recursion: int
    umask: int
    locale: str
    decimal: Any
    logs: _Logs
    random: Any
    numpy: tuple[Any, Any] | None


@contextlib.contextmanager
def isolated(task: Task) -> Iterator[Mapping[bytes, bytes]]:
    """Seed random numbers, yield the environment, and put back afterwards what was changed.

    Meanwhile no `.pyc` files are written: see `no_bytecode`.
    """
    with warnings.catch_warnings():
        before = _state()
        try:
            sys.dont_write_bytecode = True
            if task.key:
                _seed(seed_of(task.key))
            yield before.environment
        finally:
            _put_back(before)


def _state() -> _State:
    umask = os.umask(0o077)
    os.umask(umask)
    numpy = sys.modules.get("numpy")
    generator = sys.modules.get("numpy.random")
    decimal = sys.modules.get("decimal")
    return _State(
        folder=os.getcwd(),  # noqa: PTH109 - put back as text
        environment=dict(_ENVIRONMENT),
        path=sys.path[:],
        arguments=sys.argv[:],
        bytecode=sys.dont_write_bytecode,
        recursion=sys.getrecursionlimit(),
        umask=umask,
        locale=locale.setlocale(locale.LC_ALL),
        decimal=decimal.getcontext().copy() if decimal else None,
        logs=_logs(),
        random=random.getstate(),
        numpy=(generator.get_state(), numpy.geterr()) if numpy and generator else None,
    )


def _logs() -> _Logs:
    logging = sys.modules.get("logging")
    if logging is None:
        return _Logs()
    root = logging.root
    levels = {
        name: each.level
        for name, each in list(root.manager.loggerDict.items())
        if isinstance(each, logging.Logger) and each.level
    }
    return _Logs(
        {"": root.level, **levels},
        frozenset(root.manager.loggerDict),
        root.manager.disable,
        root.handlers[:],
    )


def _put_back(before: _State) -> None:
    with contextlib.suppress(OSError):
        os.chdir(before.folder)
    _put_back_environment(before.environment)
    kept: list[tuple[list[Any], list[Any]]] = [
        (sys.path, before.path),
        # A library that was imported keeps its finders.
        (sys.meta_path, [each for each in sys.meta_path if not isinstance(each, _SeedOnImport)]),
        (sys.argv, before.arguments),
    ]
    for mine, theirs in kept:
        if mine != theirs:
            mine[:] = theirs
    sys.dont_write_bytecode = before.bytecode
    with contextlib.suppress(RecursionError):
        sys.setrecursionlimit(before.recursion)
    os.umask(before.umask)
    if locale.setlocale(locale.LC_ALL) != before.locale:
        locale.setlocale(locale.LC_ALL, before.locale)
    if "decimal" in sys.modules:
        decimal: Any = sys.modules["decimal"]
        decimal.setcontext(before.decimal or decimal.DefaultContext.copy())
    if "logging" in sys.modules:
        _put_back_logs(sys.modules["logging"], before.logs)
    random.setstate(before.random)
    if before.numpy is not None:
        sys.modules["numpy.random"].set_state(before.numpy[0])
        sys.modules["numpy"].seterr(**before.numpy[1])


def _put_back_logs(logging: Any, before: _Logs) -> None:
    root = logging.root
    # A handler that a library has brought stays.
    root.handlers[:] = [
        each
        for each in root.handlers
        if each in before.handlers or not type(each).__module__.startswith("logging")
    ]
    if root.manager.disable != before.disabled:
        logging.disable(before.disabled)
    after = _logs().levels
    for name in after.keys() | before.levels.keys():
        known = not name or name in before.loggers
        if known and after.get(name) != before.levels.get(name):
            logging.getLogger(name).setLevel(before.levels.get(name, 0))


def _put_back_environment(before: Mapping[bytes, bytes]) -> None:
    changed = dict(_ENVIRONMENT)
    if changed == before:
        return
    for name in changed.keys() - before.keys():
        del os.environb[name]
    for name, value in before.items():
        if changed.get(name) != value:
            os.environb[name] = value
    if changed.get(b"TZ") != before.get(b"TZ"):
        time.tzset()


def _seed(seed: int) -> None:
    """Seed what generates random numbers, and libraries that are imported later."""
    random.seed(seed)
    waiting = {}
    for name, seeder in _SEEDERS.items():
        if name in sys.modules:
            seeder(sys.modules[name], seed)
        else:
            waiting[name] = seeder
    if waiting:
        sys.meta_path.insert(0, _SeedOnImport(seed, waiting))


# By the module that has to be there for it.
_SEEDERS: dict[str, Callable[[ModuleType, int], None]] = {
    "numpy.random": lambda module, seed: module.seed(seed),
    "tensorflow": lambda module, seed: module.random.set_seed(seed),
    "keras": lambda module, seed: module.utils.set_random_seed(seed),
}


class _SeedOnImport(Struct):
    """Seeds libraries when they are imported; others find the modules."""

    seed: int
    waiting: dict[str, Callable[[ModuleType, int], None]]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the specification of a library with a loader that seeds it."""
        seeder = self.waiting.get(name)
        if seeder is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    loader: Any = _SeedingLoader(spec.loader, lambda m: seeder(m, self.seed))
                    spec.loader = loader
                return spec
        return None


class _SeedingLoader:
    """Loads a module as its own loader does, and seeds it then."""

    def __init__(self, loader: Any, seed: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._seed_module = seed

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the module's own loader creates."""
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and seed it."""
        for holder, name in ((module.__spec__, "loader"), (module, "__loader__")):
            setattr(holder, name, self._loader)
        self._loader.exec_module(module)
        self._seed_module(module)
