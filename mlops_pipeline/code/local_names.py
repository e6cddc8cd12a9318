"""The names of local variables, which no one sees: the normal form numbers them.

Parameters keep their names, since callers use them; so do functions and classes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_pipeline.code.bound_names import nodes_of

# They show code the names of its variables.
_SHOWS = {"locals", "vars", "dir", "eval", "exec", "inspect", "_getframe", "currentframe"}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def numbered_names(node: ast.AST) -> set[str]:
    """Return the local variables of a function or a comprehension that can be numbered."""
    if isinstance(node, _COMPREHENSIONS):
        targets = [generator.target for generator in node.generators]
        return {name.id for target in targets for name in _names(target)}
    if _shows_names(node):
        return set()
    bound: set[str] = set()
    kept: set[str] = set()
    for inner in _of_scope(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            bound.add(inner.id)
        elif isinstance(inner, ast.arg):
            kept.add(inner.arg)
        elif isinstance(inner, (ast.Global, ast.Nonlocal)):
            kept.update(inner.names)
        elif isinstance(inner, ast.alias):
            names = bound if inner.asname else kept
            names.add(inner.asname or inner.name.partition(".")[0])
        else:
            # What a handler, a pattern, a function or a class is called.
            name = getattr(inner, "rest" if isinstance(inner, ast.MatchMapping) else "name", None)
            if isinstance(name, str):
                (kept if isinstance(inner, _SCOPES) else bound).add(name)
    return bound - kept


def class_names(node: ast.ClassDef) -> set[str]:
    """Return the names that the body of a class binds: they are its attributes."""
    inner = [name for each in node.body for name in _of_scope(each)]
    found = [name.id for name in inner if isinstance(name, ast.Name) and _is_bound(name)]
    return {*found, *(each.name for each in node.body if isinstance(each, _SCOPES[:2]))}


def _is_bound(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)


def _shows_names(node: ast.AST) -> bool:
    """Return True if code may look at the names of its own variables."""
    for inner in nodes_of(node):
        name = getattr(inner, "id", None) or getattr(inner, "attr", None)
        if name in _SHOWS:
            return True
    return False


def _names(target: ast.AST) -> Iterator[ast.Name]:
    return (each for each in nodes_of(target) if isinstance(each, ast.Name) and _is_bound(each))


def _of_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of one scope; of a comprehension in it, what `:=` binds."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, _COMPREHENSIONS):
            walrus = (each for each in nodes_of(inner) if isinstance(each, ast.NamedExpr))
            yield from (each.target for each in walrus)
            continue
        yield inner
        if isinstance(inner, _SCOPES):
            # Its decorators and defaults belong to this scope; they bind with `:=` only.
            continue
        waiting += ast.iter_child_nodes(inner)
