"""Line differences of code that leave out what does not count: comments, docstrings, formatting."""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlops_pipeline.code.normal_form import is_idle, is_main_guard, read
from mlops_pipeline.code.source_file import TOP_LEVEL, SourceFile, parse
from mlops_pipeline.errors import PipelineError

_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


class _Unit(NamedTuple):
    """A simple statement, or the head of a compound one: normal form with depth, and lines."""

    text: str
    first: int
    last: int


class _Hunk(NamedTuple):
    """Lines of code that differ: number of the first line and lines, before and after."""

    old_first: int
    old: list[str]
    new_first: int
    new: list[str]


def diff(before: str, after: str, name: str, *, limit: int = 40) -> str:
    """Return a short difference of one part of the code, with file and line numbers.

    Args:
        before, after: texts of the file that the part is in; empty where there was none.
        name: the part, as `code_parts` names it.
        limit: lines to show at most.

    Returns:
        An empty text where nothing that counts has changed.
    """
    file, _, label = name.partition("::")
    hunks = list(_hunks(before, after, file, label))
    if not hunks:
        return ""
    lines = [
        f"--- {file}:{hunks[0].old_first}" if before else "--- (none)",
        f"+++ {file}:{hunks[0].new_first}" if after else "+++ (none)",
    ]
    for hunk in hunks:
        old, new = _span(hunk.old_first, hunk.old), _span(hunk.new_first, hunk.new)
        lines.append(f"@@ -{old} +{new} @@ {label}".rstrip())
        lines += [f"-{line}" for line in hunk.old] + [f"+{line}" for line in hunk.new]
    if len(lines) > limit:
        lines = [*lines[:limit], f"... {len(lines) - limit} more lines"]
    return "\n".join(lines) + "\n"


def _span(first: int, lines: Sequence[str]) -> str:
    return f"{first},{len(lines)}" if len(lines) != 1 else str(first)


def _hunks(before: str, after: str, file: str, label: str) -> Iterator[_Hunk]:
    old, new = before.splitlines(), after.splitlines()
    try:
        old_units, new_units = (_units(text, file, label) for text in (before, after))
    except (PipelineError, RecursionError):
        # It was written for another version of Python.
        yield from _line_hunks((1, old), (1, new))
        return
    matcher = difflib.SequenceMatcher(
        None, [unit.text for unit in old_units], [unit.text for unit in new_units], autojunk=False
    )
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            was, now = _block(old_units, i1, i2, old), _block(new_units, j1, j2, new)
            yield from _line_hunks(was, now)


def _block(
    units: Sequence[_Unit], start: int, stop: int, lines: Sequence[str]
) -> tuple[int, list[str]]:
    """Return number of the first line of some units, and their lines."""
    chosen = units[start:stop]
    if not chosen:
        return (units[start - 1].last if start else 0), []
    numbers = sorted({n for unit in chosen for n in range(unit.first, unit.last + 1)})
    return numbers[0] if numbers else chosen[0].first, [lines[n - 1] for n in numbers]


def _line_hunks(old: tuple[int, list[str]], new: tuple[int, list[str]]) -> Iterator[_Hunk]:
    """Yield the lines that differ; all of them where only their indentation does."""
    (old_first, was), (new_first, now) = old, new
    matcher = difflib.SequenceMatcher(
        None, [line.strip() for line in was], [line.strip() for line in now], autojunk=False
    )
    changed = [codes[1:] for codes in matcher.get_opcodes() if codes[0] != "equal"]
    if not changed and (was or now):
        changed = [(0, len(was), 0, len(now))]
    for i1, i2, j1, j2 in changed:
        yield _Hunk(old_first + i1, was[i1:i2], new_first + j1, now[j1:j2])


def _units(text: str, file: str, label: str) -> list[_Unit]:
    if not text:
        return []
    source = parse(text.encode("utf-8", "surrogateescape"), file)
    if not label:
        return list(_units_in(source.tree.body, 0, source)) if source.tree else []
    chosen = [s for s in source.statements if s.label == label]
    if label == TOP_LEVEL and not file.endswith("__init__.py"):
        chosen += source.unused_imports
    for statement in tuple(chosen):
        chosen += source.imports_for(statement)
    nodes = {s.index: s.node for s in chosen}
    return list(_units_in([nodes[index] for index in sorted(nodes)], 0, source))


def _units_in(nodes: Sequence[ast.AST], depth: int, source: SourceFile) -> Iterator[_Unit]:
    for node in nodes:
        if is_main_guard(node) or (is_idle(node) and not source.counts_docstrings):
            continue
        inner = [name for name in _BODIES if getattr(node, name, None)]
        first, last = _lines(node)
        if not inner:
            yield _Unit(_text(node, depth), first, last)
            continue
        head = copy.copy(node)
        for name in inner:
            setattr(head, name, [])
        start = _lines(getattr(node, inner[0])[0])[0]
        yield _Unit(_text(head, depth), first, max(first, start - 1))
        for name in inner:
            yield _Unit(f"{depth} {name}", 0, -1)
            yield from _units_in(getattr(node, name), depth + 1, source)


def _lines(node: ast.AST) -> tuple[int, int]:
    """Return the first and last line of a statement, decorators included."""
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, node.body[-1].end_lineno or 0
    if not isinstance(node, (ast.stmt, ast.ExceptHandler)):
        raise TypeError(f"{type(node).__name__} is not a statement")
    starts = [d.lineno for d in getattr(node, "decorator_list", ())]
    return min([node.lineno, *starts]), node.end_lineno or node.lineno


def _text(node: ast.AST, depth: int) -> str:
    return f"{depth} {read([node], docstrings=True).text}"
