"""Follows names through files and imports from file to file, until nothing new turns up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mlops_pipeline.code.find_module import Finder, FoundModule, Module
from mlops_pipeline.code.installed import distribution_of
from mlops_pipeline.code.normal_form import Import, Reading
from mlops_pipeline.code.source_file import TOP_LEVEL, SourceFile, Statement, load_source
from mlops_pipeline.errors import CompileError, NotFoundError

MISSING = "missing"

# What makes all of a module count, because what it reaches cannot be read off.
_OPAQUE = ("globals", "exec", "eval", "__builtins__", "sys.modules")
_OPAQUE_ENDS = (".__subclasses__", ".__globals__")


class Part(NamedTuple):
    """A part of the code that counts: its normal form, and the text of the file it is in."""

    name: str
    text: str
    source: str


@dataclass
class _Visit:
    """Reached part of one file so far: all of it, or some statements."""

    module: Module
    source: SourceFile
    whole: bool = False
    names: set[str] = field(default_factory=set)
    reached: dict[int, Statement] = field(default_factory=dict)


class Reach:
    """The code that is reached from where it was entered."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.packages: dict[str, str] = {}
        self._visits: dict[str, _Visit] = {}
        self._queue: list[tuple[_Visit, Collection[str]]] = []
        # Folders of files that were entered by path: their neighbours can be imported, too.
        self._beside: list[str] = [""]

    def enter(self, target: str) -> None:
        """Start from `module:qualname`.

        Raises:
            CompileError: there is no such module.
        """
        name, _, qualname = target.partition(":")
        found = self.finder.find(name)
        if found.kind == "third-party":
            self._add_package(found)
        elif found.kind == "first-party" and found.complete and found.modules[-1].path:
            *parents, module = found.modules
            self._want_effects(parents)
            symbol = qualname.partition(".")[0]
            known = symbol in self._load(module).binding
            self._want(module, {symbol} if known else None)
        elif found.kind != "standard":
            raise CompileError(
                f"the module {name} of {target} is not on the import path",
                hint="run the command in the project's folder, or add the folder to import_paths",
            )

    def enter_file(self, file: Path) -> None:
        """Start from all of a file.

        Raises:
            NotFoundError: there is no such file.
        """
        path = str(file.absolute())
        if not file.is_file():
            raise NotFoundError(f"{file} does not exist", hint="check the path")
        if file.suffix == ".py":
            folder = str(file.absolute().parent)
            if folder not in self._beside:
                self._beside.append(folder)
            self._want(Module(file.stem, path), None)

    def enter_mention(self, text: str) -> None:
        """Start from a text that may name a function to import, as `module:name` or dotted."""
        name, separator, _ = text.partition(":")
        if not separator:
            name = text.rpartition(".")[0]
        if not name or not all(part.isidentifier() for part in name.split(".")):
            return
        for folder in self._beside:
            found = self.finder.find(name, folder)
            if found.kind == "first-party" and found.complete:
                self._want_effects(found.modules[:-1])
                self._want(found.modules[-1], None)

    def parts(self) -> Iterator[Part]:
        """Follow all there is to follow, and list what counts."""
        while self._queue:
            self._follow_visit(*self._queue.pop())
        for visit in self._visits.values():
            source = visit.source
            file = self.finder.display_name(visit.module)
            if visit.whole:
                yield Part(file, source.whole.text, source.text)
                continue
            for label, texts in _symbols(visit).items():
                yield Part(f"{file}::{label}", "\n".join(texts), source.text)

    def files(self) -> dict[str, str]:
        """Return the SHA-256 of each file that is reached, by path."""
        return {path: visit.source.digest for path, visit in self._visits.items()}

    def _load(self, module: Module) -> SourceFile:
        source, stamp, settled = load_source(module.path)
        self.finder.watched[module.path] = stamp
        self.finder.settled &= settled
        return source

    def _want(self, module: Module, names: Collection[str] | None) -> None:
        """Count names of a module, or all of it (`None`); its effects count in any case."""
        if not module.path:
            return
        visit = self._visits.get(module.path)
        if visit is None:
            visit = self._visits[module.path] = _Visit(module, self._load(module))
        elif visit.whole or (names is not None and visit.names.issuperset(names)):
            return
        visit.whole = names is None
        visit.names.update(names or ())
        self._queue.append((visit, names or ()))

    def _want_effects(self, modules: Iterable[Module]) -> None:
        """Count what importing modules does, and nothing that they define."""
        for module in modules:
            self._want(module, ())

    def _want_module(self, module: Module, name: str, chains: Collection[str]) -> None:
        """Count the used parts of a module that code calls `name`; `chains` name them."""
        lone = _starts(name) & set(chains)
        if not module.folders or not name or lone:
            self._want(module, None)
            return
        self._want(module, ())
        start = f"{name}."
        for chain in sorted(chains):
            if chain.startswith(start):
                attribute = chain[len(start) :].partition(".")[0]
                self._want_attribute(module, attribute, start + attribute, chains)

    def _want_attribute(
        self, package: Module, attribute: str, name: str, chains: Collection[str]
    ) -> bool:
        """Count what a package calls `attribute`, in its `__init__` or as a submodule."""
        self._want(package, {attribute})
        found = self.finder.descend((package,), [attribute], package.folders)
        if found.kind == "first-party":
            self._want_module(found.modules[-1], name, chains)
        elif found.kind == "third-party":
            self._add_package(found)
        return found.kind != "missing"

    def _follow_visit(self, visit: _Visit, names: Collection[str]) -> None:
        source = visit.source
        if source.tree is None:
            visit.whole = True
        if visit.whole:
            self._follow_all(visit, [source.whole])
            return
        try:
            _grow(visit, names)
            readings = [statement.reading for statement in visit.reached.values()]
        except RecursionError:
            self._want(visit.module, None)
            return
        if any(map(_is_opaque, readings)):
            self._want(visit.module, None)
            return
        self._follow_all(visit, readings)
        self._follow_unreached(visit)

    def _follow_all(self, visit: _Visit, readings: Sequence[Reading]) -> None:
        chains: set[str] = set().union(*(reading.chains for reading in readings))
        # Other files use these names in ways that are not seen here.
        chains |= visit.names
        used = {chain.partition(".")[0] for chain in chains}
        for reading in readings:
            for imported in reading.imports:
                if imported.open:
                    strings = set().union(*(r.strings for r in readings))
                    self._follow_open(visit, imported, strings)
                elif imported.bound.partition(".")[0] in used:
                    self._follow(visit, imported, chains)
                else:
                    self._follow(visit, imported, {imported.bound})

    def _follow_unreached(self, visit: _Visit) -> None:
        """Follow imports that run although no reached code uses their names.

        One that no statement of the file uses is there for its effect, so all of it counts; not
        so in a package's `__init__`, which imports what others are to find there.
        """
        for statement in visit.source.statements:
            if statement.role != "import" or statement.index in visit.reached:
                continue
            (imported,) = statement.reading.imports
            found = self._find(visit, imported)
            if all(one.kind == "standard" for one in found):
                continue
            if not visit.module.folders and statement in visit.source.unused_imports:
                visit.reached[statement.index] = statement
                self._follow(visit, imported, statement.binds)
            else:
                self._want_effects(module for one in found for module in one.modules)

    def _find(self, visit: _Visit, imported: Import) -> list[FoundModule]:
        if imported.level:
            return [self.finder.find_relative(visit.module, imported.level, imported.module)]
        return [self.finder.find(imported.module, folder) for folder in self._beside]

    def _follow(self, visit: _Visit, imported: Import, chains: Collection[str]) -> None:
        """Count what an import leads to; `chains` are the dotted names that use it."""
        modules = self._find(visit, imported)
        for found in modules:
            if found.kind == "first-party":
                self._follow_own(imported, found, chains)
            elif found.kind == "third-party":
                self._add_package(found)
        if not imported.level and all(found.kind == "missing" for found in modules):
            self.packages.setdefault(imported.module.partition(".")[0], MISSING)

    def _follow_own(self, imported: Import, found: FoundModule, chains: Collection[str]) -> None:
        *parents, last = found.modules
        self._want_effects(parents)
        if imported.names:
            for name in imported.names:
                if name == "*" or not last.folders:
                    self._want(last, None)
                else:
                    self._want_attribute(last, name, imported.bound, chains)
        elif imported.bound != imported.module:
            self._want_module(last, imported.bound, chains)
        else:
            parts = imported.module.split(".")
            for depth, module in enumerate(found.modules):
                self._want_module(module, ".".join(parts[: depth + 1]), chains)

    def _follow_open(self, visit: _Visit, imported: Import, strings: Collection[str]) -> None:
        """Count all that an import whose name is made up at run time may lead to."""
        if imported.module or imported.level:
            for found in self._find(visit, imported):
                for package in found.modules[-1:]:
                    self._want_effects(found.modules)
                    for name in self.finder.submodules(package):
                        self._want_attribute(package, name, "", ())
            return
        self._want(visit.module, None)
        for text in sorted(strings):
            name = text.lstrip(".")
            for found in self._find(visit, Import(name, len(text) - len(name))):
                if found.kind == "first-party":
                    self._follow_own(Import(name), found, ())

    def _add_package(self, found: FoundModule) -> None:
        listing = self.finder.listing(found.site)
        distribution = distribution_of(found.name, found.site, listing)
        self.packages[distribution.name] = distribution.version


