"""The metrics that a training wrote step by step, if it did."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection.comparison import as_number
from mlops_pipeline.inspection.models.evaluation_file import ReadFile
from mlops_pipeline.store import ArtifactRecord

HISTORY_FILE = "metrics.jsonl"
"""File of a ModelRun with a line for each step: `{"step": 3, "metrics": {"loss": 0.25}}`."""

STEPS = 200
"""Steps of a training that are kept, evenly spread, both ends among them."""

Curve = tuple[tuple[int, str, float], ...]
"""Rows of step, metric and number."""


def read_curve(record: ArtifactRecord, read: ReadFile) -> tuple[Curve, str]:
    """Return the steps of a training, and why there are none."""
    try:
        lines = read(record, HISTORY_FILE).decode(errors="replace").splitlines()
    except PipelineError as error:
        return (), error.message
    except OSError as error:
        return (), f"{HISTORY_FILE} cannot be read: {type(error).__name__}"
    steps = [step for line in lines if (step := _step(line)) is not None]
    note = "" if len(steps) == len(lines) else f"{len(lines) - len(steps)} lines cannot be read"
    apart = max(1, math.ceil(len(steps) / STEPS))
    kept = steps[::apart]
    if steps and kept[-1] is not steps[-1]:
        kept.append(steps[-1])
    rows = [(step, name, value) for step, values in kept for name, value in values.items()]
    return tuple(rows), note


def _step(line: str) -> tuple[int, dict[str, float]] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, Mapping) or not isinstance(found.get("metrics"), Mapping):
        return None
    step = found.get("step")
    if isinstance(step, bool) or not isinstance(step, int):
        return None
    numbers = {str(name): as_number(value) for name, value in found["metrics"].items()}
    return step, {name: value for name, value in numbers.items() if value is not None}
