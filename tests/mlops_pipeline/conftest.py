"""A pipeline project on disk, run again and again as its files are edited."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.cache import Why, why_node
from mlops_pipeline.run_state import Selection, Workspace
from mlops_pipeline.runners import NodePlan, local, plan
from mlops_pipeline.settings import Verify
from mlops_pipeline.store import MemoryStore


class Project:
    """Files of a user's project, its store in memory, and its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = MemoryStore()
        self.runs = 0
        self.lock: Path | None = None
        self.verify: Verify = "stamp"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    @property
    def workspace(self) -> Workspace:
        root = str(self.folder / ".mlops" / "artifacts")
        workspace = Workspace(self.store, root, self.folder, (str(self.folder),), self.lock)
        return dataclasses.replace(workspace, verify=self.verify)

    def compile(self) -> Any:
        return load_pipeline(str(self.folder / "pipeline.py"), project=self.folder).compile()

    def run(self, run_id: str = "", **options: Any) -> local.RunResult:
        return self.run_compiled(self.compile(), run_id, **options)

    def run_compiled(self, ir: Any, run_id: str = "", **options: Any) -> local.RunResult:
        parameters: Mapping[str, Any] = options.pop("parameters", {})
        self.runs += 1
        return local.run(
            ir,
            run_id or f"r{self.runs}",
            self.workspace,
            parameters=parameters,
            options=_options(options),
        )

    def states(self, **options: Any) -> dict[str, str]:
        """What a new run does with each node."""
        result = self.run(**options)
        return {o.node_id: str(o.state) for o in result.outcomes}

    def plan(self, **parameters: Any) -> dict[str, NodePlan]:
        return {each.node_id: each for each in plan(self.compile(), self.workspace, parameters)}

    def why(self, node_id: str) -> Why:
        """Why the node did what it did in the latest run."""
        return why_node(self.store, f"r{self.runs}", node_id)

    def output(self, result: local.RunResult, node_id: str, output: str) -> Path:
        found = next(o for o in result.outcomes if o.node_id == node_id)
        return Path(found.outputs[output][0].uri)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _options(given: dict[str, Any]) -> local.RunOptions:
    nodes = {field.name for field in dataclasses.fields(Selection)} & given.keys()
    selection = Selection(**{name: given.pop(name) for name in nodes})
    return local.RunOptions(**given, selection=selection)
