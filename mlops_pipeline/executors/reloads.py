"""Modules that a process holds: are they what their files say, also after `importlib.reload`?

Loaded only where a process runs tasks with modules that it had imported before, or again.
"""

from __future__ import annotations

import ast
import inspect
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mlops_pipeline.executors.readers import Facts, stamp_at
from mlops_pipeline.user_code import (
    LOADED,
    UNSEEN,
    digest_source,
    is_framework,
    loaded_modules,
)

EARLIER: dict[str, list[dict[str, Any]]] = {}
"""Globals of modules as they were before they were loaded again, by file."""

_ABSENT = object()
_PLAIN_LOADERS = ("_frozen_importlib_external", "importlib._bootstrap_external", "builtins")
_LONGEST = 200
# Python 3.14 has a function for the annotations of each function, under no name of the module.
_UNNAMED = ("<", "__annotate__")


def modules_by_file(paths: Collection[str]) -> dict[str, ModuleType]:
    """Return the modules of this process that come from some files."""
    return {file: module for _, module, file in loaded_modules() if file in paths}


def is_as_its_file(module: ModuleType, path: str) -> bool:
    """Return True if the functions and constants of a module are those of its file.

    One that pytest, or another loader with changes of its own, has loaded cannot be compared.
    """
    if type(getattr(module, "__loader__", None)).__module__ not in _PLAIN_LOADERS:
        return True
    try:
        source = Path(path).read_bytes()
        code = compile(source, path, "exec", dont_inherit=True)
        tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return True
    held = vars(module)
    constants = all(held.get(name, _ABSENT) == value for name, value in _constants(tree))
    return constants and _has_same_functions(held, code)


def facts_of_import(path: str) -> Facts:
    """Return what a module may have read when it was imported unseen: files and variables.

    Those count that constants outside its functions name.
    """
    facts = Facts()
    try:
        text = Path(path).read_bytes()
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return facts
    reads_variables = b"environ" in text or b"getenv" in text
    for word in _words_outside_functions(tree):
        if reads_variables and word.isidentifier() and (word.isupper() or word in os.environ):
            facts.environment[word] = os.environb.get(os.fsencode(word))
        for name in (word, f"{Path(path).parent}/{word}"):
            if not facts.files.get(name) and len(word) < _LONGEST and Path(name).is_file():
                facts.files[name] = stamp_at(name)
    return facts


def _words_outside_functions(tree: ast.Module) -> Iterator[str]:
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def adopt(code: Mapping[str, str], unknown: Collection[str], facts: dict[str, Facts]) -> str:
    """Take over modules that were imported unseen.

    Those of the framework itself, in a checkout, are taken to be what their files say: they read
    nothing when they are imported, and comparing some sixty of them takes longer than most nodes.

    Args:
        code: SHA-256 of files by path.
        unknown: those of which no digest is known.
        facts: what modules used when they were imported, by file; is added to.

    Returns:
        The file of a module that is not as its file; empty if there is none.
    """
    for path, module in modules_by_file({*unknown, *(UNSEEN & code.keys())}).items():
        framework = is_framework(path)
        if path in unknown and not framework and not is_as_its_file(module, path):
            return path
        LOADED.setdefault(path, code[path])
        UNSEEN.discard(path)
        if framework:
            continue
        found = facts_of_import(path)
        if found != Facts():
            facts.setdefault(path, Facts()).add(found)
    return ""


def loaded_again(path: str, facts: Facts | None) -> None:
    """Note that a module is about to be loaded again, what it held before, and what it reads."""
    try:
        digest = digest_source(path)
    except OSError:
        return
    if facts is not None:
        facts.files = {name: stamp_at(str(Path(name).absolute())) for name in facts.files}
        facts.environment = {name: os.environb.get(os.fsencode(name)) for name in facts.environment}
    if LOADED.get(path) == digest:
        return
    module = modules_by_file({path}).get(path)
    if module is not None:
        EARLIER.setdefault(path, []).append(dict(vars(module)))
    LOADED[path] = digest


def forget(paths: Collection[str]) -> None:
    """Drop the modules of some files, so that who needs one loads it itself."""
    for name, module, file in loaded_modules():
        if file in paths:
            del sys.modules[name]
            parent, _, last = name.rpartition(".")
            vars(sys.modules.get(parent, module)).pop(last, None)
    for path in paths:
        LOADED.pop(path, None)


