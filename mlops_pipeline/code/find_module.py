"""Search for modules without importing anything.

A module is *standard* (part of Python), *third-party* (in `site-packages`: its version stands for
its code), *missing*, or else *first-party*: its source counts. An editable install is first-party.
For a module in a zip archive (`lib.zip`, an egg), all bytes of the archive count.
"""

# Paths are plain strings here: some hundred are looked at for each component.
# ruff: noqa: PTH100, PTH112, PTH116, PTH119, PTH120, PTH208

from __future__ import annotations

import functools
import importlib.machinery
import os
import stat
import sys
import time
import zipfile
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from mlops_pipeline.roots import Stamp, is_settled, stamp_of

FRAMEWORK = "mlops_pipeline"

Kind = Literal["first-party", "third-party", "standard", "missing"]

_SITE_FOLDERS = ("site-packages", "dist-packages")
_STANDARD_ZIP = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
_SUFFIXES = (".py", *importlib.machinery.EXTENSION_SUFFIXES, ".pyc")

# What folders hold, by path, with the stamp that they had when they were listed.
_LISTINGS: dict[str, tuple[Stamp, frozenset[str]]] = {}


class Module(Struct, frozen=True):
    """A module and its file.

    Args:
        name: dotted name.
        path: its file; empty for a namespace package.
        folders: where its submodules are looked for; empty unless it is a package.
    """

    name: str
    path: str
    folders: tuple[str, ...] = ()


class FoundModule(Struct, frozen=True):
    """Result of looking up a dotted name.

    Args:
        modules: the packages on the way and the module itself; only of a first-party one.
        complete: whether the last of `modules` is the one asked for.
        name: the package that was found, for a third-party one; the name asked for, for a
            missing one.
        site: the folder that the third-party package is installed in.
    """

    kind: Kind
    modules: tuple[Module, ...] = ()
    complete: bool = True
    name: str = ""
    site: str = ""


class Finder:
    """Finds modules by name, and remembers which folders it has looked into.

    One finder serves one analysis: it looks at each folder once.
    """

    def __init__(self, import_paths: Sequence[str]) -> None:
        own = [_absolute(path) for path in import_paths]
        self.import_paths = tuple(dict.fromkeys(own))
        self._roots = tuple(dict.fromkeys([*own, *_python_path()]))
        self._known: dict[tuple[str, str], FoundModule] = {}
        self._listed: dict[str, frozenset[str]] = {}
        self._archives: set[str] = set()
        self.watched: dict[str, Stamp | None] = {}
        self.settled = True

    def find(self, dotted: str, beside: str = "") -> FoundModule:
        """Look a module up.

        Args:
            beside: a folder to look into first.
        """
        key = (dotted, beside)
        if key not in self._known:
            self._known[key] = self._find(dotted, beside)
        return self._known[key]

    def _find(self, dotted: str, beside: str) -> FoundModule:
        names = dotted.split(".")
        if names[0] == FRAMEWORK:
            return FoundModule("standard")
        own = (beside, *self.import_paths) if beside else self.import_paths
        if names[0] in sys.stdlib_module_names:
            first = self._probe(own, names[0], names[0])
            if first is None or not first.path:
                return FoundModule("standard")
        folders = (beside, *self._roots) if beside else self._roots
        return self.descend((), names, folders)

    def descend(
        self, above: tuple[Module, ...], names: Sequence[str], folders: Sequence[str]
    ) -> FoundModule:
        """Follow the rest of a dotted name from folders that its packages were found in."""
        chain = list(above)
        for part in names:
            name = f"{chain[-1].name}.{part}" if chain and chain[-1].name else part
            module = self._probe(folders, part, name)
            if module is None and not chain:
                module = _editable(name)
            if module is None:
                break
            site = _site_of(module.path)
            if site and module.path not in self._archives:
                return FoundModule("third-party", name=name, site=site)
            chain.append(module)
            folders = module.folders
        if len(chain) == len(above):
            return FoundModule("missing", tuple(chain), name=".".join(names))
        return FoundModule(
            "first-party", tuple(chain), complete=len(chain) == len(above) + len(names)
        )

    def find_relative(self, module: Module, level: int, dotted: str) -> FoundModule:
        """Look a module up that another one names relative to itself."""
        name, folders = module.name, module.folders
        if not folders:
            name, folders = name.rpartition(".")[0], (os.path.dirname(module.path),)
        for _ in range(level - 1):
            name, folders = name.rpartition(".")[0], tuple(map(os.path.dirname, folders))
        package = Module(name, self._init_in(folders[0]), folders)
        if not dotted:
            return FoundModule("first-party", (package,))
        return self.descend((package,), dotted.split("."), folders)

    def _init_in(self, folder: str) -> str:
        names = self.listing(folder)
        for suffix in _SUFFIXES:
            if f"__init__{suffix}" in names:
                return f"{folder}/__init__{suffix}"
        return ""

    def submodules(self, package: Module) -> list[str]:
        """Return names of the modules directly in a package."""
        names = {name.partition(".")[0] for f in package.folders for name in self.listing(f)}
        return sorted(name for name in names if name.isidentifier() and name != "__init__")

    def display_name(self, module: Module) -> str:
        """Return a name for a module's file: the same wherever the project is checked out."""
        roots = [r for r in self.import_paths if module.path.startswith(r + os.sep)]
        if roots:
            return module.path[len(max(roots, key=len)) + 1 :]
        head = module.name.replace(".", "/")
        file = os.path.basename(module.path)
        return f"{head}/{file}" if module.folders else f"{os.path.dirname(head)}/{file}".lstrip("/")

    def _probe(self, folders: Iterable[str], part: str, name: str) -> Module | None:
        """Return the module in the first folder that has one; else the namespace package in all."""
        portions = []
        for folder in folders:
            names = self.listing(folder)
            if folder in self._archives:
                if not names.isdisjoint({part, *(part + suffix for suffix in _SUFFIXES)}):
                    return Module(name, folder)
                continue
            if part in names:
                path = f"{folder}/{part}"
                if init := self._init_in(path):
                    return Module(name, init, (path,))
                if os.path.isdir(path):
                    portions.append(path)
            for suffix in _SUFFIXES:
                if part + suffix in names:
                    return Module(name, f"{folder}/{part}{suffix}")
        return Module(name, "", tuple(portions)) if portions else None

    def listing(self, folder: str) -> frozenset[str]:
        """Return the names in a folder; none if there is no such folder."""
        if folder not in self._listed:
            self._listed[folder] = self._list(folder)
        return self._listed[folder]

    def names(self) -> dict[str, frozenset[str]]:
        """Return the names in the import folders that may be modules or installed packages."""
        return {
            root: frozenset(name for name in self.listing(root) if may_be_imported(name))
            for root in self._roots
        }

    def _list(self, folder: str) -> frozenset[str]:
        now = time.time_ns()
        try:
            status = os.stat(folder)
            stamp, archived = stamp_of(status), stat.S_ISREG(status.st_mode)
            if archived:
                self._archives.add(folder)
            if archived or _site_of(folder) in ("", folder):
                # An installer that changes a package changes the site folder around it.
                self.watched[folder] = stamp
            known = _LISTINGS.get(folder)
            if known is not None and known[0] == stamp:
                return known[1]
            names = _archived(folder) if archived else frozenset(os.listdir(folder))
        except OSError:
            self.watched.setdefault(folder, None)
            return frozenset()
        if is_settled(stamp, now):
            _LISTINGS[folder] = (stamp, names)
        else:
            self.settled = False
        return names


