"""The syntax trees of files, read once, for tests of how the code is written."""

import ast
import functools
import gc
from collections.abc import Iterator
from pathlib import Path


@functools.cache
def tree_of(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text())
    # They stay; the garbage collector would walk through all of them again and again.
    gc.freeze()
    return tree


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """All statements below a node; expressions, which are most of a tree, hold none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if not isinstance(child, ast.expr):
            yield from statements(child)
