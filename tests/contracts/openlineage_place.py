"""A project whose runs are recorded as OpenLineage events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.openlineage import Spool, recorded
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.settings import Settings
from mlops_pipeline.store import MemoryStore

Event = dict[str, Any]

PIPELINE = """
from typing import Any
from mlops_pipeline import (
    Importer, Input, Model, Output, Artifact, component, current_task, pipeline, Secret,
)

@component
def Make(data: Output[Artifact], rows: int, key: str = "") -> None:
    (data.path / "rows").write_text(str(rows))

@component
def Train(data: Input[Artifact], raw: Input[Artifact], model: Output[Model]) -> None:
    if (data.path / "rows").read_text() == "0":
        raise ValueError("no rows in s3://me:password@bucket/x")

@component
def Look(model: Input[Model], seen: Output[Artifact]) -> None:
    current_task().gate("warn", "it is rather small")

@pipeline
def p(rows: int = 3):
    raw = Importer(uri="raw.csv", type=Artifact)
    made = Make(rows=rows)
    trained = Train(data=made.outputs.data, raw=raw.outputs.result)
    Look(model=trained.outputs.model)
"""


class Place:
    """A project whose runs are recorded as events."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pipeline.py").write_text(PIPELINE)
        (folder / "raw.csv").write_text("a,b\n")
        self.settings = Settings(openlineage_spool=str(folder / "spool"))
        self.store = MemoryStore()

    @property
    def spool(self) -> Spool:
        return Spool(self.folder / "spool")

    def workspace(self) -> Workspace:
        store = recorded(self.store, self.settings)
        return Workspace(store, str(self.folder / "root"), self.folder, (str(self.folder),))

    def run(self, run_id: str, **parameters: Any) -> local.RunResult:
        ir = load_pipeline(str(self.folder / "pipeline.py"), project=self.folder).compile()
        options = local.RunOptions(in_process=True)
        return local.run(ir, run_id, self.workspace(), parameters=parameters, options=options)

    def events(self) -> list[Event]:
        return [event for events, _ in self.spool.batches(100) for event in events]
