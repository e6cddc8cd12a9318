"""Observation of a task: what it uses beside what its cache key says.

An audit hook (`sys.addaudithook`) sees files that Python opens, folders that it lists and modules
as they are loaded; reads of `os.environ` are seen by a wrapper. Both are on while a task runs. What
a module does when it is imported is kept with the module, since later tasks of the process find it
imported. C code that opens files by itself is not seen.
"""

# Paths are plain strings: the hook runs for every file that is opened.
# ruff: noqa: PTH100, PTH109, PTH112, PTH113, PTH118

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mlops_pipeline.executors.readers import (
    EXISTENCE,
    IMPORT,
    PASSED,
    PATHS,
    RUN,
    SYSTEM,
    THERE,
    is_installed,
    listing,
    opened_by_python,
    opener_of,
    reader_of,
    searches_packages,
    source_of,
    stamp_at,
    text_of,
    variable_digest,
    writes,
)
from mlops_pipeline.executors.task import Observed, Task
from mlops_pipeline.user_code import LOADED, digest_source, is_loaded, is_own_code

if TYPE_CHECKING:
    from mlops_pipeline.executors.children import Children

MOST = 2000
"""Largest number of files and folders that are kept; a result that used more is not reused."""


class Facts(Struct):
    """Facts about files, folders and variables, as they were when they were used."""

    files: dict[str, str] = {}
    folders: dict[str, list[str]] = {}
    environment: dict[str, str] = {}

    def add(self, other: Facts) -> None:
        """Take over the facts of a module."""
        self.files = {**other.files, **self.files}
        self.folders = {**other.folders, **self.folders}
        self.environment = {**other.environment, **self.environment}


_OF_MODULES: dict[str, Facts] = {}
"""Facts about what first-party modules used when they were imported, by file."""


