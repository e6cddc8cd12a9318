"""Applies a transform graph: transformed examples, and statistics of what goes in and comes out.

This module imports TFT, TFDV and Beam when it is imported.
"""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow_data_validation as tfdv
import tensorflow_transform.beam as tft_beam

from mlops_components.engines import open_pipeline
from mlops_components.preprocessing import _infinite
from mlops_components.preprocessing._analyze import (
    Encoder,
    Records,
    Transformer,
    refuse_empty,
    schema_after,
    vocabularies,
)
from mlops_components.records import SplitFiles, SplitWriter
from mlops_components.records._beam_reads import Reads
from mlops_components.statistics import _compute, _tfdv
from mlops_components.statistics import _options as _stats_options
from mlops_components.user_modules import StatsType
from mlops_pipeline.artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema
from mlops_pipeline.errors import ExecutorError, PipelineError
from mlops_pipeline.tracebacks import summary, traceback_tail

log = logging.getLogger(__name__)

PREFIX = "transformed_examples"


@dataclass(frozen=True)
class Application:
    """Input and options for applying a transform graph.

    Args:
        graph: the transform graph.
        records: of what the raw examples are made.
        analyzed: files that the statistics of the raw examples are of.
        transformed: files to transform, by split.
        before: statistics options for the raw examples; None makes none.
        after: likewise for the transformed ones.
    """

    graph: Path
    records: Records
    analyzed: SplitFiles
    transformed: Mapping[str, SplitFiles]
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Statistics:
    """Statistics of examples, and the schema that they go by, as protos."""

    statistics: Any
    schema: Any


@dataclass(frozen=True)
class Described:
    """The statistics that were asked for, of the raw examples and of the transformed ones.

    Args:
        seen: the numbers that were read and written.
    """

    before: Statistics | None = None
    after: Statistics | None = None
    seen: _infinite.Seen = field(default_factory=_infinite.Seen)


def with_statistics(work: Application, update: Callable[[Any, Any], Any]) -> Application:
    """Ask for statistics, with options as TFX has them and as the user's function wants them.

    Raises:
        ExecutorError: the user's function fails, or gives something else.
    """
    before = _options(work.records.schema, {}, functools.partial(update, StatsType.PRE_TRANSFORM))
    after = _options(
        schema_after(work.graph),
        {"vocab_paths": vocabularies(work.graph)},
        functools.partial(update, StatsType.POST_TRANSFORM),
    )
    return replace(work, before=before, after=after)


def _options(schema: Any, more: Mapping[str, Any], update: Callable[[Any], Any]) -> Any:
    given = tfdv.StatsOptions(
        schema=copy.deepcopy(schema), experimental_use_sketch_based_topk_uniques=True, **more
    )
    try:
        updated = update(given)
    except PipelineError:
        raise
    except Exception as error:
        raise ExecutorError(
            f"stats_options_updater_fn failed: {summary(error)}",
            hint="fix it; the details say where",
            retryable=False,
            details=traceback_tail(error),
        ) from error
    if not isinstance(updated, tfdv.StatsOptions):
        raise ExecutorError(
            f"stats_options_updater_fn returned a {type(updated).__name__}",
            hint="return the tfdv.StatsOptions that it was given, or another",
            retryable=False,
        )
    return updated


def apply(
    work: Application,
    written: Examples | None,
    scratch: Path,
    beam_arguments: Sequence[str] | None = None,
) -> Described:
    """Transform the examples, and describe them before and after.

    Args:
        written: where the transformed examples go; None writes none.
        beam_arguments: of a Beam pipeline; None stays in memory.
    """
    if written is not None or work.after is not None:
        for files in work.transformed.values():
            refuse_empty(files)
    if beam_arguments is not None:
        return _apply_with_beam(work, written, scratch, beam_arguments)
    for options in (work.before, work.after):
        if options is not None and (missing := _stats_options.only_beam(options)):
            log.warning("not in the statistics: %s; choose engine='beam'", missing)
    before, seen = None, _infinite.Seen()
    if work.before is not None:
        batches = _infinite.counted(work.records.batches(work.analyzed), seen.analyzed)
        before = Statistics(_compute.statistics_of(batches, work.before), work.before.schema)
    if written is None and work.after is None:
        return Described(before, seen=seen)
    with ExitStack() as stack:
        writer = None
        if written is not None:
            writer = stack.enter_context(SplitWriter(written, list(work.transformed), PREFIX))
        batches = _transformed(work, writer, seen)
        if work.after is not None:
            after = Statistics(_compute.statistics_of(batches, work.after), work.after.schema)
            return Described(before, after, seen)
        for _ in batches:
            pass
    return Described(before, seen=seen)


