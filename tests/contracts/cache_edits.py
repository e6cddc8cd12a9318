"""One edit of a project between two runs: what the second run would do, and the reason it gives."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_pipeline.runners import NodePlan
from mlops_pipeline.user_code import LOADED

Files = Mapping[str, str | None]
"""Texts by file; None removes it. Names that begin with `$` are environment variables."""


def body(code: str, top: str = "", returns: str = "str") -> str:
    """Return a pipeline of one component with this body, and these lines above it."""
    lines = textwrap.indent(textwrap.dedent(code).strip("\n"), "    ")
    return (
        "from mlops_pipeline import component, pipeline\n"
        f"{textwrap.dedent(top)}\n"
        f"@component\ndef C(x: int = 1) -> {returns}:\n{lines}\n\n"
        "@pipeline\ndef p() -> None:\n    C()\n"
    )


def after_edit(project: Any, files: Files, edit: Files) -> NodePlan:
    """Run a project, edit it, and return what is planned for the node `C` then."""
    variables = {name[1:] for name in (*files, *edit) if name[0] == "$"}
    before, here = {name: os.environ.get(name) for name in variables}, Path.cwd()
    folder = project.folder
    os.chdir(folder)
    try:
        _write(project, files)
        ir = project.compile()
        _forget(folder)
        result = project.run_compiled(ir, in_process=True)
        assert not result.failed, result.failed[0].execution.error
        _forget(folder)
        _write(project, edit)
        plan: NodePlan = project.plan()["C"]
        return plan
    finally:
        os.chdir(here)
        _forget(folder)
        for name, value in before.items():
            _set(name, value)


def told(plan: NodePlan) -> str:
    """Return decision and reasons in one line."""
    if plan.decision == "cached":
        return "cached"
    return "; ".join([plan.decision, plan.reason, *map(str, plan.changes)])


def _write(project: Any, files: Files) -> None:
    for name, text in files.items():
        if name[0] == "$":
            _set(name[1:], text)
        elif text is None:
            (project.folder / name).unlink()
        else:
            project.write(name, text)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _forget(folder: Path) -> None:
    """Drop the project's modules, as a worker starts without them."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__dict__", {}).get("__file__") or ""
        if file.startswith(f"{folder}/"):
            del sys.modules[name]
            LOADED.pop(file, None)