def holder_of_earlier(paths: Collection[str]) -> str:
    """Return a file whose module still holds what another one was before it was loaded again."""
    if EARLIER.keys().isdisjoint(paths):
        return ""
    modules = modules_by_file(paths)
    for path in EARLIER.keys() & modules.keys():
        now = vars(modules[path])
        for other, module in modules.items():
            if other != path and any(_holds(module, path, old, now) for old in EARLIER[path]):
                return other
    return ""


def _holds(module: ModuleType, path: str, old: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    held = vars(module)
    mine = {id(value): name for name, value in old.items() if _is_defined_in(value, path, now)}
    for value in held.values():
        bases = value.__mro__ if isinstance(value, type) else (value,)
        for each in bases:
            name = mine.get(id(each))
            if name is not None and not _same(each, now.get(name)):
                return True
    for name, alias in _taken(module, str(now.get("__name__"))):
        if alias in held and name in old and held[alias] is old[name]:
            changed = now.get(name, _ABSENT) is not old[name]
            if changed and not _same(old[name], now.get(name)):
                return True
    return False


def _is_defined_in(value: Any, path: str, now: Mapping[str, Any]) -> bool:
    plain = _plain(value)
    if isinstance(plain, FunctionType):
        return plain.__code__.co_filename == path
    return isinstance(plain, type) and plain.__module__ == now.get("__name__")


def _taken(module: ModuleType, name: str) -> Iterator[tuple[str, str]]:
    """Yield the names that a module takes from another one, and what it calls them."""
    try:
        tree = ast.parse(Path(str(module.__file__)).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    last = name.rpartition(".")[2]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] == last:
            for alias in node.names:
                yield alias.name, alias.asname or alias.name


def _same(one: Any, other: Any) -> bool:
    one, other = _plain(one), _plain(other)
    if isinstance(one, FunctionType) and isinstance(other, FunctionType):
        return _same_code(one.__code__, other.__code__) and one.__defaults__ == other.__defaults__
    if isinstance(one, type) and isinstance(other, type):
        mine, theirs = _members(one), _members(other)
        return mine.keys() == theirs.keys() and all(_same(mine[n], theirs[n]) for n in mine)
    return type(one) is type(other) and bool(one == other)


def _members(kind: type) -> dict[str, Any]:
    return {name: value for name, value in vars(kind).items() if not name.startswith("__")}


def _plain(value: Any) -> Any:
    """Return the function of a component, or under its decorators."""
    function = getattr(value, "function", value) if not isinstance(value, type) else value
    if isinstance(function, (staticmethod, classmethod)):
        function = function.__func__
    return inspect.unwrap(function) if callable(function) else function


def _has_same_functions(held: Mapping[str, Any], code: CodeType) -> bool:
    wanted: dict[str, list[CodeType]] = {}
    for each in code.co_consts:
        if isinstance(each, CodeType) and not each.co_name.startswith(_UNNAMED):
            wanted.setdefault(each.co_name, []).append(each)
    for name, codes in wanted.items():
        if name not in held:
            return False
        value = _plain(held[name])
        if isinstance(value, FunctionType):
            same = any(_same_code(value.__code__, each) for each in codes)
        else:
            one_class = isinstance(value, type) and len(codes) == 1
            same = not one_class or _has_same_functions(vars(value), codes[0])
        if not same:
            return False
    return True


def _same_code(one: CodeType, other: CodeType) -> bool:
    """Return True if two functions do the same; the numbers of their lines do not count."""
    fields = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags")
    if any(getattr(one, name) != getattr(other, name) for name in fields):
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    for mine, theirs in zip(one.co_consts, other.co_consts, strict=True):
        if isinstance(mine, CodeType) and isinstance(theirs, CodeType):
            if not _same_code(mine, theirs):
                return False
        elif type(mine) is not type(theirs) or mine != theirs:
            return False
    return True


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield the names that a module gives one constant value, and no other."""
    stored: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored[node.id] = stored.get(node.id, 0) + 1
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and stored[target.id] == 1:
                    yield target.id, node.value.value
