"""Annotations that nothing reads, taken out of a tree before anything is made of it.

Those of functions without a decorator and of variables outside classes are for type checkers,
unless the file reads annotations, or hands the function on as a value: a library may read them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_pipeline.code.bound_names import nodes_of

ANNOTATION_READERS = (
    "__annotations__",
    "get_type_hints",
    "get_annotations",
    "signature",
    "getfullargspec",
    "singledispatch",
)
_DROPPED = "dropped_annotations"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def drop_unread_annotations(tree: ast.Module, text: str) -> None:
    """Remove the annotations that nothing reads from a tree."""
    if any(word in text for word in ANNOTATION_READERS):
        return
    functions = []
    for node in _statements(tree):
        if isinstance(node, _FUNCTIONS) and not node.decorator_list:
            functions.append(node)
        if not isinstance(node, ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                block: list[ast.stmt] = getattr(node, name, [])
                if any(isinstance(each, ast.AnnAssign) for each in block):
                    block[:] = map(_plain, block)
    if functions:
        # What a class executor returns is checked by its annotation.
        kept = {"execute", *_handed_on(tree)}
        for function in functions:
            if function.name not in kept:
                _drop_from_function(function)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield a module and all statements in it, with what is like one: handlers and cases."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in _BLOCKS:
            waiting += getattr(node, name, ())


def dropped_annotations(node: ast.AST) -> list[ast.expr]:
    """Return the annotations that were removed from a function."""
    found: list[ast.expr] = getattr(node, _DROPPED, [])
    return found


def all_dropped(node: ast.AST) -> list[ast.expr]:
    """Return the annotations that were removed from a statement and from all within it."""
    return [found for each in nodes_of(node) for found in dropped_annotations(each)]


def _handed_on(tree: ast.Module) -> set[str]:
    """Return the names that are used otherwise than to be called."""
    nodes = nodes_of(tree)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called
    }


def _drop_from_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    dropped = [node.returns]
    node.returns = None
    for argument in (*named, arguments.vararg, arguments.kwarg):
        if argument is not None:
            dropped.append(argument.annotation)
            argument.annotation = None
    setattr(node, _DROPPED, [each for each in dropped if each is not None])


def _plain(node: ast.stmt) -> ast.stmt:
    """Turn `x: int = 1` into `x = 1`."""
    if not isinstance(node, ast.AnnAssign):
        return node
    if node.value is None:
        plain: ast.stmt = ast.Pass()
    else:
        plain = ast.Assign(targets=[node.target], value=node.value)
    return ast.copy_location(plain, node)