def _transformed(
    work: Application, writer: SplitWriter | None, seen: _infinite.Seen
) -> Iterator[pa.RecordBatch]:
    """Yield all transformed batches; each is written on its way."""
    transformer = Transformer(work.graph, work.records)
    encoder = Encoder(schema_after(work.graph))
    for split, files in work.transformed.items():
        raw = _infinite.counted(work.records.batches(files), seen.transformed)
        for batch in _infinite.counted(transformer.batches(raw), seen.result):
            if writer is not None:
                for record in encoder.records(batch):
                    writer.write(split, record)
            yield batch


def _apply_with_beam(
    work: Application, written: Examples | None, scratch: Path, arguments: Sequence[str]
) -> Described:
    """Return the same as a Beam pipeline; the runner decides on files and order."""
    reads = Reads(work.graph)
    with open_pipeline(arguments) as pipeline, tft_beam.Context(temp_dir=str(scratch)):
        if work.before is not None:
            raw = pipeline | "ReadAnalyzed" >> _source(work, reads, work.analyzed)
            _ = raw | "Before" >> _Describe(work.before, scratch / "before")
            _ = raw | "CountAnalyzed" >> _infinite.CountInto(scratch / _infinite.ANALYZED)
        function = pipeline | tft_beam.ReadTransformFn(str(work.graph))
        config = work.records.tensors
        splits: list[Any] = []
        raws: list[Any] = []
        for split, files in work.transformed.items() if written or work.after else []:
            raw = pipeline | f"Read[{split}]" >> _source(work, reads, files)
            raws.append(raw)
            apply_ = tft_beam.TransformDataset(output_record_batches=True)
            transformed, _ = ((raw, config), function) | f"Transform[{split}]" >> apply_
            splits.append(transformed | f"Batches[{split}]" >> beam.Keys())
            if written is not None:
                folder = written.path / f"Split-{split}"
                _ = splits[-1] | f"Write[{split}]" >> _Write(work.graph, folder, reads)
        given = raws | "Given" >> beam.Flatten(pipeline=pipeline)
        _ = given | "CountGiven" >> _infinite.CountInto(scratch / _infinite.TRANSFORMED)
        result = splits | "Result" >> beam.Flatten(pipeline=pipeline)
        _ = result | "CountResult" >> _infinite.CountInto(scratch / _infinite.RESULT)
        if work.after is not None:
            _ = result | "After" >> _Describe(work.after, scratch / "after")
    reads.check()
    if written is not None:
        written.set_splits(list(work.transformed))
    return Described(
        _read(scratch / "before", work.before),
        _read(scratch / "after", work.after),
        _infinite.read_seen(scratch),
    )


def _source(work: Application, reads: Reads, files: SplitFiles) -> Any:
    return reads.records(files) | beam.ParDo(work.records.decode())


class _Write(beam.PTransform):  # type: ignore[misc]
    """Writes transformed batches as examples, and counts them."""

    def __init__(self, graph: Path, folder: Path, reads: Reads) -> None:
        super().__init__()
        self._schema = schema_after(graph)
        self._prefix = str(folder / PREFIX)
        self._reads = reads

    def expand(self, batches: Any) -> Any:
        encoded = batches | beam.ParDo(_Encode(self._schema))
        _ = encoded | "Written" >> self._reads.written()
        return encoded | beam.io.WriteToTFRecord(self._prefix, file_name_suffix=".gz")


class _Describe(beam.PTransform):  # type: ignore[misc]
    """Writes the statistics of record batches to a file."""

    def __init__(self, options: Any, file: Path) -> None:
        super().__init__()
        self._options = options
        self._file = str(file)

    def expand(self, batches: Any) -> Any:
        return (
            batches
            | tfdv.GenerateStatistics(_stats_options.for_beam(self._options))
            | tfdv.WriteStatisticsToBinaryFile(self._file)
        )


def _read(file: Path, options: Any) -> Statistics | None:
    if options is None:
        return None
    return Statistics(tfdv.load_stats_binary(str(file)), options.schema)


class _Encode(beam.DoFn):  # type: ignore[misc]
    """Serialises batches as examples, on the workers of a Beam runner."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema

    def setup(self) -> None:
        self._encoder = Encoder(self._schema)

    def process(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        yield from self._encoder.records(batch)


def write_whole_statistics(
    found: Statistics | None,
    statistics: ExampleStatistics,
    schema: Schema,
    anomalies: ExampleAnomalies | None = None,
) -> None:
    """Write statistics as TFX does: not by split, and with what does not fit their schema."""
    if found is None:
        return
    _tfdv.write_statistics(found.statistics, statistics.path)
    if found.schema is not None:
        _tfdv.write_schema(found.schema, schema)
        if anomalies is not None:
            _tfdv.write_schema_diff(found.statistics, found.schema, anomalies.path)
