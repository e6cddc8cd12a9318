"""Files that an ExampleGen reads: the driver makes them, and only them, decide the cache.

The driver lists the files, finds the wanted span, and puts span, version and a digest of the files
into the properties of the output, which belong to the cache key. `input_base` itself does not: a
file of another span changes nothing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_components.inputs import (
    InputConfig,
    RangeConfig,
    Selection,
    has_spans,
    select,
    wanted_span,
)
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, PipelineError
from mlops_pipeline.roots import StatCache, digest_path

if TYPE_CHECKING:
    from mlops_pipeline.node import Plan, Request

SUFFIXES: dict[str, tuple[str, ...]] = {
    "CsvExampleGen": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "JsonExampleGen": (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz"),
    "ParquetExampleGen": (".parquet",),
    "AvroExampleGen": (".avro",),
}
"""Ends of the names of files that a component reads, where others lie beside them."""

FINGERPRINT = "input_fingerprint"


def files_driver(request: Request) -> Plan:
    """Find the files of the wanted span before the cache is looked into."""
    from mlops_pipeline.node import Decision, SkippedError, drive

    try:
        found = _selected(request)
    except (PipelineError, SkippedError):
        # A node that is skipped need not have its files.
        plan = drive(request)
        if plan.decision is Decision.SKIPPED:
            return plan
        raise
    prints = fingerprint(found, request.workspace.digests)
    request = request.set_properties("examples", **properties(found), **{FINGERPRINT: prints})
    if not _has_spans(request):
        return drive(request)
    # However the span was named: the same one has the same key.
    return drive(request.replace_parameters(span=found.span, range_config=None))


def _selected(request: Request) -> Selection:
    return select(
        Path(request.value("input_base")),
        _config(request).splits,
        wanted_span(range_of(request), request.value("span")),
        SUFFIXES.get(request.node.component.rpartition(".")[2], ()),
    )


def _config(request: Request) -> InputConfig:
    given = request.value("input_config")
    return msgspec.convert(given, InputConfig) if given else InputConfig()


def range_of(request: Request) -> RangeConfig | None:
    """Return the range that a node is given."""
    given = request.value("range_config")
    return msgspec.convert(given, RangeConfig) if given else None


def _has_spans(request: Request) -> bool:
    return any(has_spans(split.pattern) for split in _config(request).splits)


def properties(found: Selection) -> dict[str, Any]:
    """Return span and version, as TFX records them."""
    return {"span": found.span, "version": found.version or 0}


def fingerprint(found: Selection, cache: StatCache | None = None) -> str:
    """Return a line for each input split, with a digest of what is in its files."""
    lines = []
    for name, paths in found.files.items():
        size = sum(path.stat().st_size for path in paths)
        digests = "".join(digest_path(path, cache) for path in paths)
        content = hashlib.sha256(digests.encode()).hexdigest()
        lines.append(f"split:{name},num_files:{len(paths)},total_bytes:{size},sha256:{content}")
    return "\n".join(lines)


def set_properties(examples: Examples, found: Selection, payload_format: str) -> None:
    """Set the properties of the output.

    Raises:
        ExecutorError: the files are not what the driver saw any more.
    """
    prints = fingerprint(found)
    if examples.properties.get(FINGERPRINT, prints) != prints:
        raise ExecutorError(
            "the input files were changed while they were read",
            hint="run it again, when nothing writes to them",
        )
    examples.properties.update(properties(found))
    examples.properties[FINGERPRINT] = prints
    examples.properties["file_format"] = "tfrecords_gzip"
    examples.properties["payload_format"] = payload_format
