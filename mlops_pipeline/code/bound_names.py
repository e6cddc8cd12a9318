"""The names that a statement takes from its module, and those that it gives to it.

A local variable is not the module's function of the same name. Where Python itself decides only
when the code runs (class bodies), a name counts as taken.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable

from msgspec import Struct, field


class Scope(Struct):
    """Names of one scope.

    Args:
        bound: names that get a value here.
        used: names that are read here, or below and not bound there.
        outer: names declared `global` or `nonlocal`.
    """

    bound: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)

    @property
    def free(self) -> set[str]:
        """Names that come from around a function's scope."""
        return (self.used - self.bound) | self.outer


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return a tree and all nodes in it, as `ast.walk`, which takes three times as long."""
    found = [tree]
    for node in found:  # It grows meanwhile.
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                found += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and name != "ctx":
                found.append(value)
    return found


def scope_of(statement: ast.AST) -> Scope:
    """Return the names of a top-level statement; `used` holds those of its functions too."""
    scope = Scope()
    _visit(statement, scope)
    return scope


def _visit(node: ast.AST, scope: Scope) -> None:
    handler = _HANDLERS.get(type(node), _children)
    handler(node, scope)


def _children(node: ast.AST, scope: Scope) -> None:
    # As `ast.iter_child_nodes`, which takes twice as long.
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for item in value:
                if isinstance(item, ast.AST):
                    _visit(item, scope)
        elif isinstance(value, ast.AST):
            _visit(value, scope)


def _nothing(node: ast.AST, scope: Scope) -> None:
    """Do nothing: constants and operators hold no names."""


def _visit_all(nodes: Iterable[ast.AST | None], scope: Scope) -> None:
    for node in nodes:
        if node is not None:
            _visit(node, scope)


def _name(node: ast.Name, scope: Scope) -> None:
    (scope.used if isinstance(node.ctx, ast.Load) else scope.bound).add(node.id)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    scope.bound.add(node.name)
    _visit_all(node.decorator_list, scope)
    inner = Scope()
    _type_parameters(node, inner)
    visit_annotation(node.returns, scope)
    _arguments(node.args, scope, inner)
    _visit_all(node.body, inner)
    scope.used |= inner.free


def _lambda(node: ast.Lambda, scope: Scope) -> None:
    inner = Scope()
    _arguments(node.args, scope, inner)
    _visit(node.body, inner)
    scope.used |= inner.free


def _arguments(arguments: ast.arguments, outer: Scope, inner: Scope) -> None:
    _visit_all([*arguments.defaults, *arguments.kw_defaults], outer)
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for argument in (*named, arguments.vararg, arguments.kwarg):
        if argument is not None:
            visit_annotation(argument.annotation, outer)
            inner.bound.add(argument.arg)


def visit_annotation(node: ast.expr | None, scope: Scope) -> None:
    """Add the names that an annotation uses, also as text."""
    if node is None:
        return
    _visit(node, scope)
    for part in nodes_of(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            with contextlib.suppress(SyntaxError, ValueError):
                _visit(ast.parse(part.value.strip(), mode="eval"), scope)


def _class(node: ast.ClassDef, scope: Scope) -> None:
    scope.bound.add(node.name)
    inner = Scope()
    _type_parameters(node, inner)
    _visit_all([*node.decorator_list, *node.bases, *node.keywords, *node.body], inner)
    # A class body may read the module's name before it binds its own.
    scope.used |= inner.used | inner.outer


def _type_parameters(node: ast.AST, scope: Scope) -> None:
    for parameter in getattr(node, "type_params", []):  # from Python 3.12
        scope.bound.add(parameter.name)
        _children(parameter, scope)


def _comprehension(
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope
) -> None:
    inner = Scope()
    _visit(node.generators[0].iter, scope)
    for index, generator in enumerate(node.generators):
        _visit_all([generator.target, *generator.ifs], inner)
        if index:
            _visit(generator.iter, inner)
    results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    _visit_all(results, inner)
    scope.used |= inner.free


def _import(node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    for alias in node.names:
        scope.bound.add(alias.asname or alias.name.partition(".")[0])


def _declaration(node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
    scope.outer.update(node.names)


def _named(node: ast.AST, scope: Scope) -> None:
    """Note the name that a node binds without a node of its own."""
    name = getattr(node, "rest" if isinstance(node, ast.MatchMapping) else "name", None)
    if name:
        scope.bound.add(name)
    _children(node, scope)


def _annotated(node: ast.AnnAssign, scope: Scope) -> None:
    visit_annotation(node.annotation, scope)
    _visit_all([node.target, node.value], scope)


def _augmented(node: ast.AugAssign, scope: Scope) -> None:
    if isinstance(node.target, ast.Name):
        scope.used.add(node.target.id)
    _visit_all([node.target, node.value], scope)


_HANDLERS: dict[type[ast.AST], Callable[..., None]] = {
    ast.Name: _name,
    ast.Constant: _nothing,
    ast.Load: _nothing,
    ast.Store: _nothing,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Lambda: _lambda,
    ast.ClassDef: _class,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Global: _declaration,
    ast.Nonlocal: _declaration,
    ast.ExceptHandler: _named,
    ast.MatchAs: _named,
    ast.MatchStar: _named,
    ast.MatchMapping: _named,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
}
