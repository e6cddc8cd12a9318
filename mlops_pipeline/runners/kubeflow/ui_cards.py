"""Pages for Kubeflow's own UI: a card in Markdown and the scalar metrics of a node.

The artifacts themselves never pass through Kubeflow. Its launcher refuses URIs outside its own
run folder, so none of ours is ever written into a `uri` field: they are metadata and text here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops_pipeline.inspection import seconds
from mlops_pipeline.run_state import Outcome, node_label

_MOUNTS = {"gs://": "/gcs/", "s3://": "/s3/", "minio://": "/minio/", "oci://": "/oci/"}
"""Folders in which Kubeflow's launcher looks for the files of an output."""


def write_shadows(
    executor_input: Mapping[str, Any], run_id: str, outcome: Outcome, ui_url: str = ""
) -> None:
    """Write card, metrics and the file that lists them for Kubeflow.

    Args:
        ui_url: where `mlops ui` is served; empty for nowhere.
    """
    outputs = executor_input.get("outputs", {})
    if not outputs.get("outputFile"):
        return
    written: dict[str, Any] = {}
    metadata = {"card": _facts(outcome), "metrics": dict(metrics(outcome))}
    for key, wanted in outputs.get("artifacts", {}).items():
        artifact = wanted["artifacts"][0]
        if key == "card":
            path = local_path(artifact["uri"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(card(run_id, outcome, ui_url), encoding="utf-8")
        facts = {**artifact.get("metadata", {}), **metadata.get(key, {})}
        written[key] = {"artifacts": [{"name": artifact.get("name", key), "metadata": facts}]}
    file = Path(outputs["outputFile"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"artifacts": written}), encoding="utf-8")


def local_path(uri: str) -> Path:
    """Return the file in the container that stands for an output's URI."""
    for scheme, mount in _MOUNTS.items():
        if uri.startswith(scheme):
            return Path(mount + uri[len(scheme) :])
    return Path(uri)


def card(run_id: str, outcome: Outcome, ui_url: str = "") -> str:
    """Return a node in Markdown: what was decided and why, what it wrote, how to see more."""
    execution = outcome.execution
    lines = [f"# {outcome.node_id}", "", f"**{execution.state}** {execution.reason}".rstrip(), ""]
    if execution.error:
        lines += ["```", execution.error, "```", ""]
    duration = max(0.0, execution.finished - execution.started)
    lines += [f"Execution {execution.id} of run `{run_id}`, {seconds(duration)}.", ""]
    rows = [
        f"| {key} | {record.type} | {record.id} | `{record.uri}` |"
        for key, records in outcome.outputs.items()
        for record in records
    ]
    if rows:
        lines += ["| output | type | id | URI |", "|---|---|---|---|", *rows, ""]
    found = dict(metrics(outcome))
    if found:
        lines += ["| metric | value |", "|---|---|"]
        lines += [f"| {name} | {value:.6g} |" for name, value in sorted(found.items())] + [""]
    if ui_url:
        name = quote(node_label(outcome.node_id, outcome.iteration), safe="")
        page = f"{ui_url.rstrip('/')}/node?run={quote(run_id, safe='')}&name={name}"
        lines += [f"[Its page, with its inputs, outputs and their lineage](<{page}>)", ""]
    lines.append(f"Show it with `mlops show {run_id} {outcome.node_id}`.")
    return "\n".join(lines) + "\n"


def metrics(outcome: Outcome) -> Iterator[tuple[str, float]]:
    """Yield the numbers among the properties of a node's outputs."""
    for key, records in outcome.outputs.items():
        for record in records:
            found = record.properties.get("metrics")
            if isinstance(found, Mapping):
                for name, value in found.items():
                    if isinstance(value, int | float) and not isinstance(value, bool):
                        yield str(name), float(value)
            if isinstance(record.properties.get("blessed"), int):
                yield f"{key}_blessed", float(record.properties["blessed"])


def _facts(outcome: Outcome) -> dict[str, Any]:
    """Return the ids and URIs of the real artifacts, for readers of Kubeflow's metadata."""
    execution = outcome.execution
    artifacts = {
        key: [{"id": record.id, "uri": record.uri} for record in records]
        for key, records in outcome.outputs.items()
    }
    return {
        "mlops_execution_id": execution.id,
        "mlops_state": str(execution.state),
        "mlops_reason": execution.reason,
        "mlops_outputs": json.dumps(artifacts, sort_keys=True),
    }