class Watch:
    """What one task uses.

    Args:
        before: the environment at its start.
    """

    def __init__(self, task: Task, before: Mapping[bytes, bytes]) -> None:
        self.facts = Facts()
        self.written: set[str] = set()
        self._read: set[str] = set()
        self._made: list[str] = []
        self.modules: dict[str, str] = {}
        self.complete = True
        self._task = task
        self._before = before
        self._folder = os.getcwd()
        self._own = _own_paths(task)
        self._under = tuple(f"{path}/" for path in self._own)
        self.children: Children | None = None
        # What runs the task; what is below it on the stack is none of the task's code.
        self.top: FrameType | None = None
        self._process = os.getpid()
        self._busy = 0
        self._copied: tuple[int, int] = (0, 0)

    def event(self, handler: Callable[[Watch, Any], None], args: Any) -> None:
        """Handle an audit event; what goes wrong must not reach the task."""
        thread = threading.get_ident()
        if self._busy == thread:
            return
        self._busy = thread
        try:
            if os.getpid() != self._process:
                self._note_in_child(handler, args)
            else:
                handler(self, args)
        except Exception:  # noqa: BLE001 - a hook that raises would stop the user's call
            self.complete = False
        finally:
            self._busy = 0

    def opened(self, args: tuple[Any, Any, Any]) -> None:
        """Note a file that is opened."""
        path, mode, flags = args
        name = text_of(path)
        if not name:
            return
        full = self.full(name)
        if writes(mode, flags):
            if full not in self._read:
                self.written.add(full)
            return
        if self._is_known(full):
            return
        frame = sys._getframe(3)
        if mode is None and name[0] != "/" and frame.f_code.co_filename.endswith("/shutil.py"):
            return  # It goes down a tree, by names relative to folders.
        if full.endswith(".pyc"):
            self._loaded_compiled(full)
        elif not opened_by_python(frame, full) and "/importlib/metadata/" not in opener_of(frame):
            self._note_file(name, full, frame)

    def _note_file(self, name: str, full: str, frame: FrameType | None) -> None:
        files, kept = self.facts_of(frame).files, self.name(name, full)
        if files.get(kept, THERE) == THERE:
            files[kept] = stamp_at(full)
            if files[kept]:
                self._read.add(full)

    def looked_for(self, path: Any, frame: FrameType, existence: bool) -> None:
        """Note a file that first-party code asks for the status of, or only for its existence."""
        name = text_of(path)
        full = self.full(name) if name else ""
        if not full or self._is_known(full):
            return
        stamp = stamp_at(full)
        if stamp and not existence and os.path.isfile(full):
            self._note_file(name, full, frame)
        else:
            self.facts_of(frame).files.setdefault(self.name(name, full), stamp and THERE)

    def _loaded_compiled(self, path: str) -> None:
        """Note a module whose compiled form is read: it is that of the source as it stands."""
        source = source_of(path) if os.path.isfile(path) else ""
        if source and source not in self.written and is_own_code(source):
            LOADED[source] = self.modules[source] = digest_source(source)
            _OF_MODULES.pop(source, None)

    def listed(self, args: tuple[Any]) -> None:
        """Note a folder that is listed."""
        name = text_of(args[0] if args[0] is not None else ".")
        full = self.full(name) if name else ""
        if not full or self._is_known(f"{full}/"):
            return
        frame: FrameType | None = sys._getframe(3)
        file = frame.f_code.co_filename if frame else ""
        if searches_packages(frame):
            return
        kind = "modules" if file.endswith("/pkgutil.py") else "names"
        names = listing(full, kind, self.written)
        self.facts_of(frame).folders.setdefault(self.name(name, full), [kind, *names])

    def compiled(self, args: tuple[Any, Any]) -> None:
        """Note the source of a module that is being loaded."""
        source, file = args
        name = text_of(file)
        path = self.full(name) if name.endswith(".py") else name
        frame = sys._getframe(3)
        if not frame.f_code.co_filename.startswith((IMPORT, *RUN)):
            return
        if path in self.written or not isinstance(source, bytes):
            return  # Code that the task has written itself, as AutoGraph does.
        if is_own_code(path):
            LOADED[path] = self.modules[path] = hashlib.sha256(source).hexdigest()
            _OF_MODULES.pop(path, None)

    def made_folder(self, args: tuple[Any, ...]) -> None:
        """Note a folder that the task makes."""
        full = self.full(text_of(args[0]))
        if not self._is_known(full) and not os.path.isdir(full):
            self.written.add(full)
            self._made.append(f"{full}/")

    def renamed(self, args: tuple[Any, ...]) -> None:
        """Note a file that the task moves, and so writes."""
        self.written.add(self.full(text_of(args[1])))

    def started(self, args: tuple[Any, Any, Any, Any]) -> None:
        """Note the files that are handed to a program."""
        _, arguments, folder, _ = args
        words = arguments if isinstance(arguments, (list, tuple)) else str(arguments).split()
        for each in map(text_of, words):
            full = os.path.normpath(os.path.join(text_of(folder) or os.getcwd(), each))
            if not os.path.isfile(full) or self._is_known(full):
                continue
            if full.endswith(".py"):
                self.modules[full] = digest_source(full)
            else:
                self._note_file(full, full, sys._getframe(3))
        from mlops_pipeline.executors.children import observe_programs

        observe_programs(lambda: _watch.with_children() if _watch is not None else None)

    def with_children(self) -> Children:
        """Return the children of the task, of which there may be some now."""
        if self.children is None:
            # Loaded here: few tasks start a child.
            from mlops_pipeline.executors.children import Children

            self.children = Children()
        return self.children

    def _note_in_child(self, handler: Callable[[Watch, Any], None], args: Any) -> None:
        """Note in a forked child what it opens, for its parent."""
        children = self.children
        name = text_of(args[0]) if handler is Watch.opened else ""
        if children is not None and children.folder and name:
            _, mode, flags = args
            module = sys._getframe(4).f_code.co_filename.startswith(IMPORT)
            kind = "module" if module else "write" if writes(mode, flags) else "read"
            children.note(kind, self.full(name))

    def _take_from(self, children: Children) -> None:
        """Take over what child processes used."""
        noted = children.used()
        self.written.update(name for kind, name in noted if kind == "write")
        for kind, name in noted:
            if kind == "variable":
                value = self._before.get(os.fsencode(name))
                digest = "" if value is None else variable_digest(self._task.key, value)
                self.facts.environment.setdefault(name, digest)
            elif self._is_known(name) or name.startswith(children.folder):
                continue
            elif kind == "module":
                source = source_of(name)
                if source and is_own_code(source):
                    self.modules.setdefault(source, digest_source(source))
            elif kind == "list" and name not in self.facts.folders:
                self.facts.folders[name] = ["names", *listing(name, "names", self.written)]
            elif kind == "read":
                self._note_file(name, name, None)

    def read_variable(self, key: Any, frame: FrameType | None) -> None:
        """Note an environment variable that first-party code reads."""
        reader = reader_of(frame)
        if reader is None or (id(reader), reader.f_lasti) == self._copied:
            return
        name = os.fsencode(key)
        value = self._before.get(name)
        if os.environb._data.get(name) != value:  # type: ignore[attr-defined]
            return  # The task has set it itself.
        digest = "" if value is None else variable_digest(self._task.key, value)
        self.facts_of(reader).environment.setdefault(os.fsdecode(name), digest)

    def copied_environment(self, frame: FrameType | None) -> None:
        """Note where all variables are read at once: that is no use of each of them."""
        reader = frame
        while reader is not None and reader.f_code.co_filename in PASSED:
            reader = reader.f_back
        if reader is not None:
            self._copied = (id(reader), reader.f_lasti)

    def facts_of(self, frame: FrameType | None) -> Facts:
        """Return the facts of the module that is being imported; else those of the task."""
        while frame is not None and frame is not self.top:
            code = frame.f_code
            if code.co_name == "<module>" and is_own_code(code.co_filename):
                return _OF_MODULES.setdefault(code.co_filename, Facts())
            frame = frame.f_back
        return self.facts

    def full(self, name: str) -> str:
        """Return a path as an absolute one."""
        return os.path.normpath(name if name[0] == "/" else f"{os.getcwd()}/{name}")

    def name(self, given: str, full: str) -> str:
        """Return the name to keep: relative to the folder that the task was started in, or not."""
        return os.path.normpath(given) if given[0] != "/" and os.getcwd() == self._folder else full

    def _is_known(self, path: str) -> bool:
        """Return True for what was declared or installed, and what the task has written itself."""
        bare = path.rstrip("/")
        if bare in self._own or bare in self.written or path.startswith(self._under):
            return True
        return path.startswith((*self._made, *SYSTEM)) or is_installed(path)

    def result(self) -> Observed:
        """Return what was used, with the modules that differ from what the key says."""
        if self.children is not None:
            self._take_from(self.children)
        code, facts = self._task.code, self.facts
        for path in [path for path in _OF_MODULES if path in code or path in self.modules]:
            facts.add(_OF_MODULES[path])
        folders = {}
        for name, (kind, *names) in facts.folders.items():
            full = self.full(name)
            if listing(full, kind, self.written) != names:
                return Observed(changed=f"other files came into {name}, or left it")
            folders[name] = [kind, *listing(full, kind)]
        files = {n: stamp for n, stamp in facts.files.items() if self.full(n) not in self.written}
        return Observed(
            files=files,
            folders=folders,
            modules={p: sha for p, sha in self.modules.items() if code.get(p) != sha},
            environment=facts.environment,
            complete=self.complete and len(files) + len(folders) <= MOST,
        )

    def forget_others(self) -> None:
        """Drop modules that the key does not name: a later task shall load them itself."""
        others = self.modules.keys() - self._task.code.keys()
        if others and self._task.key:
            for name, module in list(sys.modules.items()):
                if getattr(module, "__dict__", {}).get("__file__") in others:
                    del sys.modules[name]
                    parent, _, last = name.rpartition(".")
                    vars(sys.modules.get(parent, module)).pop(last, None)
            for path in others:
                LOADED.pop(path, None)


