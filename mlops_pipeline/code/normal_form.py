"""Python source in a normal form, independent of its layout.

`read` turns statements into a normal form, in which comments, formatting, docstrings and the names
of local variables leave no trace, and notes on the way what they import and mention. Nothing is
executed.

The normal form is made here, not by `ast.dump`, because that one changes between versions of
Python. Ours leaves out empty fields, positions and contexts, and joins the pieces of f-strings;
no code is known that Python 3.10 to 3.13 put into different forms.
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from mlops_pipeline.code.bound_names import nodes_of
from mlops_pipeline.code.local_names import class_names, numbered_names

_LEFT_OUT = ("ctx", "kind", "type_comment", "type_ignores")
_FIELDS: dict[type[ast.AST], tuple[tuple[str, str], ...]] = {}


class Import(Struct, frozen=True):
    """A module that code asks for.

    Args:
        module: dotted name; empty for `from . import x`.
        level: how many packages up it is relative to; 0 for an absolute name.
        names: what is taken from it; empty for `import module`.
        bound: what code calls it: `a.b` after `import a.b`, `c` after `import a.b as c`; empty
            for calls of `import_module`.
        open: the rest of the module's name is known only when the code runs.
    """

    module: str
    level: int = 0
    names: tuple[str, ...] = ()
    bound: str = ""
    open: bool = False


class Reading(Struct):
    """Facts collected while reading statements.

    Args:
        text: the normal form.
        imports: what they import, in functions too, but not for type checkers only.
        chains: the dotted names that they mention, each at its longest: `np.random.rand`.
        strings: constant texts that look like dotted names.
    """

    text: str = ""
    imports: list[Import] = field(default_factory=list)
    chains: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)


def read(statements: Iterable[ast.AST], *, docstrings: bool = False) -> Reading:
    """Return normal form, imports and names of statements.

    Args:
        docstrings: whether docstrings count; they do in code that reads `__doc__`.

    Raises:
        RecursionError: an expression is nested too deeply.
    """
    reader = _Reader(docstrings)
    for statement in statements:
        reader.node(statement)
    reader.result.text = "".join(reader.out)
    return reader.result


class _Reader:
    """Writes the normal form of a tree, and notes imports and names."""

    def __init__(self, docstrings: bool) -> None:
        self.out: list[str] = []
        self.result = Reading()
        self._docstrings = docstrings
        self._for_types = False
        # The numbers of local variables, and names as they are, by scope.
        self._scopes: list[dict[str, str]] = []
        self._count = 0
        self._handed: set[int] = set()

    def node(self, node: ast.AST, *, plain: bool = False) -> None:
        kind = type(node)
        special = _SPECIAL.get(kind)
        if special is not None and not plain and special(self, node):
            return
        out = self.out
        out.append("(" + kind.__name__)
        for name, label in _fields(kind):
            value = getattr(node, name, None)
            if value is None or value == []:
                continue
            out.append(label)
            if isinstance(value, ast.AST):
                self.node(value)
            elif isinstance(value, list):
                self._list(value)
            else:
                out.append(repr(value))
        out.append(")")

    def _list(self, values: list[object]) -> None:
        self.out.append("[")
        for value in values:
            if isinstance(value, ast.AST):
                if self._docstrings or not is_idle(value):
                    self.node(value)
            else:
                self.out.append(f"{value!r} ")
        self.out.append("]")

    def _name(self, node: ast.Name) -> bool:
        self.result.chains.add(node.id)
        self.out.append(f"<{self._spelt(node.id)}>")
        return True

    def _spelt(self, name: str) -> str:
        """Return a name, or the number of the local variable that it is."""
        for scope in reversed(self._scopes):
            if name in scope:
                if not scope[name]:
                    scope[name] = f"%{self._count}"
                    self._count += 1
                return scope[name]
        return name

    def _scope(self, node: ast.AST) -> bool:
        """Write a function or a comprehension, with its local variables as numbers."""
        arguments = getattr(node, "args", None)
        named: list[str] = []
        if isinstance(arguments, ast.arguments):
            named = [each.arg for each in nodes_of(arguments) if isinstance(each, ast.arg)]
        if isinstance(node, ast.ClassDef):
            names = {name: name for name in class_names(node)}
        else:
            names = {**{name: name for name in named}, **dict.fromkeys(numbered_names(node), "")}
        if id(node) in self._handed and isinstance(node, ast.Lambda):
            names.update(dict.fromkeys(named, ""))
        self._scopes.append(names)
        if len(self._scopes) == 1:
            self._count = 0
        self.node(self._renamed(node) if id(node) in self._handed else node, plain=True)
        self._scopes.pop()
        return True

    def _renamed(self, node: ast.AST) -> ast.AST:
        """Return a function with numbers for its parameters, or a node with one for its name."""
        renamed = copy.copy(node)
        if isinstance(renamed, ast.Lambda):
            given = renamed.args = copy.copy(renamed.args)
            given.posonlyargs, given.args = map(self._numbered, (given.posonlyargs, given.args))
            given.vararg = next(iter(self._numbered([given.vararg] if given.vararg else [])), None)
        for name in ("name", "rest", "asname"):
            if getattr(node, name, None) and not (name == "name" and isinstance(node, ast.alias)):
                setattr(renamed, name, self._spelt(getattr(node, name)))
        return renamed

    def _numbered(self, given: Iterable[ast.arg]) -> list[ast.arg]:
        return [ast.arg(arg=self._spelt(each.arg)) for each in given]

    def _named(self, node: ast.AST) -> bool:
        """Write a handler, a pattern or an import with the number of the variable that it sets."""
        if self._scopes:
            self.node(self._renamed(node), plain=True)
        return bool(self._scopes)

    def _nonlocal(self, node: ast.Nonlocal) -> bool:
        self.out.append(f"(Nonlocal {sorted(map(self._spelt, node.names))})")
        return True

    def _attribute(self, node: ast.Attribute) -> bool:
        chain = dotted(node)
        if chain:
            self.result.chains.add(chain)
            first, dot, rest = chain.partition(".")
            self.out.append(f"<{self._spelt(first)}{dot}{rest}>")
        return bool(chain)

    def _constant(self, node: ast.Constant) -> bool:
        value = node.value
        if isinstance(value, str) and _is_dotted_name(value):
            self.result.strings.add(value)
        self.out.append(f"{value!r} ")
        return True

    def _joined(self, node: ast.JoinedStr) -> bool:
        self.out.append("(JoinedStr ")
        for is_text, pieces in itertools.groupby(
            node.values, key=lambda piece: isinstance(piece, ast.Constant)
        ):
            if is_text:
                text = "".join(str(getattr(piece, "value", "")) for piece in pieces)
                self.out.append(repr(text) if text else "")
            else:
                for piece in pieces:
                    self.node(piece)
        self.out.append(")")
        return True

    def _import(self, node: ast.Import) -> bool:
        for alias in node.names:
            self._note(Import(alias.name, bound=alias.asname or alias.name))
        return False

    def _import_from(self, node: ast.ImportFrom) -> bool:
        for alias in node.names:
            found = Import(node.module or "", node.level, (alias.name,), alias.asname or alias.name)
            self._note(found)
        return False

    def _call(self, node: ast.Call) -> bool:
        # What is called with a function gives it positions, not the names of its parameters.
        for given in (*node.args, *(each.value for each in node.keywords)):
            if isinstance(given, ast.Lambda) and not _takes_names(given.args):
                self._handed.add(id(given))
        called = dotted(node.func)
        if called.rpartition(".")[2] in ("import_module", "__import__") and node.args:
            self._note(_dynamic_import(node.args[0]))
        return False

    def _note(self, found: Import) -> None:
        if not self._for_types:
            self.result.imports.append(found)

    def _if(self, node: ast.If) -> bool:
        if is_main_guard(node):
            self._list(list(node.orelse))
            return True
        if not is_type_guard(node):
            return False
        outer, self._for_types = self._for_types, True
        self._list(list(node.body))
        self._for_types = outer
        self.out.append("(else)")
        self._list(list(node.orelse))
        return True


_SPECIAL: dict[type[ast.AST], Callable[[_Reader, Any], bool]] = {
    ast.Name: _Reader._name,
    ast.Attribute: _Reader._attribute,
    ast.Constant: _Reader._constant,
    ast.JoinedStr: _Reader._joined,
    ast.Import: _Reader._import,
    ast.ImportFrom: _Reader._import_from,
    ast.Call: _Reader._call,
    ast.If: _Reader._if,
    ast.FunctionDef: _Reader._scope,
    ast.AsyncFunctionDef: _Reader._scope,
    ast.Lambda: _Reader._scope,
    ast.ClassDef: _Reader._scope,
    ast.ListComp: _Reader._scope,
    ast.SetComp: _Reader._scope,
    ast.DictComp: _Reader._scope,
    ast.GeneratorExp: _Reader._scope,
    ast.Nonlocal: _Reader._nonlocal,
    ast.ExceptHandler: _Reader._named,
    ast.MatchAs: _Reader._named,
    ast.MatchStar: _Reader._named,
    ast.MatchMapping: _Reader._named,
    ast.alias: _Reader._named,
}


def _fields(kind: type[ast.AST]) -> tuple[tuple[str, str], ...]:
    """Return names of the fields that count, each with its label in the normal form."""
    known = _FIELDS.get(kind)
    if known is None:
        names = [name for name in kind._fields if name not in _LEFT_OUT]
        known = _FIELDS[kind] = tuple((name, f" {name}=") for name in names)
    return known


def dotted(node: ast.AST) -> str:
    """Return the dotted name that an expression is; empty if it is anything else."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])


