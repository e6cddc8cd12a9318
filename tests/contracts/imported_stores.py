"""What the tests of mlops_metadata/tfx_import share."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2 as pb

STORES = Path(__file__).parents[1] / "mlops_metadata" / "tfx_stores"


def written(folder: Path, layout: str) -> Path:
    """A store as TFX left it; its artifacts are said to be in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{layout}.db"
    database = sqlite3.connect(path)
    text = (STORES / f"{layout}.sql").read_text().replace("/tfx/", f"{folder}/")
    database.executescript(text)
    database.close()
    return path


def stock_client(path: Path) -> Any:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = 3
    return mlmd.MetadataStore(config)


class Tfx:
    """Writes records as an older TFX did."""

    def __init__(self, path: Path) -> None:
        self.client = stock_client(path)
        kinds = {
            "pipeline": {"pipeline_name": pb.STRING},
            "run": {"pipeline_name": pb.STRING, "run_id": pb.STRING},
        }
        self.kinds = {
            name: self.client.put_context_type(pb.ContextType(name=name, properties=properties))
            for name, properties in kinds.items()
        }
        keys = ("pipeline_name", "run_id", "component_id", "state")
        self.execution_type = self.client.put_execution_type(
            pb.ExecutionType(name="tfx.Gen", properties=dict.fromkeys(keys, pb.STRING))
        )
        self.examples_type = self.client.put_artifact_type(
            pb.ArtifactType(name="Examples", properties={"split_names": pb.STRING})
        )

    def execution(self, run_id: str, state: str, pipeline: str = "taxi") -> Any:
        made = pb.Execution(type_id=self.execution_type)
        told = {"pipeline_name": pipeline, "run_id": run_id, "component_id": "gen", "state": state}
        for name, value in told.items():
            made.properties[name].string_value = value
        return made

    def examples(self, uri: str, version: str = "", state: str = "") -> Any:
        made = pb.Artifact(type_id=self.examples_type, uri=uri)
        made.properties["split_names"].string_value = '["train"]'
        for name, value in {"tfx_version": version, "state": state}.items():
            if value:
                made.custom_properties[name].string_value = value
        return made

    def put(self, execution: Any, *pairs: tuple[Any, int]) -> int:
        events = []
        for index, (artifact, kind) in enumerate(pairs):
            event = pb.Event(type=kind)
            event.path.steps.add(key="examples")
            event.path.steps.add(index=index)
            events.append((artifact, event))
        return int(self.client.put_execution(execution, events, [])[0])
