"""Uses that this process cannot see as they happen: by programs, children and C libraries.

Loaded only where a task starts a program, searches a folder by a pattern, opens a database or reads
all variables at once. The functions take the `observation.Watch` of the task.
"""

# Paths are plain strings, as in `observation`.
# ruff: noqa: PTH110, PTH113, PTH118, PTH119

from __future__ import annotations

import ast
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from mlops_pipeline.executors.readers import (
    IMPORTERS,
    PASSED,
    THERE,
    both_kinds,
    kind_of_pattern,
    listing,
    source_of,
    stamp_at,
    text_of,
    variable_in,
)
from mlops_pipeline.user_code import digest_source, is_own_code

_SPACES = re.compile(r"[\s;|&<>()`'\"]+")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_NAME = re.compile(r"[A-Za-z_]\w+")
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
_SHORTEST = 3
_COARSE = 5  # CLOCK_REALTIME_COARSE, for which `time` has no name.
_WAIT = 0.0005  # s


def words_of(arguments: Any) -> list[str]:
    """Return the words of a command that may name files, also within options and shell text."""
    given = arguments if isinstance(arguments, (list, tuple)) else [arguments]
    found = []
    for each in given:
        word = os.fsdecode(each) if isinstance(each, (str, bytes, os.PathLike)) else ""
        found.append(word)
        for part in _SPACES.split(word) if _SPACES.search(word) else [word]:
            found += [part, part.partition("=")[2]] if "=" in part else [part]
    return [word for word in dict.fromkeys(found) if word and "\0" not in word]


def variables_of(arguments: Any) -> list[str]:
    """Return the names of the variables that a command reads by its words."""
    words = words_of(arguments)
    program = os.path.basename(words[0]) if words else ""
    text = " ".join(words)
    shell = isinstance(arguments, (str, bytes)) or program in _SHELLS
    found = _VARIABLE.findall(text) if shell else []
    if program == "printenv" or (shell and "printenv " in text):
        found += text.rpartition("printenv ")[2].split()
    return [name for name in dict.fromkeys(found) if name.isidentifier()]


def named_variables(
    sources: Iterable[str], values: Any, environment: Mapping[bytes, bytes]
) -> Iterator[str]:
    """Yield the variables that the constants of some code, or parameters, name.

    Args:
        sources: texts of code that has read all variables at once.
        values: parameters, as JSON.
        environment: what there is; a constant that begins several names gives all of these, and
            `PREFIX_*` for those that may come.
    """
    names = {os.fsdecode(name) for name in environment}
    for text in _constants(sources, values):
        for word in _NAME.findall(text):
            if word in names or (word.isupper() and len(word) >= _SHORTEST):
                yield word
            if word.endswith("_") and (word.isupper() or any(n.startswith(word) for n in names)):
                yield f"{word}*"
                yield from (name for name in names if name.startswith(word))


def _constants(sources: Iterable[str], values: Any) -> Iterator[str]:
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                yield node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            elif isinstance(node, ast.keyword) and node.arg:
                yield node.arg
    waiting = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value


def started(watch: Any, args: tuple[Any, ...], frame: FrameType | None) -> None:
    """Note the files and variables that are handed to a program."""
    while frame is not None:
        if frame.f_code.co_filename.endswith("/executors/container.py"):
            return  # What is in containers is not observed.
        frame = frame.f_back
    note_command(watch, args[1], text_of(args[2]))


def shell(watch: Any, args: tuple[Any], _: FrameType) -> None:
    """Note the files and variables that are named in a text for the shell."""
    note_command(watch, args[0], "")


def note_command(watch: Any, arguments: Any, folder: str) -> None:
    """Note what the words of a command name."""
    for word in words_of(arguments):
        full = os.path.normpath(os.path.join(folder or watch.folder, word))
        if not os.path.isfile(full) or watch.is_known(full):
            continue
        if full.endswith(".py"):
            watch.modules[full] = digest_source(full)
        else:
            _hand(watch, full)
    for name in variables_of(arguments):
        _note_variable(watch, name)
    watch.begun = watch.begun or _next_step()


def _next_step() -> int:
    """Return a time, in ns, that no file has which was written before, and each one has later.

    File systems take the time of Linux's coarse clock, which goes in steps of some milliseconds.
    """
    if not sys.platform.startswith("linux"):
        return time.time_ns()
    before = now = time.clock_gettime_ns(_COARSE)
    while now == before:
        time.sleep(_WAIT)
        now = time.clock_gettime_ns(_COARSE)
    return now


def _note_variable(watch: Any, name: str) -> None:
    """Note a variable by its name alone."""
    if name not in watch.facts.environment:
        watch.facts.environment[name] = variable_in(watch.before, name)


def _hand(watch: Any, full: str) -> None:
    """Note a file that other code may read, or write: it counts if it is as it was then."""
    watch.note_file(full, full, None)
    watch.handed.add(full)


