"""Paths and frames: which files are the user's, and who opens or reads something."""

# Paths are plain strings: the hook runs for every file that is opened.
# ruff: noqa: PTH112, PTH113, PTH115, PTH116, PTH208

from __future__ import annotations

import _collections_abc
import contextlib
import fnmatch
import functools
import hashlib
import os
import sys
from collections.abc import Mapping, Set
from pathlib import Path
from types import FrameType
from typing import Any

from msgspec import Struct

from mlops_pipeline.user_code import is_own_code

THERE = "there"
"""Stamp of a file or folder of which only the existence was asked for."""

SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/", "/usr/lib/", "/run/")
IMPORT = "<frozen importlib"
_STANDARD = f"{Path(os.__file__).parent}/"
RUN = ("<frozen runpy", f"{_STANDARD}runpy.py")
_OF_PATHS: tuple[Any, ...] = (os.path.exists, os.path.expandvars, Path.exists, Path.stat)
PATHS = {each.__code__.co_filename for each in _OF_PATHS}
EXISTENCE = ("exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "access")
STATUS = ("stat", "lstat")
IMPORTERS = ("/importlib/", "/importlib_metadata/", "/pkgutil.py", "<string>")
_GLOBS = ("/glob.py", "/pathlib.py", "/pathlib/__init__.py", "/pathlib/_local.py")
_SELECTORS = ("select_wildcard", "select_recursive_step")
_ZIP = "<frozen zipimport"
_LINES = ("/linecache.py", "/tokenize.py")
PASSED = (os.getenv.__code__.co_filename, _collections_abc.Mapping.get.__code__.co_filename)
_WHOLE = ("copy", "__iter__", "__repr__", "__or__", "__ror__", "__ior__")
# They read variables in the name of the code that calls them.
_READERS = (
    *("/decouple.py", "/environs/", "/dotenv/", "/pydantic_settings/", "/string.py", "/string/"),
    *("/collections/__init__.py", "/getpass.py", "/configparser.py", "/pathlib"),
    "posixpath",
)
_IN_ITS_NAME = ("expandvars", "expanduser", "home", "which", "getdefaultlocale")
# They look through all of `sys.path` for what is installed.
_METADATA = ("/importlib/metadata/", "/importlib_metadata/", "/pkg_resources/", "/setuptools/")
# Names in a folder that come and go by themselves.
_PASSING = ("-wal", "-shm", "-journal", ".pyc", ".swp", "~")

_INSTALLED = (
    *(f"{each}/{part}/" for each in (sys.prefix, sys.base_prefix) for part in ("lib", "share")),
    _STANDARD,
)

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Facts(Struct):
    """Facts about files, folders and variables, as they were when they were used."""

    files: dict[str, str] = {}
    folders: dict[str, list[str]] = {}
    environment: dict[str, bytes | None] = {}
    marks: dict[str, str] = {}
    packages: set[str] = set()

    def add(self, other: Facts) -> None:
        """Take over the facts of a module."""
        self.files = {**other.files, **self.files}
        self.folders = {**other.folders, **self.folders}
        self.environment = {**other.environment, **self.environment}
        self.marks = {**other.marks, **self.marks}
        self.packages |= other.packages

    def all(self) -> set[tuple[str, str]]:
        """Return the facts as a forked child notes them for its parent."""
        return {
            *(("there" if stamp == THERE else "read", name) for name, stamp in self.files.items()),
            *(("stamp", f"{stamp} {name}") for name, stamp in self.files.items() if ":" in stamp),
            *(("list", name) for name in self.folders),
            *(("variable", name) for name in self.environment),
        }


def text_of(path: Any) -> str:
    """Return a path as text; empty for a file descriptor."""
    if isinstance(path, str):
        return path
    return os.fsdecode(path) if isinstance(path, (bytes, os.PathLike)) else ""


def is_installed(path: str) -> bool:
    """Return True for a file of Python or of an installed package."""
    return path.startswith(_INSTALLED) or "-packages/" in path


def is_installed_module(name: str) -> bool:
    """Return True for a module of an installed package that this process has imported."""
    return "-packages/" in (getattr(sys.modules.get(name), "__file__", None) or "")


def is_of_component(frame: FrameType | None, top: FrameType | None) -> bool:
    """Return True where an installed component reads by itself: it declares what counts.

    Args:
        top: what has called the component.
    """
    while frame is not None and frame is not top:
        if is_own_code(frame.f_code.co_filename):
            return False
        frame = frame.f_back
    # The stack of another thread does not lead to who started it.
    return frame is not None


def stamp_at(path: str) -> str:
    """Return the stamp of a file; empty if it is not there."""
    try:
        s = os.stat(path)
    except OSError:
        return ""
    return f"{s.st_size}:{s.st_mtime_ns}:{s.st_ctime_ns}:{s.st_ino}:{s.st_dev}"


def opened_by_python(frame: FrameType | None, path: str) -> bool:
    """Return True where a file of code is read to be imported, or for a traceback or a warning."""
    if not path.endswith(".py") or frame is None:
        return False
    if frame.f_code.co_filename.startswith((IMPORT, *RUN, _ZIP)):
        return True
    lines = False
    while frame is not None:
        file = frame.f_code.co_filename
        if file.endswith("/inspect.py"):
            return False
        if not file.endswith(_LINES) and lines:
            return not is_own_code(file)
        if not file.endswith(_LINES):
            return False
        lines = lines or file.endswith(_LINES[0])
        frame = frame.f_back
    return lines


def writes(mode: Any, flags: int) -> bool:
    """Return True if a file is opened to be written, by the arguments of the event `open`."""
    if isinstance(mode, str):
        return "r" not in mode
    return bool(flags & _WRITES)


def opener_of(frame: FrameType) -> str:
    """Return the file of the code that opens something, where `pathlib` does it for it."""
    above: FrameType | None = frame
    while above is not None and above.f_code.co_filename in PATHS:
        above = above.f_back
    return above.f_code.co_filename if above is not None else ""


def searches_packages(frame: FrameType | None) -> bool:
    """Return True where a folder is read for installed packages, or as a library is imported."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(IMPORT) or any(each in file for each in _METADATA):
            return True
        if is_own_code(file):
            return False
        frame = frame.f_back
    return False


def reader_of(frame: FrameType | None) -> FrameType | None:
    """Return the frame of first-party code that reads a variable; None if other code does."""
    while frame is not None:
        code = frame.f_code
        file = code.co_filename
        if is_own_code(file):
            return frame
        if file in PASSED:
            if code.co_name in _WHOLE:
                return None
        elif code.co_name not in _IN_ITS_NAME and not any(each in file for each in _READERS):
            return None
        frame = frame.f_back
    return None


def source_of(path: str) -> str:
    """Return the source of a module that was read, compiled or not; empty if there is none."""
    source = path
    if path.endswith(".pyc"):
        folder, _, file = path.rpartition("/")
        source = f"{folder.removesuffix('/__pycache__')}/{file.partition('.')[0]}.py"
    return source if source.endswith(".py") and os.path.isfile(source) else ""


def listing(folder: str, kind: str, without: Set[str] = frozenset()) -> list[str]:
    """Return the names in a folder that count; none if it is not there.

    Args:
        kind: `names`, or `modules` for those alone that can be imported, or `like PATTERN` for
            those that a part of a pattern fits.
        without: paths that do not count.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [
        name
        for name in names
        if name != "__pycache__"
        and not name.endswith(_PASSING)
        and (kind == "names" or _is_asked_for(folder, name, kind))
        and f"{folder}/{name}" not in without
    ]


def _is_asked_for(folder: str, name: str, kind: str) -> bool:
    if not kind.startswith("like "):
        return name.endswith((".py", ".so")) or "." not in name
    parts = kind[5:].split("/")
    deep = "**" in parts and os.path.isdir(f"{folder}/{name}")
    return deep or any(fnmatch.fnmatch(name, part) for part in parts if part != "**")


def kind_of_listing(frame: FrameType | None, globs: Mapping[str, str], folder: str) -> str:
    """Return how a folder is read: the kind for `listing`.

    Args:
        globs: for `kind_of_glob`.
    """
    if frame is not None and frame.f_code.co_filename.endswith("/pkgutil.py"):
        return "modules"
    while frame is not None and frame.f_code.co_filename.endswith(_GLOBS):
        name, given = frame.f_code.co_name, frame.f_locals
        pattern = given.get("pattern", given.get("pathname"))
        if name in _SELECTORS:
            # `Path.glob` of Python 3.13 has returned before it searches.
            exact = getattr(given.get("self"), "case_sensitive", True)
            return kind_of_glob(globs, folder) if exact else "names"
        if name in ("glob", "rglob", "_iglob") and isinstance(pattern, str):
            if given.get("case_sensitive") is False:
                return "names"
            if given.get("dironly"):
                return f"like {pattern}"
            return kind_of_pattern(f"{'**/' if name == 'rglob' else ''}{pattern}")
        frame = frame.f_back
    return "names"


def kind_of_pattern(pattern: str) -> str:
    """Return the kind for `listing` of what is searched by a pattern."""
    return "names" if not pattern or pattern.endswith("**") else f"like {pattern}"


def kind_of_glob(globs: Mapping[str, str], folder: str) -> str:
    """Return the kind for `listing` of a folder that `Path.glob` goes through.

    Args:
        globs: kinds by the folder that a search began in.
    """
    kinds = [kind for root, kind in globs.items() if f"{folder}/".startswith(f"{root}/")]
    return functools.reduce(both_kinds, kinds) if kinds else "names"


def both_kinds(one: str, other: str) -> str:
    """Return the kind of listing that has what two kinds have."""
    if one == other:
        return one
    like = one.startswith("like ") and other.startswith("like ")
    return f"{one}/{other[5:]}" if like else "names"


def mark_at(path: str, kind: str) -> str:
    """Return the permissions of a file (`mode`) or the target of a link (`link`), in words."""
    with contextlib.suppress(OSError):
        found = os.readlink(path) if kind == "link" else oct(os.stat(path).st_mode)
        return f"{kind}:{found}"
    return f"{kind}:"


def variable_digest(key: str, value: bytes | None) -> str:
    """Return a digest of a variable's value, salted with the cache key: the value is not kept."""
    if value is None:
        return ""
    return hashlib.sha256(key.encode() + b"\0" + value).hexdigest()[:16]


def variable_in(environment: Mapping[bytes, bytes], name: str) -> bytes | None:
    """Return the value of a variable; of `PREFIX_*`, the names that begin so."""
    if not name.endswith("*"):
        return environment.get(os.fsencode(name))
    start = os.fsencode(name[:-1])
    return b"\0".join(sorted(each for each in environment if each.startswith(start)))
