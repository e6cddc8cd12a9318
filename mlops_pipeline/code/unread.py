"""Annotations that nothing reads, taken out of a tree before anything is made of it.

Those of functions without a decorator and of variables outside classes are for type checkers,
unless the file reads annotations, or hands the function on as a value: a library may read them.
"""

from __future__ import annotations

import ast

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


def drop_unread_annotations(tree: ast.Module, text: str) -> None:
    """Remove the annotations that nothing reads from a tree."""
    if any(word in text for word in ANNOTATION_READERS):
        return
    kept = {"execute", *_handed_on(tree)}
    for node in ast.walk(tree):
        # What a class executor returns is checked by its annotation.
        if isinstance(node, _FUNCTIONS) and node.name not in kept:
            _drop_from_function(node)
        if not isinstance(node, ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list):
                    block[:] = map(_plain, block)


def dropped_annotations(node: ast.AST) -> list[ast.expr]:
    """Return the annotations that were removed from a function."""
    found: list[ast.expr] = getattr(node, _DROPPED, [])
    return found


def all_dropped(node: ast.AST) -> list[ast.expr]:
    """Return the annotations that were removed from a statement and from all within it."""
    return [found for each in ast.walk(node) for found in dropped_annotations(each)]


def _handed_on(tree: ast.Module) -> set[str]:
    """Return the names that are used otherwise than to be called."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called
    }


def _drop_from_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if node.decorator_list:
        return
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
