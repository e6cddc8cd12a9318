"""Python files as sets of top-level statements, parsed once and remembered while unchanged."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import re
import sys
import threading
import time
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mlops_pipeline.code.bound_names import Scope, nodes_of, scope_of
from mlops_pipeline.code.normal_form import (
    Reading,
    dotted,
    is_idle,
    is_main_guard,
    is_type_guard,
    read,
)
from mlops_pipeline.code.unread import (
    ANNOTATION_READERS,
    all_dropped,
    drop_unread_annotations,
)
from mlops_pipeline.errors import CompileError, NotFoundError
from mlops_pipeline.roots import Stamp, is_settled, stamp_of

TOP_LEVEL = "<top level>"

# What code reads of other code, or of its surroundings, by words in it.
_READS = {
    "docstrings": ("__doc__", "getdoc", "pydoc", "doctest"),
    "annotations": ANNOTATION_READERS,
    "text": ("__code__", "lineno", "getframeinfo"),
    "TZ": ("localtime", "fromtimestamp", "astimezone", "tzset", "mktime", "ctime"),
    "LANG": ("setlocale", "strxfrm", "strcoll"),
}

StatementRole = Literal["definition", "import", "future", "effect"]
_Split = tuple[ast.stmt, set[str], StatementRole]

_IMPORT_LINE = re.compile(r"\s*(import|from)\s")

# Decorators of these only wrap or mark what they decorate. Others may register it somewhere, so
# that it counts even if no code names it.
_PURE_DECORATORS = {"mlops_pipeline", "attr", "attrs", "jax", "numba", "pydantic"}


class Statement(Struct, frozen=True, dict=True):
    """A top-level statement; an `import` of several names is one statement for each.

    Args:
        index: its number in the file.
        role: an effect counts in any case; the others where they are used.
        docstrings: whether the file reads docstrings, so that they count.
    """

    index: int
    node: ast.stmt
    binds: frozenset[str]
    role: StatementRole
    docstrings: bool = False

    @property
    def label(self) -> str:
        """Name for messages: the names that it binds."""
        return TOP_LEVEL if self.role == "effect" else ", ".join(sorted(self.binds))

    @cached_property
    def reading(self) -> Reading:
        """Its normal form, imports and names."""
        return read([self.node], docstrings=self.docstrings)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Kinds of things that it may read: `docstrings`, `annotations`, `text`, variables."""
        text = self.reading.text
        return tuple(kind for kind, words in _READS.items() if any(map(text.__contains__, words)))

    @cached_property
    def documented(self) -> str:
        """Its normal form with docstrings."""
        return read([self.node], docstrings=True).text

    @cached_property
    def dropped(self) -> str:
        """Normal form of the annotations in it that nothing reads; empty if there are none."""
        annotations = all_dropped(self.node)
        return read(annotations).text if annotations else ""

    @property
    def bases(self) -> list[str]:
        """The dotted names of the base classes, for a class."""
        if not isinstance(self.node, ast.ClassDef):
            return []
        return [dotted(base) for base in (*self.node.bases, *(k.value for k in self.node.keywords))]

    @property
    def decorators(self) -> list[str]:
        """The dotted names of its decorators."""
        found = getattr(self.node, "decorator_list", ())
        return [dotted(d.func if isinstance(d, ast.Call) else d) for d in found]

    @cached_property
    def uses(self) -> set[str]:
        """The names that it takes from its module."""
        scope = scope_of(self.node)
        return scope.used | scope.outer


