"""What a run left in the store, without what differs from run to run: ids, times, places."""

from __future__ import annotations

import re
from typing import Any

from mlops_pipeline.run_state import SELECTION, load_links
from mlops_pipeline.store import Direction, MetadataStore

_PLACES = re.compile(r"(/[\w.+=@-]+){2,}|\b(execution|run) \S+|\d+\.\d+ s|(pid|process) \d+")


def snapshot(store: MetadataStore, run_id: str) -> dict[str, Any]:
    """State and parameters of a run; every attempt at every node, with what it read and wrote."""
    run = store.get_run(run_id)
    assert run is not None, f"no run {run_id}"
    executions = sorted(store.executions_of_run(run_id), key=lambda e: e.id)
    read = load_links(store, executions, Direction.INPUT)
    written = load_links(store, executions, Direction.OUTPUT)
    nodes: dict[str, list[dict[str, Any]]] = {}
    for execution in executions:
        place = ".".join([execution.node_id, *map(str, execution.iteration)])
        nodes.setdefault(place, []).append(
            {
                "component": execution.component,
                "state": str(execution.state),
                "reason": _plain(execution.reason, run_id),
                "gate": execution.properties.get("gate"),
                "error": _plain(execution.error, run_id),
                "parameters": dict(execution.parameters),
                "cache_key": bool(execution.cache_key),
                "inputs": _artifacts(read.get(execution.id, {})),
                "outputs": _artifacts(written.get(execution.id, {})),
            }
        )
    return {
        "state": str(run.state),
        "parameters": dict(run.parameters),
        "selection": run.properties.get(SELECTION),
        "base run": bool(run.base_run),
        "nodes": nodes,
    }


def _artifacts(links: Any) -> dict[str, list[Any]]:
    return {
        key: [(r.type, r.digest, str(r.state), dict(r.properties)) for r in records]
        for key, records in links.items()
    }


def _plain(text: str, run_id: str) -> str:
    return _PLACES.sub("…", text.replace(run_id, "RUN"))