def searched(watch: Any, args: tuple[Any, Any], _: FrameType) -> None:
    """Note the pattern of a search in a folder, which begins when its result is used."""
    full, kind = watch.full(text_of(args[0])), kind_of_pattern(text_of(args[1]))
    watch.globs[full] = both_kinds(watch.globs.get(full, kind), kind)


def connected(watch: Any, args: tuple[Any], _: FrameType) -> None:
    """Note a database of SQLite, whose library opens files by itself."""
    name = text_of(args[0])
    if name.startswith("file:"):
        name = name[5:].partition("?")[0]
    if not name or name == ":memory:":
        return
    full = watch.full(name)
    for each in (full, f"{full}-wal"):
        if os.path.exists(each) and not watch.is_known(each):
            _hand(watch, each)


def asked_mode(watch: Any, path: Any, frame: FrameType | None) -> None:
    """Note that first-party code asks for the permissions of a file."""
    _asked(watch, path, "mode", frame)


def asked_link(watch: Any, path: Any, frame: FrameType | None) -> None:
    """Note that first-party code asks where a link leads."""
    _asked(watch, path, "link", frame)


def _asked(watch: Any, path: Any, kind: str, frame: FrameType | None) -> None:
    name = text_of(path)
    full = watch.full(name) if name else ""
    if full and not watch.is_known(full):
        watch.mark(kind, name, full, frame)


def imported(watch: Any, name: str, frame: FrameType | None) -> None:
    """Note the name that code of the user's has imported at run time."""
    while frame is not None and any(each in frame.f_code.co_filename for each in IMPORTERS):
        frame = frame.f_back
    if frame is not None and is_own_code(frame.f_code.co_filename) and name[:1] != ".":
        watch.facts_of(frame).packages.add(name)


def bound(watch: Any, args: tuple[Any, ...], frame: FrameType) -> None:
    """Note a library of C code that is loaded."""
    name = text_of(args[0])
    if "/" in name and not watch.is_known(watch.full(name)):
        watch.note_file(name, watch.full(name), frame)


def note_for_parent(watch: Any) -> None:
    """Note in a forked child what it uses, for its parent."""
    used = {*watch.all_facts(), *(("module", path) for path in watch.modules)}
    used |= {("write", path) for path in watch.written}
    if watch.takes_all:
        used.add(("variables", "*"))
    for kind, name in sorted(used - watch.sent):
        watch.children.note(kind, _whole(watch, kind, name))
    watch.sent |= used


def _whole(watch: Any, kind: str, name: str) -> str:
    """Return a name as the parent understands it: paths are absolute."""
    if kind in ("variable", "variables"):
        return name
    stamp, space, path = name.partition(" ") if kind == "stamp" else ("", "", name)
    return f"{stamp}{space}{watch.full(path)}"


def _read_first(watch: Any, noted: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the stamps that files had when children read them, and note what these wrote.

    A file that is read and then written is an input that has changed.
    """
    stamps: dict[str, str] = {}
    for kind, name in noted:
        if kind == "stamp":
            stamp, _, path = name.partition(" ")
            stamps.setdefault(path, stamp)
        elif kind == "write" and name not in stamps:
            watch.written.add(name)
    return stamps


def take_from_children(watch: Any) -> None:
    """Take over what child processes used."""
    noted = watch.children.used()
    stamps = _read_first(watch, noted)
    files, folders = watch.facts.files, watch.facts.folders
    for kind, name in noted:
        if kind == "variable":
            _note_variable(watch, name)
        elif kind == "variables":
            watch.takes_all = True
        elif watch.is_known(name) or name.startswith(watch.children.folder):
            continue
        elif kind == "module":
            source = source_of(name)
            if source and is_own_code(source):
                watch.modules.setdefault(source, digest_source(source))
        elif kind == "list" and name not in folders:
            folders[name] = ["names", *listing(name, "names", watch.written)]
        elif kind == "there":
            files.setdefault(name, stamp_at(name) and THERE)
        elif kind == "read":
            watch.note_file(name, name, None, stamps.get(name))
            if name in stamps:
                watch.handed.discard(name)


def copied_environment(watch: Any, _: Any, frame: FrameType | None) -> None:
    """Note where all variables are read at once: those count that the code names."""
    while frame is not None and frame.f_code.co_filename in PASSED:
        frame = frame.f_back
    if frame is not None:
        watch.copied = (frame.f_code, frame.f_lasti)
        watch.takes_all |= is_own_code(frame.f_code.co_filename)


def note_named_variables(watch: Any) -> None:
    """Note the variables that code names which has read all of them at once."""
    paths = [Path(path) for path in (*watch.task.code, *watch.modules) if os.path.isfile(path)]
    texts = [path.read_bytes().decode("utf-8", "replace") for path in paths]
    for name in named_variables(texts, watch.task.parameters, watch.before):
        _note_variable(watch, name)
