"""Nodes that need another environment than the one that Airflow is in; known before they run.

Sources are read and nothing is imported, since DAG files are read again and again.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from mlops_pipeline.errors import CompileError, PipelineError
from mlops_pipeline.ir import BeamExecutor, ContainerExecutor, NodeIR
from mlops_pipeline.runners.airflow.config import ExecutionConfig
from mlops_pipeline.settings import Sources, resolve
from mlops_pipeline.user_code import is_own_code

_STANDARD_COMPONENTS = "mlops_components"

_GUARDS = ("ImportError", "ModuleNotFoundError", "Exception")

_BRANCHES = (ast.If, ast.IfExp, ast.Match)


def refuse_other_environment(node: NodeIR, execution: ExecutionConfig, file: str) -> None:
    """Refuse a node that mode "in_process" cannot run.

    Args:
        file: the IR; modules are looked for beside it if there is no `base_dir`.

    Raises:
        CompileError: the node runs in an image, or imports a package that is not installed here.
    """
    refuse_image(node)
    executor = node.executor
    path = _path(execution, Path(file).parent)
    missing = ["apache_beam"] if isinstance(executor, BeamExecutor) else []
    missing = [name for name in missing if _find(name, path) is None]
    for target in filter(None, (getattr(executor, "target", ""), node.driver, node.publisher)):
        missing += missing_packages(target, path)
    if missing:
        raise CompileError(
            f"{node.id} imports {', '.join(dict.fromkeys(missing))}, which is not installed where "
            'Airflow is, and mode "in_process" has no other environment',
            hint=f"install it there, or {_elsewhere(node)}",
        )


def refuse_image(node: NodeIR) -> None:
    """Refuse a node that runs in an image, for mode "in_process".

    Raises:
        CompileError: it does.
    """
    if isinstance(node.executor, ContainerExecutor):
        raise CompileError(
            f'{node.id} runs in the image {node.executor.image}, and mode "in_process" in '
            "Airflow's own environment",
            hint=_elsewhere(node),
        )


def _elsewhere(node: NodeIR) -> str:
    return f'run it elsewhere: NodeConfig("{node.id}", execution=ExecutionConfig(mode=...))'


def _path(execution: ExecutionConfig, folder: Path) -> tuple[str, ...]:
    """Return where the modules of a pipeline are found."""
    base = execution.base_dir or str(folder)
    variables = {**os.environ, **execution.environment}
    given = [each for each in variables.get("PYTHONPATH", "").split(os.pathsep) if each]
    try:
        settings = resolve(Sources(Path(base), {}, variables)).values
    except PipelineError:
        # The first task tells it; a DAG file need not be where the project is.
        return (base, *given, *sys.path)
    return (base, *settings.import_paths, *given, *sys.path)


def missing_packages(target: str, path: tuple[str, ...]) -> list[str]:
    """Return the packages that a component imports in any case, and that are not here.

    These are the imports in its body, and those of the modules that come with it. What is imported
    only if something holds, or in a `try`, may be missing.

    Args:
        path: where modules are looked for; a component that is not there is not looked at.
    """
    module, _, qualname = target.partition(":")
    found: dict[str, None] = {}
    waiting, seen = [(module, qualname.partition(".")[0])], {""}
    while waiting:
        name, body = waiting.pop()
        spec = None if name in seen else _find(name, path)
        seen.add(name)
        for imported in _imports(spec, body) if spec else ():
            top = imported.partition(".")[0]
            if top in sys.stdlib_module_names:
                continue
            if _find(top, path) is None:
                found[top] = None
            elif _is_followed(_find(imported, path)):
                waiting.append((imported, ""))
    return list(found)


def _is_followed(spec: ModuleSpec | None) -> bool:
    """Return True for modules of the user and of the standard components."""
    if spec is None or not spec.origin:
        return False
    return spec.name.partition(".")[0] == _STANDARD_COMPONENTS or is_own_code(spec.origin)


@lru_cache(maxsize=4096)
def _find(name: str, path: tuple[str, ...]) -> ModuleSpec | None:
    """Find a module without importing the packages that it is in."""
    top, *rest = name.split(".")
    spec = PathFinder.find_spec(top, path) or _from_others(top)
    for part in rest:
        if spec is None:
            return None
        places: Sequence[str] = list(spec.submodule_search_locations or ())
        spec = PathFinder.find_spec(f"{spec.name}.{part}", places)
    return spec


def _from_others(name: str) -> ModuleSpec | None:
    """Find a package by the finders that installs bring, as editable ones do."""
    for finder in sys.meta_path:
        if finder is not PathFinder:
            spec = finder.find_spec(name, None)
            if spec is not None:
                return spec
    return None


def _imports(spec: ModuleSpec, body: str) -> Iterator[str]:
    """Yield what a module imports at its top, and in one function or class with what it uses."""
    tree = _parsed(spec.origin or "")
    statements = tree.body if tree else []
    package = spec.name if spec.submodule_search_locations else spec.name.rpartition(".")[0]
    for node in [*statements, *_used(statements, body)]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            above = above[: len(above) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _used(statements: Sequence[ast.stmt], body: str) -> Iterator[ast.AST]:
    """Yield what is in a function or class, and in those of the same module that it names."""
    named = {getattr(statement, "name", ""): statement for statement in statements}
    waiting, seen = [body], {""}
    while waiting:
        name = waiting.pop()
        if name in seen or name not in named:
            continue
        seen.add(name)
        for node in _certain(named[name]):
            yield node
            if isinstance(node, ast.Name):
                waiting.append(node.id)


def _certain(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is below a statement, without branches and what may fail."""
    yield node
    if isinstance(node, _BRANCHES) or (isinstance(node, ast.Try) and _is_guarded(node)):
        return
    for child in ast.iter_child_nodes(node):
        yield from _certain(child)


def _is_guarded(node: ast.Try) -> bool:
    kinds = [handler.type for handler in node.handlers]
    names = [getattr(each, "id", "") for kind in kinds if kind for each in ast.walk(kind)]
    return None in kinds or any(name in _GUARDS for name in names)


@lru_cache(maxsize=256)
def _parsed(file: str) -> ast.Module | None:
    if not file.endswith(".py"):
        return None
    try:
        return ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        # Who runs it is told.
        return None