class SourceFile(Struct, frozen=True, dict=True):
    """A file of Python code.

    Args:
        tree: None for a compiled module, of which only the bytes are known, and for code that
            is nested too deeply.
    """

    path: str
    data: bytes
    text: str
    tree: ast.Module | None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The top-level statements that an import runs."""
        if self.tree is None:
            return ()
        found = enumerate(_split(self.tree, self.counts_docstrings))
        return tuple(
            Statement(index, node, frozenset(binds), role, self.counts_docstrings)
            for index, (node, binds, role) in found
        )

    @cached_property
    def counts_docstrings(self) -> bool:
        """True if the code may read docstrings, so that they count as code."""
        return "__doc__" in self.text or "getdoc" in self.text

    @cached_property
    def binding(self) -> Mapping[str, list[Statement]]:
        """Statements that bind each name."""
        found: dict[str, list[Statement]] = {}
        for statement in self.statements:
            for name in statement.binds:
                found.setdefault(name, []).append(statement)
        return found

    def imports_for(self, statement: Statement) -> list[Statement]:
        """Return the imports at the top level that a statement depends on directly."""
        bound = {s.index: s for name in statement.uses for s in self.binding.get(name, ())}
        found = [bound[index] for index in sorted(bound) if bound[index].role == "import"]
        # The compiler's settings for this file affect all code in it.
        return found if statement.role == "import" else [*self.futures, *found]

    @cached_property
    def derived(self) -> list[Statement]:
        """The classes that have base classes."""
        return [s for s in self.statements if s.bases]

    def order_of(self, statement: Statement, effects: int) -> list[str]:
        """Return how far the order of statements counts for one; empty if it does not.

        A value that is computed depends on what ran before: on effects, of which so many precede
        it, and on which of several values a name has.
        """
        value = getattr(statement.node, "value", None)
        if statement.role != "definition" or not isinstance(value, ast.expr):
            return []
        if not any(isinstance(each, (ast.Name, ast.Call)) for each in nodes_of(value)):
            return []
        several = {name: self.binding.get(name, ()) for name in sorted(statement.uses)}
        before = [
            f"{name} {sum(other.index < statement.index for other in bound)}"
            for name, bound in several.items()
            if len(bound) > 1
        ]
        return [f"after {effects}", *before] if effects or before else []

    @cached_property
    def futures(self) -> list[Statement]:
        """The imports from `__future__`."""
        return [s for s in self.statements if s.role == "future"]

    @cached_property
    def unused_imports(self) -> list[Statement]:
        """The imports that no statement uses."""
        unused = {s.index: s for s in self.statements if s.role == "import"}
        for statement in self.statements:
            for index, found in list(unused.items()):
                if found.binds & statement.uses:
                    del unused[index]
            if not unused:
                break
        return list(unused.values())

    @cached_property
    def whole(self) -> Reading:
        """Normal form, imports and names of all statements."""
        try:
            if self.tree is not None:
                return read([self.tree], docstrings=self.counts_docstrings)
        except RecursionError:
            pass
        return _read_lines(self)


# By path: the stamp that a file had when it was read, whether it had settled, and what was read.
_SOURCES: dict[str, tuple[Stamp, bool, SourceFile]] = {}


def load_source(path: str) -> tuple[SourceFile, Stamp, bool]:
    """Return a file of code, its stamp, and whether a later change must change the stamp.

    Raises:
        CompileError: it is not Python.
        NotFoundError: it cannot be read.
    """
    file, now = Path(path), time.time_ns()
    try:
        stamp = stamp_of(file.stat())
        known = _SOURCES.get(path)
        if known is not None and known[1] and known[0] == stamp:
            return known[2], stamp, True
        data = file.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"cannot read {path}: {error.strerror}", hint="check the path"
        ) from None
    source = known[2] if known is not None and known[2].data == data else parse(data, path)
    settled = is_settled(stamp, now)
    _SOURCES[path] = (stamp, settled, source)
    return source, stamp, settled


def parse(data: bytes, path: str) -> SourceFile:
    """Parse what a file holds.

    Raises:
        CompileError: it is not Python.
    """
    if not path.endswith(".py"):
        return SourceFile(path, data, "", None)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parse(text, path)
            if tree is not None:
                drop_unread_annotations(tree, text)
            return SourceFile(path, data, text, tree)
    except SyntaxError as error:
        line = error.lineno or 1
        raise CompileError(
            f"not valid Python: {error.msg}", hint="correct the line", where=f"{path}:{line}"
        ) from None
    except (UnicodeDecodeError, ValueError) as error:
        raise CompileError(
            f"not valid Python: {error}", hint="save it as UTF-8 text", where=f"{path}:1"
        ) from None


_PARSING = threading.Lock()
"""Python before 3.11.9 and 3.12.3 counts the depth of trees for all threads at once."""


def _parse(text: str, path: str) -> ast.Module | None:
    try:
        with _PARSING:
            return ast.parse(text, path)
    except (RecursionError, MemoryError):
        return None


def _read_lines(source: SourceFile) -> Reading:
    """Read a module without parsing it: its imports; all its bytes count."""
    imports: list[ast.stmt] = []
    for line in source.text.splitlines():
        if _IMPORT_LINE.match(line):
            with contextlib.suppress(SyntaxError):
                imports += ast.parse(line.strip()).body
    found = read(imports)
    found.text = hashlib.sha256(source.data).hexdigest()
    found.chains.update(imported.bound for imported in found.imports)
    return found


def _split(tree: ast.Module, docstrings: bool) -> Iterator[_Split]:
    imported = {
        alias.asname or alias.name.partition(".")[0]: _top(node, alias)
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _split_import(node)
        elif is_main_guard(node) and not getattr(node, "orelse", None):
            continue
        elif docstrings or not is_idle(node):
            scope = scope_of(node) if not isinstance(node, _DEFINITIONS) else Scope({node.name})
            role: StatementRole = "effect" if _has_effect(node, imported) else "definition"
            yield node, scope.bound, role


def _top(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """Return the top-level module that an import names; empty for a relative one."""
    if isinstance(node, ast.Import):
        return alias.name.partition(".")[0]
    return "" if node.level else (node.module or "").partition(".")[0]


def _split_import(node: ast.Import | ast.ImportFrom) -> Iterator[_Split]:
    for alias in node.names:
        one: ast.Import | ast.ImportFrom
        if isinstance(node, ast.Import):
            one = ast.Import(names=[alias])
        else:
            one = ast.ImportFrom(module=node.module, names=[alias], level=node.level)
        ast.copy_location(one, node)
        if getattr(node, "module", "") == "__future__":
            yield one, set(), "future"
        elif alias.name == "*":
            yield one, set(), "effect"
        else:
            yield one, {alias.asname or alias.name.partition(".")[0]}, "import"


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = (ast.If, ast.Try, ast.For, ast.While, ast.Match)
_NEUTRAL = (ast.Pass, ast.Import, ast.ImportFrom, ast.Global, ast.Break, ast.Continue)


def _has_effect(node: ast.AST, imported: Mapping[str, str]) -> bool:
    """Return True if a top-level statement does more than give values to names."""
    if isinstance(node, _DEFINITIONS):
        return not _only_marked(node.decorator_list, imported)
    if isinstance(node, ast.Assign):
        return any(_sets_more_than_names(target) for target in node.targets) or (
            all(isinstance(t, ast.Name) and t.id == "_" for t in node.targets)
        )
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        return _sets_more_than_names(node.target)
    if isinstance(node, _NEUTRAL) or is_idle(node) or is_type_guard(node) or is_main_guard(node):
        return False
    if isinstance(node, _BLOCKS) or type(node).__name__ == "TryStar":
        return any(_has_effect(inner, imported) for inner in _inner_statements(node))
    return type(node).__name__ != "TypeAlias"


def _inner_statements(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from child.body


def _sets_more_than_names(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return any(map(_sets_more_than_names, target.elts))
    if isinstance(target, ast.Starred):
        return _sets_more_than_names(target.value)
    return not isinstance(target, ast.Name)


def _only_marked(decorators: Iterable[ast.expr], imported: Mapping[str, str]) -> bool:
    names = [dotted(d.func if isinstance(d, ast.Call) else d) for d in decorators]
    tops = [imported.get(name.partition(".")[0], "") for name in names]
    if "mlops_pipeline" in tops:
        return True
    builtin = {"property", "staticmethod", "classmethod"}
    return all(
        name in builtin
        or top in _PURE_DECORATORS
        or top in sys.stdlib_module_names
        or (top == "tensorflow" and name.endswith(".function"))
        for name, top in zip(names, tops, strict=True)
    )
