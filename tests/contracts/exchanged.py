"""A project whose runs are exported, and stores that they are imported into."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from mlops_pipeline.exchange import Exported, ImportedRuns, export_run, import_runs, open_archive
from mlops_pipeline.store import open_store


class Site:
    """A store and a root in a folder."""

    def __init__(self, folder: Path, url: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.root = str(folder / "artifacts")
        self.url = url or f"sqlite:///{folder}/metadata.db"

    def import_file(self, file: Path, limit: float = 1.0) -> ImportedRuns:
        with open_archive(file, limit) as archive:
            return import_runs(archive, self.url, self.root)

    def export(self, run_id: str, file: Path, *, files: bool = True) -> Exported:
        with closing(open_store(self.url)) as store:
            run = store.get_run(run_id)
            assert run is not None
            return export_run(store, run, file, files=files)

    def all(self) -> dict[str, Any]:
        """All that the store has, without the numbers that it gives."""
        with closing(open_store(self.url)) as store:
            runs = store.list_runs(limit=100)
            executions = [e for run in runs for e in store.executions_of_run(run.id)]
            ids = [e.id for e in executions]
            names = {e.id: (e.run_id, e.node_id, e.iteration, e.attempt) for e in executions}
            events = store.events_by_execution(ids)
            artifacts = {a.id: a for a in store.artifacts({e.artifact_id for e in events})}
            return {
                "runs": {run.id: run.state for run in runs},
                "executions": sorted(
                    (names[e.id], e.state, e.cache_key, str(e.parameters)) for e in executions
                ),
                "events": sorted(
                    (names[e.execution_id], e.direction, e.key, e.index, _of(artifacts, e))
                    for e in events
                ),
            }


def _of(artifacts: dict[int, Any], event: Any) -> tuple[str, str]:
    record = artifacts[event.artifact_id]
    return record.type, record.digest