def stale_module(code: Mapping[str, str]) -> str:
    """Return a file that this process has loaded otherwise than the key says; empty if none."""
    for path, digest in code.items():
        if LOADED.get(path, digest) != digest:
            if is_loaded(path):
                return path
            del LOADED[path]
        facts = _OF_MODULES.get(path)
        if facts and any(stamp_at(os.path.abspath(n)) != s for n, s in facts.files.items()):
            return path
    return ""


_watches: list[Watch] = []
"""Tasks that run in this process; what is used counts for `_watch`, the newest."""
_watch: Watch | None = None
_lock = threading.Lock()
_ENVIRON: Any = type(os.environ)
_real: list[tuple[Any, Any, Any]] = []
"""What the wrappers stand for, while there are any."""


@contextlib.contextmanager
def watching(task: Task, before: Mapping[bytes, bytes]) -> Iterator[Watch]:
    """Observe what this process uses meanwhile.

    Reads of variables and `os.stat`, which no audit event tells of, are wrapped for it.
    """
    global _watch
    watch, kind = Watch(task, before), _ENVIRON
    watch.top = sys._getframe(2)
    with _lock:
        if not _watches:
            _add_hooks()
            _real.append((kind.__getitem__, kind.__iter__, os.stat))
            kind.__getitem__, kind.__iter__, os.stat = _wrappers(*_real[0])
        _watches.append(watch)
        _watch = watch
    try:
        yield watch
    finally:
        with _lock:
            _watches.remove(watch)
            watch.top = None
            _watch = _watches[-1] if _watches else None
            if not _watches:
                kind.__getitem__, kind.__iter__, os.stat = _real.pop()
        watch.forget_others()


