"""Metrics of a run: what its evaluations wrote, overall and by slice."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection.comparison.run_records import RunRecord
from mlops_pipeline.inspection.report import METRICS_FILE
from mlops_pipeline.inspection.results import artifact_object
from mlops_pipeline.roots import Copies
from mlops_pipeline.store import ArtifactRecord

MOST_BYTES = 20_000_000
"""Bytes of a file of metrics that are read."""

EVALUATION = "ModelEvaluation"

ReadMetrics = Callable[[ArtifactRecord], bytes]
"""Reads the metrics file of an evaluation.

Raises `OSError` or `PipelineError` where it cannot.
"""


@dataclass(frozen=True)
class Metric:
    """A metric of one evaluation.

    Args:
        evaluation: node that evaluated, with the output where it wrote several.
        where: values of features by name; empty for all examples.
        value: number, or NaN, or None where the evaluation gave none.
    """

    evaluation: str
    name: str
    where: tuple[tuple[str, str], ...]
    value: Any


def read_metrics_file(copies: Copies | None = None) -> ReadMetrics:
    """Return what reads metrics from the files of artifacts.

    Args:
        copies: local copies of artifacts that are kept elsewhere, as for `artifact_object`.
    """

    def read(record: ArtifactRecord) -> bytes:
        path = artifact_object(record, copies).path / METRICS_FILE
        if not path.is_file():
            raise PipelineError(f"{path} is not there")
        if path.stat().st_size > MOST_BYTES:
            raise PipelineError(f"{path} has more than {MOST_BYTES // 1_000_000} MB")
        return path.read_bytes()

    return read


def metrics_of(record: RunRecord, read: ReadMetrics) -> tuple[list[Metric], list[str]]:
    """Return the metrics of a run, and why some could not be read."""
    found: list[Metric] = []
    problems: list[str] = []
    for node in record.nodes.values():
        links = [link for link in node.outputs if link.artifact.type == EVALUATION]
        for number, link in enumerate(links):
            name = node.name if len(links) == 1 else f"{node.name}.{link.key}[{number}]"
            metrics, problem = _read(name, link.artifact, read)
            found += metrics
            problems += [f"{name}: {problem}"] if problem else []
    return found, problems


def _read(name: str, evaluation: ArtifactRecord, read: ReadMetrics) -> tuple[list[Metric], str]:
    """Return the metrics of an evaluation and why its file could not be read."""
    try:
        return list(_metrics(name, json.loads(read(evaluation)))), ""
    except PipelineError as error:
        problem = error.message
    except Exception as error:  # noqa: BLE001 - a damaged file hides no other fact
        problem = f"its metrics cannot be read: {type(error).__name__}"
    kept = evaluation.properties.get("metrics")
    if isinstance(kept, Mapping) and kept:
        recorded = list(_metrics(name, {"overall": kept}))
        return recorded, f"{problem}; the overall metrics are those of its record"
    return [], problem


def _metrics(evaluation: str, document: Any) -> Iterator[Metric]:
    if not isinstance(document, Mapping):
        raise PipelineError("its metrics are no table")
    overall, slices = document.get("overall"), document.get("slices")
    if isinstance(overall, Mapping):
        for name, value in overall.items():
            yield Metric(evaluation, str(name), (), value)
    seen = set()
    for each in slices if isinstance(slices, list) else ():
        if not isinstance(each, Mapping) or not isinstance(each.get("slice"), Mapping):
            continue
        where = tuple(sorted((str(key), _text(value)) for key, value in each["slice"].items()))
        values = each.get("metrics")
        if not where or where in seen or not isinstance(values, Mapping):
            continue
        seen.add(where)
        for name, value in values.items():
            yield Metric(evaluation, str(name), where, value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def as_number(value: Any) -> float | None:
    """Return a metric's value as a number; None where it is none, or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
