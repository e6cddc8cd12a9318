"""Follows names through files and imports from file to file, until nothing new turns up."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field

from mlops_pipeline.code.bound_names import Scope, visit_annotation
from mlops_pipeline.code.find_module import Finder, FoundModule, Module
from mlops_pipeline.code.installed import content_of, distribution_of
from mlops_pipeline.code.normal_form import Import, Reading, read
from mlops_pipeline.code.source_file import SourceFile, Statement, load_source
from mlops_pipeline.code.unread import dropped_annotations
from mlops_pipeline.errors import CompileError, NotFoundError

MISSING = "missing"
DOCSTRING = "<docstring>"
TEXT = "<text>"

# By these, a class learns of the classes that derive from it.
_REGISTERS = ("__init_subclass__", "__subclasses__", "metaclass")

# What makes all of a module count, because what it reaches cannot be read off.
_OPAQUE = ("globals", "exec", "eval", "__builtins__", "sys.modules")
_OPAQUE_ENDS = (".__subclasses__", ".__globals__")


class Part(NamedTuple):
    """A part of the code that counts: its normal form, and the text of the file it is in."""

    name: str
    text: str
    source: str


class _Visit(Struct):
    """Reached part of one file so far: all of it, or some statements."""

    module: Module
    source: SourceFile
    whole: bool = False
    names: set[str] = field(default_factory=set)
    reached: dict[int, Statement] = field(default_factory=dict)
    followed_unreached: bool = False


class Reach:
    """The code that is reached from where it was entered."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.packages: dict[str, str] = {}
        # Environment variables that functions of Python read which are reached.
        self.variables: set[str] = set()
        self._visits: dict[str, _Visit] = {}
        # Normal forms of the annotations of what was entered, by file and symbol.
        self._annotations: dict[tuple[str, str], list[str]] = {}
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
            source = self._load(module)
            self._want(module, {symbol} if symbol in source.binding else None)
            for statement in source.binding.get(symbol, ()):
                self._enter_annotations(module, statement)
        elif found.kind != "standard":
            raise CompileError(
                f"the module {name} of {target} is not on the import path",
                hint="run the command in the project's folder, or add the folder to import_paths",
            )

    def _enter_annotations(self, module: Module, statement: Statement) -> None:
        """Count the annotations of what is entered: it is called by them."""
        for annotation in dropped_annotations(statement.node):
            scope = Scope()
            visit_annotation(annotation, scope)
            self._want(module, scope.used)
            self._annotations.setdefault((module.path, statement.label), []).append(
                read([annotation]).text
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
            if not self._queue:
                self._want_registered()
        kinds = {
            kind for v in self._visits.values() for s in v.reached.values() for kind in s.reads
        }
        self.variables |= {name for name in kinds if name.isupper()}
        for visit in self._visits.values():
            source = visit.source
            file = self.finder.display_name(visit.module)
            if "text" in kinds:
                yield Part(f"{file}::{TEXT}", source.digest, source.text)
            if visit.whole and not _is_split(visit):
                yield Part(file, source.whole.text, source.text)
                continue
            for label, texts in self._symbols(visit, kinds).items():
                yield Part(f"{file}::{label}", "\n".join(texts), source.text)
            if (
                "docstrings" in kinds
                and source.tree is not None
                and (text := ast.get_docstring(source.tree))
            ):
                yield Part(f"{file}::{DOCSTRING}", text, source.text)

    def _want_registered(self) -> None:
        """Count classes that a base class of the user's may find by itself."""
        visits = list(self._visits.values())
        if any(word in visit.source.text for visit in visits for word in _REGISTERS):
            for visit in visits:
                if not visit.whole:
                    names = {
                        n for s in visit.source.derived if self._is_own(visit, s) for n in s.binds
                    }
                    self._want(visit.module, names)

    def _is_own(self, visit: _Visit, statement: Statement) -> bool:
        """Return True if a class has a base class of the user's."""
        for base in statement.bases:
            first = base.partition(".")[0]
            for bound in visit.source.binding.get(first, ()):
                if bound.role != "import":
                    return True
                (imported,) = bound.reading.imports
                if any(found.kind == "first-party" for found in self._find(visit, imported)):
                    return True
        return False

    def _symbols(self, visit: _Visit, read_by_code: Collection[str]) -> dict[str, list[str]]:
        """Return normal forms of what counts of a file, each with the imports that it depends on.

        An import is a part of its own only where another file takes its name from here. Where code
        reads docstrings or annotations, any could be meant.
        """
        source = visit.source
        texts: dict[str, list[str]] = {}
        effects = 0
        for _, statement in sorted(visit.reached.items()):
            if statement.role == "import" and not statement.binds & visit.names:
                continue
            effects += statement.role == "effect"
            found = [s.reading.text for s in source.imports_for(statement)]
            text = statement.reading.text
            found += self._annotations.get((visit.module.path, statement.label), [])
            if "annotations" in read_by_code and statement.dropped:
                found.append(statement.dropped)
            if "docstrings" in read_by_code or self._is_read_by_library(visit, statement):
                text = statement.documented
            order = source.order_of(statement, effects)
            texts.setdefault(statement.label, []).extend([*sorted(found), text, *order])
        return texts

    def _is_read_by_library(self, visit: _Visit, statement: Statement) -> bool:
        """Return True if a decorator of a library may read the docstring."""
        if statement.role != "effect":
            return False
        for name in statement.decorators:
            for bound in visit.source.binding.get(name.partition(".")[0], ()):
                for imported in bound.reading.imports if bound.role == "import" else ():
                    if any(found.kind == "third-party" for found in self._find(visit, imported)):
                        return True
        return False

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
        if not name or _starts(name) & set(chains):
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
            _is_split(visit)
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
        # Once: what is reached later has its effects, too.
        if not visit.followed_unreached:
            visit.followed_unreached = True
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
        """Follow imports that run although no reached code uses their names, for their effects."""
        for statement in visit.source.statements:
            if statement.role != "import" or statement.index in visit.reached:
                continue
            (imported,) = statement.reading.imports
            lone = not visit.module.folders and statement in visit.source.unused_imports
            for found in self._find(visit, imported):
                self._want_effects(found.modules)
                if lone and found.kind == "third-party":
                    self._add_package(found)
                elif (
                    imported.names
                    and found.complete
                    and found.modules
                    and found.modules[-1].folders
                ):
                    # `from package import module`: what importing that does.
                    below = self.finder.descend(
                        found.modules, imported.names, found.modules[-1].folders
                    )
                    self._want_effects(below.modules)

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
                if name == "*":
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

    def package_of(self, name: str) -> tuple[str, str]:
        """Return distribution and version with digest of an installed module; empty if none."""
        found = self.finder.find(name)
        if found.kind == "third-party":
            self._add_package(found)
        return next(iter(self.packages.items()), ("", ""))

    def _add_package(self, found: FoundModule) -> None:
        listing = self.finder.listing(found.site)
        distribution = distribution_of(found.name, found.site, listing)
        content = content_of(distribution, found.site)
        text = f"{distribution.version} (content {content})" if content else distribution.version
        self.packages[distribution.name] = text


def _is_split(visit: _Visit) -> bool:
    """Make all statements of a file count one by one; false if it can only count as a whole."""
    if visit.source.tree is None:
        return False
    try:
        for statement in visit.source.statements:
            if statement.role != "import" or statement not in visit.source.unused_imports:
                visit.reached[statement.index] = statement
                _ = statement.reading
    except RecursionError:
        visit.reached.clear()
        return False
    return True


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
