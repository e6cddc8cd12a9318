"""Artifacts of a run and of its repetition compared: the same bytes, or numbers close enough."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.inspection import NodeRun, PipelineRun
from mlops_pipeline.roots import digest_path

_MOST = 32 * 1024 * 1024
"""Bytes of a file whose numbers are compared."""


class Verdict(str, Enum):
    """Result of a comparison of two artifacts."""

    SAME = "same"
    WITHIN = "within"
    DIFFERS = "differs"
    OPAQUE = "other bytes"
    MISSING = "missing"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class ComparedArtifact:
    """An artifact of a run, and what became of it in the repetition.

    Args:
        place: `node.output`, with the index where there are several.
        detail: the first difference, in words.
    """

    place: str
    type: str
    verdict: Verdict
    before: int = 0
    after: int = 0
    detail: str = ""


def compare_artifacts(
    before: PipelineRun, after: PipelineRun, tolerance: float | None = None
) -> list[ComparedArtifact]:
    """Compare what the nodes of two runs wrote, in the order in which they began in the first.

    Args:
        tolerance: how far numbers may be apart, absolute or relative; None for the same bytes.
    """
    found: list[ComparedArtifact] = []
    for name, node in before.nodes.items():
        found += _of_node(name, node, after.nodes.get(name), tolerance)
    return found


def _of_node(
    name: str, node: NodeRun, other: NodeRun | None, tolerance: float | None
) -> Iterator[ComparedArtifact]:
    if other is None or (node.outputs and not other.outputs):
        state = other.state.value.lower() if other else "not run"
        why = f": {other.execution.error}" if other and other.execution.error else ""
        yield ComparedArtifact(name, "", Verdict.MISSING, detail=f"the node was {state}{why}")
        return
    for key, artifacts in node.outputs.items():
        others: Sequence[Artifact] = other.outputs.get(key, ())
        for index, artifact in enumerate(artifacts):
            place = f"{name}.{key}" + (f"[{index}]" if len(artifacts) > 1 else "")
            if index >= len(others):
                why = "it was not written"
                yield ComparedArtifact(
                    place, artifact.TYPE_NAME, Verdict.MISSING, artifact.id, detail=why
                )
                continue
            verdict, detail = _compared(artifact, others[index], tolerance)
            ids = (artifact.id, others[index].id)
            yield ComparedArtifact(place, artifact.TYPE_NAME, verdict, *ids, detail)
        for more in others[len(artifacts) :]:
            detail = "only the repetition has it"
            yield ComparedArtifact(
                f"{name}.{key}", more.TYPE_NAME, Verdict.DIFFERS, 0, more.id, detail
            )


def _compared(artifact: Artifact, other: Artifact, tolerance: float | None) -> tuple[Verdict, str]:
    if artifact.digest and artifact.digest == other.digest:
        return Verdict.SAME, ""
    try:
        files, others = _files(Path(artifact.path)), _files(Path(other.path))
    except OSError as error:
        return Verdict.DIFFERS, f"it cannot be read: {error.strerror or error}"
    if not files:
        return Verdict.DIFFERS, "the files of the first run are gone"
    worst, detail = Verdict.SAME, ""
    for name in sorted({*files, *others}):
        verdict, words = _compare_file(files.get(name), others.get(name), tolerance)
        if _RANK[verdict] > _RANK[worst]:
            worst, detail = verdict, f"{name}: {words}" if name else words
    return worst, detail


_RANK = {
    v: n for n, v in enumerate((Verdict.SAME, Verdict.WITHIN, Verdict.OPAQUE, Verdict.DIFFERS))
}


def _files(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {"": path}
    return {str(each.relative_to(path)): each for each in path.rglob("*") if each.is_file()}


def _compare_file(
    before: Path | None, after: Path | None, tolerance: float | None
) -> tuple[Verdict, str]:
    if before is None or after is None:
        who = "the first run" if after is None else "the repetition"
        return Verdict.DIFFERS, f"only {who} has it"
    if digest_path(before) == digest_path(after):
        return Verdict.SAME, ""
    sizes = before.stat().st_size, after.stat().st_size
    if max(sizes) <= _MOST:
        old, new = before.read_bytes(), after.read_bytes()
        numbers = _json_of(old), _json_of(new)
        if tolerance is not None and _UNREADABLE not in numbers:
            return _compare_values(*numbers, tolerance)
        words = _first_byte(old, new)
    else:
        words = f"{sizes[0]} bytes -> {sizes[1]} bytes"
    return (Verdict.DIFFERS if tolerance is None else Verdict.OPAQUE), words


_UNREADABLE = object()


def _json_of(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _first_byte(old: bytes, new: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    at = min(len(old), len(new)) if at is None else at
    line = old.count(b"\n", 0, at) + 1
    try:
        (old + new).decode()
    except UnicodeDecodeError:
        return f"{len(old)} bytes -> {len(new)} bytes, from byte {at + 1}"
    return f"{len(old)} bytes -> {len(new)} bytes, from line {line}"


def _compare_values(old: Any, new: Any, tolerance: float) -> tuple[Verdict, str]:
    """Compare two JSON values; names the number that is furthest apart."""
    worst, detail = 0.0, ""
    for place, before, after in _leaves(old, new, ""):
        numbers = _is_number(before) and _is_number(after)
        if before == after or (numbers and math.isnan(before) and math.isnan(after)):
            continue
        words = f"{place}: {_shown(before)} -> {_shown(after)}".lstrip(": ")
        if not numbers:
            return Verdict.DIFFERS, words
        distance = min(abs(before - after), abs(before - after) / max(abs(before), abs(after)))
        if not distance <= tolerance:
            return Verdict.DIFFERS, words
        if distance >= worst:
            worst, detail = distance, words
    return Verdict.WITHIN, detail


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = "nothing" if value is _UNREADABLE else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _leaves(old: Any, new: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            values = old.get(key, _UNREADABLE), new.get(key, _UNREADABLE)
            yield from _leaves(*values, f"{place}.{key}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, values in enumerate(zip(old, new, strict=True)):
            yield from _leaves(*values, f"{place}[{index}]")
    else:
        yield place, old, new