def _archived(path: str) -> frozenset[str]:
    """Return the names at the top of a zip archive; none if it is another kind of file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(name.partition("/")[0] for name in archive.namelist())
    except zipfile.BadZipFile:
        return frozenset()


def may_be_imported(name: str) -> bool:
    """Return True if a name in a folder may be of a module, package or installation."""
    if name == "__pycache__":
        return False
    return name.endswith((*_SUFFIXES, ".dist-info", ".pth")) or "." not in name


def is_first_party(path: str) -> bool:
    """Return True if a file is neither installed nor part of Python."""
    standard = os.path.dirname(os.__file__) + os.sep
    return not _site_of(path) and not path.startswith(standard)


def _absolute(path: str) -> str:
    return os.path.normpath(os.path.abspath(path))


def _python_path() -> tuple[str, ...]:
    return _third_party_roots(tuple(sys.path))


@functools.lru_cache(maxsize=8)
def _third_party_roots(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries of `sys.path`, without those of the standard library."""
    standard = os.path.dirname(os.__file__)
    kept = []
    for path in map(_absolute, paths):
        inside = path == standard or path.startswith(standard + os.sep)
        if os.path.basename(path) != _STANDARD_ZIP and (not inside or _site_of(path)):
            kept.append(path)
    return tuple(kept)


def _site_of(path: str) -> str:
    """Return the `site-packages` folder that a path is in, or is; empty if none."""
    for name in _SITE_FOLDERS:
        head, separator, _ = f"{path}/".rpartition(f"/{name}/")
        if separator:
            return f"{head}/{name}"
    return ""


def _editable(name: str) -> Module | None:
    """Return a package that setuptools' editable install maps to a folder off `sys.path`."""
    for finder in sys.meta_path:
        if getattr(finder, "__module__", "").startswith("__editable__"):
            spec = finder.find_spec(name, None)
            if spec is not None:
                folders = tuple(spec.submodule_search_locations or ())
                return Module(name, spec.origin or "" if spec.has_location else "", folders)
    return None
