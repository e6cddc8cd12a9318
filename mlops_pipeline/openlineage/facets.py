"""Facets: those of the specification that fit, and our own, whose schemas are in `schemas/`."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_pipeline.gate import WARN, Gate
from mlops_pipeline.openlineage.names import without_login

SCHEMAS = Path(__file__).parent / "schemas"

TEXT = 1_000
"""Characters of a text in a facet; of errors and tracebacks, `LONG_TEXT`."""

LONG_TEXT = 8_000

ITEMS = 200
"""Largest number of items of a list or a mapping in a facet."""

_DEPTH = 6
_SPEC = "https://openlineage.io/spec/facets"
_VERSIONS = {
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "DataQualityMetricsInputDatasetFacet": "1-0-3",
    "DatasetTypeDatasetFacet": "1-0-1",
    "DatasetVersionDatasetFacet": "1-0-1",
    "ErrorMessageRunFacet": "1-0-1",
    "ExecutionParametersRunFacet": "1-0-0",
    "JobTypeJobFacet": "2-0-4",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "TestRunFacet": "1-0-1",
}

Facet = dict[str, Any]


@functools.cache
def producer() -> str:
    """Return the URI that says which program made an event."""
    try:
        version = importlib.metadata.version("mlops-pipeline")
    except importlib.metadata.PackageNotFoundError:
        version = "0"
    return f"urn:mlops-pipeline:{version}"


def standard(name: str, /, **facts: Any) -> Facet:
    """Return a facet of the specification."""
    url = f"{_SPEC}/{_VERSIONS[name]}/{name}.json#/$defs/{name}"
    return {"_producer": producer(), "_schemaURL": url, **facts}


def own(name: str, /, **facts: Any) -> Facet:
    """Return one of our facets; its schema is the shipped file of the same name."""
    url = f"urn:mlops-pipeline:openlineage:1-0-0:{name}"
    return {"_producer": producer(), "_schemaURL": url, **facts}


def sendable(value: Any, longest: int = TEXT, depth: int = _DEPTH) -> Any:
    """Return a value as JSON that every back end takes: short, finite, without NUL or passwords."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str) or depth == 0:
        return text(value, longest)
    if isinstance(value, Mapping):
        kept = list(value.items())[:ITEMS]
        return {text(key, 200): sendable(each, longest, depth - 1) for key, each in kept}
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return [sendable(each, longest, depth - 1) for each in list(value)[:ITEMS]]
    return text(value, longest)


def text(value: Any, longest: int = TEXT) -> str:
    """Return a value as text that can be sent."""
    said = without_login(str(value)[: longest + 1]).replace("\0", "\ufffd")
    said = said.encode("utf-8", "replace").decode()
    return said if len(said) <= longest else f"{said[:longest]}..."


def parameters_facet(parameters: Mapping[str, Any]) -> Facet:
    """Return parameters; a secret is no part of what a store keeps of them."""
    listed = [
        {"key": text(key, 200), "name": text(key, 200), "value": _value(value)}
        for key, value in sorted(parameters.items())[:ITEMS]
    ]
    return standard("ExecutionParametersRunFacet", parameters=listed)


def _value(value: Any) -> str:
    said = sendable(value)
    return text(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))


def error_facet(message: str, details: str) -> Facet:
    """Return an error, and the end of its traceback."""
    trace = {"stackTrace": text(details, LONG_TEXT)} if details else {}
    said = text(message, LONG_TEXT)
    return standard("ErrorMessageRunFacet", message=said, programmingLanguage="PYTHON", **trace)


def findings_of(gate: Gate | None) -> list[dict[str, Any]]:
    """Return a gate as assertions that did not hold."""
    return [
        {
            "assertion": "gate",
            "success": False,
            "severity": "warn" if each.action == WARN else "error",
            "description": text(each.reason),
            "params": {"action": each.action},
        }
        for each in (gate.findings if gate else ())
    ]


def test_facet(assertions: Sequence[Mapping[str, Any]]) -> Facet:
    """Return assertions as tests of a run."""
    tests = [
        {
            "name": each["assertion"],
            "status": "pass" if each["success"] else "fail",
            "severity": each["severity"],
            "type": each["assertion"],
            "description": each.get("description", ""),
        }
        for each in assertions
    ]
    return standard("TestRunFacet", tests=tests)
