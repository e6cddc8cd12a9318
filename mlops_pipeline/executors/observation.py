"""Observation of a task: what it uses beside what its cache key says.

An audit hook (`sys.addaudithook`) sees files that Python opens, folders that it lists and modules
as they are loaded; reads of `os.environ` are seen by a wrapper. Both are on while a task runs. What
a module does when it is imported is kept with the module, since later tasks of the process find it
imported. C code that opens files by itself is not seen.
"""

# Paths are plain strings: the hook runs for every file that is opened.
# ruff: noqa: PTH100, PTH109, PTH112, PTH113

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from mlops_pipeline.executors.readers import (
    IMPORT,
    RUN,
    SYSTEM,
    THERE,
    Facts,
    both_kinds,
    is_installed,
    is_installed_module,
    is_of_component,
    kind_of_listing,
    listing,
    mark_at,
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
from mlops_pipeline.user_code import LOADED, UNSEEN, digest_source, is_own_code

if TYPE_CHECKING:
    from mlops_pipeline.executors.children import Children
    from mlops_pipeline.executors.wrappers import Asked

MOST = 2000
"""Largest number of files and folders that are kept; a result that used more is not reused."""

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
        self.globs: dict[str, str] = {}
        self.complete = True
        self.task = task
        self.before = before
        self.folder = os.getcwd()
        self._own = task.own_paths()
        self._under = tuple(f"{path}/" for path in self._own)
        self.children: Children | None = None
        # What runs the task; what is below it on the stack is none of the task's code.
        self.top: FrameType | None = None
        self._process = os.getpid()
        self._busy = 0
        # The code that has read all variables at once, and where in it.
        self.copied: tuple[CodeType | None, int] = (None, 0)
        self.takes_all = False
        self.sent: set[tuple[str, str]] = set()
        self.handed: set[str] = set()
        self.begun = 0

    def event(self, handler: Callable[[Watch, Any], None], args: Any) -> None:
        """Handle an audit event; what goes wrong must not reach the task."""
        thread = threading.get_ident()
        if self._busy == thread:
            return
        self._busy = thread
        try:
            handler(self, args)
            children = self.children
            if children is not None and children.folder and os.getpid() != self._process:
                _rare("note_for_parent")(self)
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
        if self.is_known(full):
            return
        frame = sys._getframe(3)
        if mode is None and name[0] != "/" and frame.f_code.co_filename.endswith("/shutil.py"):
            return  # It goes down a tree, by names relative to folders.
        if full.endswith(".pyc"):
            self._loaded_compiled(full)
        elif not (
            opened_by_python(frame, full)
            or "/importlib/metadata/" in opener_of(frame)
            or is_of_component(frame, self.top)
        ):
            self.note_file(name, full, frame)

    def note_file(
        self, name: str, full: str, frame: FrameType | None, stamp: str | None = None
    ) -> None:
        """Note a file that is read, with the stamp that it has if there is no earlier one."""
        files, kept = self.facts_of(frame).files, self.name(name, full)
        if files.get(kept, THERE) != THERE:
            return
        stamp = stamp_at(full) if stamp is None else stamp
        if self.begun and stamp and int(stamp.split(":")[1]) >= self.begun:
            self.written.add(full)  # By a program that the task has started.
            return
        files[kept] = stamp
        if stamp:
            self._read.add(full)

    def looked_for(self, asked: Asked, frame: FrameType) -> None:
        """Note a file that first-party code asks for the status of."""
        name = text_of(asked.path)
        full = self.full(name) if name else ""
        if not full or self.is_known(full):
            return
        stamp = stamp_at(full)
        if stamp and not asked.existence and os.path.isfile(full):
            self.note_file(name, full, frame)
            if asked.status:
                self.mark("mode", name, full, frame)
        else:
            self.facts_of(frame).files.setdefault(self.name(name, full), stamp and THERE)

    def mark(self, kind: str, name: str, full: str, frame: FrameType | None) -> None:
        """Note the permissions of a file or the target of a link."""
        self.facts_of(frame).marks.setdefault(self.name(name, full), mark_at(full, kind))

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
        if not full or self.is_known(f"{full}/"):
            return
        frame: FrameType | None = sys._getframe(3)
        if searches_packages(frame) or is_of_component(frame, self.top):
            return
        folders, kept = self.facts_of(frame).folders, self.name(name, full)
        kind = kind_of_listing(frame, self.globs, full)
        if kept not in folders or (kind := both_kinds(folders[kept][0], kind)) != folders[kept][0]:
            folders[kept] = [kind, *listing(full, kind, self.written)]

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
        if not self.is_known(full) and not os.path.isdir(full):
            self.written.add(full)
            self._made.append(f"{full}/")

    def renamed(self, args: tuple[Any, ...]) -> None:
        """Note a file that the task moves or links, and so writes."""
        self.written.add(self.full(text_of(args[1])))

    def with_children(self) -> Children:
        """Return the children of the task, of which there may be some now."""
        if self.children is None:
            # Loaded here: few tasks start a child.
            from mlops_pipeline.executors.children import Children

            self.children = Children()
        return self.children

    def all_facts(self) -> set[tuple[str, str]]:
        """Return all facts, those of modules too."""
        return self.facts.all().union(*(facts.all() for facts in _OF_MODULES.values()))

    def read_variable(self, key: Any, frame: FrameType | None) -> None:
        """Note an environment variable that first-party code reads."""
        reader = reader_of(frame)
        code, place = self.copied
        if reader is None or (reader.f_lasti == place and reader.f_code is code):
            return
        name = os.fsencode(key)
        value = self.before.get(name)
        if os.environb._data.get(name) != value:  # type: ignore[attr-defined]
            return  # The task has set it itself.
        self.facts_of(reader).environment.setdefault(os.fsdecode(name), value)

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
        return os.path.normpath(given) if given[0] != "/" and os.getcwd() == self.folder else full

    def is_known(self, path: str) -> bool:
        """Return True for what was declared or installed, and what the task has written itself."""
        bare = path.rstrip("/")
        if bare in self._own or bare in self.written or path.startswith(self._under):
            return True
        return path.startswith((*self._made, *SYSTEM)) or is_installed(path)

    def result(self) -> Observed:
        """Return what was used, with the modules that differ from what the key says."""
        if self.children is not None and self.children.folder:
            _rare("take_from_children")(self)
        if self.takes_all:
            _rare("note_named_variables")(self)
        code, facts = self.task.code, self.facts
        for path in [path for path in _OF_MODULES if path in code or path in self.modules]:
            facts.add(_OF_MODULES[path])
        folders = {}
        for name, (kind, *names) in facts.folders.items():
            full = self.full(name)
            if listing(full, kind, self.written) != names:
                return Observed(changed=f"other files came into {name}, or left it")
            folders[name] = [kind, *listing(full, kind)]
        files = {n: stamp for n, stamp in facts.files.items() if self.full(n) not in self.written}
        for name in [n for n in self.handed & files.keys() if stamp_at(n) != files[n]]:
            del files[name]
        return Observed(
            files=files,
            folders=folders,
            modules={p: sha for p, sha in self.modules.items() if code.get(p) != sha},
            # Salted here: what a module reads counts for tasks of several keys.
            environment={
                n: variable_digest(self.task.key, v) for n, v in facts.environment.items()
            },
            marks={n: mark for n, mark in facts.marks.items() if self.full(n) not in self.written},
            packages=tuple(sorted(filter(is_installed_module, facts.packages))),
            complete=self.complete and len(files) + len(folders) <= MOST,
        )

    def forget_others(self) -> None:
        """Drop modules that the key does not name: a later task shall load them itself."""
        others = self.modules.keys() - self.task.code.keys()
        if others and self.task.key:
            _rare("forget", "reloads")(others)


def stale_module(code: Mapping[str, str]) -> str:
    """Return a file that this process has loaded otherwise than the key says; empty if none."""
    names = sys.modules.keys()
    new = [path for path in code if path not in LOADED]
    unknown = [path for path in new if not names.isdisjoint(path.removesuffix(".py").split("/"))]
    stale = ""
    if unknown or not UNSEEN.isdisjoint(code):
        stale = _rare("adopt", "reloads")(code, unknown, _OF_MODULES)
    if stale:
        return stale
    for path, digest in code.items():
        if LOADED.get(path, digest) != digest:
            if _rare("modules_by_file", "reloads")({path}):
                return path
            del LOADED[path]
        facts = _OF_MODULES.get(path)
        if facts and any(stamp_at(os.path.abspath(n)) != s for n, s in facts.files.items()):
            return path
    earlier = getattr(sys.modules.get("mlops_pipeline.executors.reloads"), "EARLIER", None)
    return str(_rare("holder_of_earlier", "reloads")(code)) if earlier else ""


_watches: list[Watch] = []
"""Tasks that run in this process; what is used counts for `_watch`, the newest."""
_watch: Watch | None = None
_lock = threading.Lock()
_real: list[Any] = []
"""What the wrapper of `os.stat` stands for, while there is one."""


@contextlib.contextmanager
def watching(task: Task, before: Mapping[bytes, bytes]) -> Iterator[Watch]:
    """Observe what this process uses meanwhile."""
    # Loaded here: a run that only takes from the cache observes nothing.
    from mlops_pipeline.executors.wrappers import observe_status, put_status

    global _watch
    watch = Watch(task, before)
    watch.top = sys._getframe(2)
    with _lock:
        if not _watches:
            _add_hooks()
            _real.append(observe_status(_tell))
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
                put_status(_real.pop())
        watch.forget_others()


@functools.cache
def _add_hooks() -> None:
    import _posixsubprocess  # noqa: F401 - built in

    from mlops_pipeline.executors.wrappers import (
        observe_calls,
        observe_programs,
        observe_variables,
    )

    sys.addaudithook(_hook)
    observe_programs(_children)
    observe_calls(_children, _tell)
    observe_variables(_tell)
    os.register_at_fork(before=_before_fork)


def _children() -> Children | None:
    return _watch.with_children() if _watch is not None else None


def _before_fork() -> None:
    if _watch is not None:
        _watch.event(lambda watch, _: watch.with_children().expect(), None)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    watch = _watch
    if watch is not None:
        handler = _EVENTS.get(event)
        if handler is not None:
            watch.event(handler, args)
    elif LOADED and event in ("compile", "open"):
        _loaded_between(event, args)


def _loaded_between(event: str, args: tuple[Any, ...]) -> None:
    """Note a module that is loaded again while no task runs."""
    path = args[1] if event == "compile" else args[0]
    if not isinstance(path, str):
        return
    if event == "open":
        path = source_of(path) if path.endswith(".pyc") else ""
    if path not in LOADED or not sys._getframe(2).f_code.co_filename.startswith(IMPORT):
        return
    _rare("loaded_again", "reloads")(path, _OF_MODULES.get(path))


def _rare(name: str, module: str = "programs") -> Callable[..., Any]:
    """Return a function of a module that few tasks need."""
    found: Callable[..., Any] = getattr(
        importlib.import_module(f"mlops_pipeline.executors.{module}"), name
    )
    return found


def _rarely(name: str) -> Callable[[Watch, Any], None]:
    return lambda watch, args: _rare(name)(watch, args, sys._getframe(3))


def _imported(watch: Watch, args: Any) -> None:
    """Note an extension module, or the name of another one; of that, the event has no file."""
    frame = sys._getframe(3)
    file = frame.f_code.co_filename
    if args[1]:
        if not is_installed(args[1]):
            _rare("bound")(watch, args[1:], frame)
    elif file == "<string>":
        _rare("imported")(watch, args[0], frame)
    elif is_own_code(file):
        watch.facts_of(frame).packages.add(args[0])


def _tell(what: str, value: Any, frame: FrameType) -> None:
    """Note a call that no audit event tells of, by the method for it."""
    if _watch is None:
        return
    if what in ("imported", "asked_mode", "asked_link", "copied_environment"):
        _watch.event(lambda watch, _: _rare(what)(watch, value, frame), None)
    else:
        _watch.event(lambda watch, _: getattr(watch, what)(value, frame), None)


_EVENTS: dict[str, Callable[[Watch, Any], None]] = {
    "open": Watch.opened,
    "compile": Watch.compiled,
    "os.listdir": Watch.listed,
    "os.scandir": Watch.listed,
    "pathlib.Path.glob": _rarely("searched"),
    "os.mkdir": Watch.made_folder,
    "os.rename": Watch.renamed,
    "subprocess.Popen": _rarely("started"),
    "os.symlink": Watch.renamed,
    "os.link": Watch.renamed,
    "os.system": _rarely("shell"),
    "os.posix_spawn": _rarely("started"),
    "sqlite3.connect": _rarely("connected"),
    "ctypes.dlopen": _rarely("bound"),
    "import": _imported,
}