@functools.cache
def _add_hooks() -> None:
    sys.addaudithook(_hook)
    os.register_at_fork(before=_before_fork)


@functools.lru_cache(maxsize=4)
def _wrappers(read: Any, each: Any, real_stat: Any) -> tuple[Any, Any, Any]:
    """Return functions that note what is read, and then read it."""

    def getitem(environ: Any, key: Any) -> Any:
        if _watch is not None and isinstance(key, (str, bytes)):
            _watch.event(lambda watch, frame: watch.read_variable(key, frame), sys._getframe(1))
        return read(environ, key)

    def iterate(environ: Any) -> Any:
        if _watch is not None:
            _watch.event(Watch.copied_environment, sys._getframe(1))
        return each(environ)

    @functools.wraps(real_stat)
    def stat(path: Any, **options: Any) -> os.stat_result:
        if _watch is not None:
            frame, existence = sys._getframe(1), False
            # Each look at a frame's code raises an audit event.
            code = frame.f_code
            while code.co_filename in PATHS and frame.f_back is not None:
                existence = existence or code.co_name in EXISTENCE
                frame = frame.f_back
                code = frame.f_code
            if is_own_code(code.co_filename):
                _watch.event(lambda watch, _: watch.looked_for(path, frame, existence), None)
        found: os.stat_result = real_stat(path, **options)
        return found

    for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
        able.add(stat)
    return getitem, iterate, stat


def _before_fork() -> None:
    if _watch is not None:
        _watch.event(lambda watch, _: watch.with_children().expect(), None)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    watch = _watch
    if watch is not None:
        handler = _EVENTS.get(event)
        if handler is not None:
            watch.event(handler, args)


_EVENTS: dict[str, Callable[[Watch, Any], None]] = {
    "open": Watch.opened,
    "compile": Watch.compiled,
    "os.listdir": Watch.listed,
    "os.scandir": Watch.listed,
    "os.mkdir": Watch.made_folder,
    "os.rename": Watch.renamed,
    "subprocess.Popen": Watch.started,
}


def _own_paths(task: Task) -> frozenset[str]:
    taken = [ref for refs in task.inputs.values() for ref in refs]
    paths = [ref.path or ref.uri for ref in [*taken, *task.outputs.values()]]
    paths += [task.scratch, task.state_dir, task.log, *task.declared]
    return frozenset(path.removeprefix("file://") for path in paths if path)
