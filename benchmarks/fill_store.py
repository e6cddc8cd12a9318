"""Fills a metadata store with runs, through the store itself: python fill_store.py FOLDER COUNT.

Each run has 20 executions in a chain, each with one artifact.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactType,
    Execution,
    MetadataStore,
    Run,
    State,
    open_store,
)

NODES = 20


def put_run(store: MetadataStore, number: int) -> None:
    """One finished run."""
    now = time.time()
    run_id = f"run-{number:05}"
    run = Run(run_id, "large", State.COMPLETE, parameters={"n": number}, started=now, finished=now)
    store.put_run(run)
    before: list[int] = []
    for i in range(NODES):
        execution = Execution(
            component="fill.Node",
            pipeline="large",
            run_id=run_id,
            node_id=f"n{i:02}",
            state=State.COMPLETE,
            name=f"{run_id}/n{i:02}",
            cache_key=f"{number:032x}{i:032x}",
            started=now,
            finished=now,
        )
        record = ArtifactRecord("String", f"/nowhere/{run_id}/{i}", digest=f"{number:064x}")
        inputs = {"before": before} if before else {}
        _, written = store.put_execution(execution, inputs=inputs, outputs={"output": [record]})
        before = [written["output"][0].id]


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    store.register_types([ArtifactType("String")])
    for number in range(count // NODES):
        put_run(store, number)
    store.close()


if __name__ == "__main__":
    main()
