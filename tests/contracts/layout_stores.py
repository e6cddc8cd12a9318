"""What the tests of mlops_metadata share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_pipeline.store import (
    ArtifactType,
)

TYPES = [
    ArtifactType("Examples", "Dataset", {"span": "INT", "version": "INT", "split_names": "STRING"}),
    ArtifactType("ExampleStatistics", "Statistics", {"span": "INT", "split_names": "STRING"}),
    ArtifactType("Model", "Model"),
    ArtifactType("Schema"),
]


def stock_client(path: Path) -> Any:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = 3
    return mlmd.MetadataStore(config)


class Tfx:
    """Writes records as TFX 1.16 does."""

    def __init__(self, path: Path) -> None:
        self.client = stock_client(path)
        self.contexts = [
            self._context("pipeline", "taxi"),
            self._context("pipeline_run", "2024-01-01T00:00:00.000000"),
        ]
        self.client.put_parent_contexts(
            [pb.ParentContext(parent_id=self.contexts[0].id, child_id=self.contexts[1].id)]
        )

    def _context(self, kind: str, name: str) -> Any:
        type_id = self.client.put_context_type(pb.ContextType(name=kind))
        context = pb.Context(type_id=type_id, name=name)
        context.id = self.client.put_contexts([context])[0]
        return context

    def run(
        self, node: str, state: int, properties: dict[str, Any], events: list[tuple[Any, Any]]
    ) -> tuple[int, list[int]]:
        kind = self.client.put_execution_type(pb.ExecutionType(name=f"tfx.components.{node}"))
        execution = pb.Execution(type_id=kind, name=f"uuid-{node}", last_known_state=state)
        for name, value in properties.items():
            field = "int_value" if isinstance(value, int) else "string_value"
            setattr(execution.custom_properties[name], field, value)
        contexts = [*self.contexts, self._context("node", f"taxi.{node}")]
        execution_id, artifact_ids, _ = self.client.put_execution(
            execution, events, contexts, reuse_context_if_already_exist=True
        )
        return execution_id, list(artifact_ids)


def event(kind: int, *path: tuple[str, int], artifact_id: int = 0) -> Any:
    made = pb.Event(type=kind)
    if artifact_id:
        made.artifact_id = artifact_id
    for key, index in path:
        made.path.steps.add(key=key)
        made.path.steps.add(index=index)
    return made