def _symbols(visit: _Visit) -> dict[str, list[str]]:
    """Return normal forms of what counts of a file, each with the imports that it depends on.

    An import is a part of its own only where another file takes its name from here.
    """
    source = visit.source
    texts: dict[str, list[str]] = {}
    for _, statement in sorted(visit.reached.items()):
        label = statement.label
        if statement.role == "import" and not statement.binds & visit.names:
            if statement not in source.unused_imports:
                continue
            label = TOP_LEVEL
        found = [s.reading.text for s in source.imports_for(statement)]
        texts.setdefault(label, []).extend([*sorted(found), statement.reading.text])
    return texts


def _grow(visit: _Visit, names: Collection[str]) -> None:
    """Add the statements that bind these names, those that they use, and all effects."""
    source = visit.source
    found = [statement for statement in source.statements if statement.role == "effect"]
    pending = list(names)
    if any(name not in source.binding for name in names):
        pending.append("__getattr__")
    while found or pending:
        for statement in found:
            if statement.index not in visit.reached:
                visit.reached[statement.index] = statement
                pending += statement.uses
        found = list(source.binding.get(pending.pop(), ())) if pending else []


def _starts(chain: str) -> set[str]:
    """Split `a.b.c` into `a`, `a.b` and `a.b.c`."""
    parts = chain.split(".")
    return {".".join(parts[: length + 1]) for length in range(len(parts))}


def _is_opaque(reading: Reading) -> bool:
    return any(
        chain in _OPAQUE or chain.startswith("sys.modules.") or chain.endswith(_OPAQUE_ENDS)
        for chain in reading.chains
    )