def _is_dotted_name(text: str) -> bool:
    return (
        "." in text
        and len(text) < 200
        and all(p.isidentifier() for p in text.strip(".").split("."))
    )


def _dynamic_import(argument: ast.expr) -> Import:
    """Return the import that a call of `import_module` makes, as far as it is constant."""
    text, is_open = _known_start(argument)
    name = text.lstrip(".")
    level = len(text) - len(name)
    if is_open:
        name = name.rpartition(".")[0]
    return Import(name, level, open=is_open)


def _known_start(node: ast.expr) -> tuple[str, bool]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, False
    if isinstance(node, ast.JoinedStr) and node.values:
        return _known_start(node.values[0])[0], True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _known_start(node.left)[0], True
    return "", True


def _takes_names(arguments: ast.arguments) -> bool:
    return bool(arguments.kwonlyargs or arguments.kwarg or arguments.defaults)


def is_idle(node: object) -> bool:
    """Return True if a statement does nothing: `pass`, a docstring, `...`, an overload."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return any(dotted(each).rpartition(".")[2] == "overload" for each in node.decorator_list)
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def is_main_guard(node: ast.AST) -> bool:
    """Return True if this is `if __name__ == "__main__":`, whose body no import runs."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return (
        isinstance(node.test.ops[0], ast.Eq)
        and any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
    )


def is_type_guard(node: ast.AST) -> bool:
    """Return True if this is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING"
