"""Statistics by TFDV, by either engine: this process, or a Beam pipeline.

In memory, rows are decoded by threads, on all cores, and pushed through the combiner that TFDV's
own pipeline uses: it is fed in order, so that the result does not depend on the number of threads.
This module imports TFDV when it is imported.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation import constants
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_data_validation.utils import slicing_util
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx_bsl.statistics import merge_util

from mlops_components.engines import open_pipeline
from mlops_components.records import SplitFiles, decoded
from mlops_components.records._beam_reads import Decode, Reads
from mlops_components.sql._unfit import unfit_queries
from mlops_components.statistics import _long_texts, _options, _weights
from mlops_components.statistics._histograms import plain_numbers
from mlops_components.statistics._tfdv import STATISTICS_FILE, write_statistics
from mlops_pipeline.errors import ExecutorError, ParameterError, PipelineError, did_you_mean
from mlops_pipeline.tracebacks import summary, traceback_tail

COMBINED_ROWS = 32768
"""Rows of a slice that go through the generators at once: a call costs some time a feature."""

_HELD_ROWS = 8 * COMBINED_ROWS
_HELD_BYTES = 128 << 20
SHARDED_PREFIX = "FeatureStats" + tfdv.default_sharded_output_suffix()


@dataclass(frozen=True)
class Split:
    """One split to describe.

    Args:
        files: its examples.
        sample_rate: the share of its rows that counts.
        folder: where the statistics go.
    """

    files: SplitFiles
    sample_rate: float
    folder: Path


@dataclass(frozen=True)
class StatisticsWork:
    """Options for the statistics of all splits.

    Args:
        options: `tfdv.StatsOptions`; its sample rate is not looked at.
        payload: TFX's name for what a record is.
        sharded: whether the statistics are written as records, too.
    """

    options: Any
    payload: str
    sharded: bool

    @property
    def columns(self) -> Any:
        """The schema of what is read; None for all that is there, as features may be new."""
        options = self.options
        if not options.experimental_filter_read_paths:
            return None
        if options.feature_allowlist:
            paths = [f for f in options.feature_allowlist if not isinstance(f, str)]
            if not paths:
                raise ParameterError(
                    "stats_options: experimental_filter_read_paths takes paths, not names",
                    hint="leave it out",
                )
            return tfdv.generate_dummy_schema_with_paths(paths)
        if options.schema is None:
            raise ParameterError(
                "stats_options: experimental_filter_read_paths has no schema to go by",
                hint="connect `schema`",
            )
        return options.schema


def in_memory(work: StatisticsWork, splits: Iterable[Split]) -> None:
    """Describe the splits in this process."""
    for split in splits:
        keep = sampler(split.sample_rate)
        batches = decoded(split.files, payload=work.payload, schema=work.columns, keep=keep)
        statistics = statistics_of(batches, work.options)
        _finish(work, split, statistics)
        if work.sharded:
            _write_shard(statistics, split.folder)


def with_beam(
    work: StatisticsWork, splits: Sequence[Split], arguments: Sequence[str] | None
) -> None:
    """Describe the splits with one Beam pipeline."""
    folders = sorted({str(split.files[0].parent) for split in splits})
    reads = Reads(splits[0].folder.parent)
    with (
        beam_explained(folders),
        plain_numbers(),
        _long_texts.keeping_long_texts(),
        open_pipeline(arguments) as pipeline,
    ):
        for index, split in enumerate(splits):
            read = pipeline | f"Read[{index}]" >> reads.records(split.files)
            _ = read | f"Split[{index}]" >> _Describe(work, split)
    reads.check()
    for split in splits:
        written = (split.folder / STATISTICS_FILE).read_bytes()
        _finish(work, split, statistics_pb2.DatasetFeatureStatisticsList.FromString(written))


class _Describe(beam.PTransform):  # type: ignore[misc]
    """From the records of a split to its statistics."""

    def __init__(self, work: StatisticsWork, split: Split) -> None:
        super().__init__()
        self._work = work
        self._split = split

    def expand(self, records: Any) -> Any:
        work, split = self._work, self._split
        if split.sample_rate < 1:
            records = records | "Sample" >> beam.Filter(sampler(split.sample_rate))
        binary = str(split.folder / STATISTICS_FILE)
        if work.sharded:
            prefix = str(split.folder / SHARDED_PREFIX)
            write = tfdv.WriteStatisticsToRecordsAndBinaryFile(binary, prefix)
        else:
            write = tfdv.WriteStatisticsToBinaryFile(binary)
        return (
            records
            | "Decode" >> beam.ParDo(Decode(work.payload, work.columns))
            | "CheckWeights" >> beam.Map(_weights.checked, _weights.weights_of(work.options))
            | "KeepLongTexts" >> beam.ParDo(_long_texts.Keep())
            | "Describe" >> stats_impl.GenerateStatisticsImpl(_options.for_beam(work.options))
            | "Write" >> write
        )


@contextlib.contextmanager
def beam_explained(folders: Sequence[str]) -> Iterator[None]:
    """Say what a failure inside a pipeline comes from: it is wrapped by every runner."""
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:
        raise ExecutorError(
            f"the Beam pipeline over {', '.join(folders)} failed: {summary(error)}",
            hint="if it is the examples, write them again",
            details=traceback_tail(error),
        ) from error


def statistics_of(batches: Iterable[pa.RecordBatch], options: Any) -> Any:
    """Return statistics of all batches, by slice; holds some batches and the accumulators.

    Raises:
        ExecutorError: a generator of TFDV refuses the data.
    """
    try:
        with plain_numbers(), _long_texts.keeping_long_texts():
            found = _combined(batches, options)
    except (KeyError, TypeError, ValueError) as error:
        raise ExecutorError(
            f"TFDV cannot describe the examples: {error}",
            hint="check the features that stats_options and the schema name, and their types",
            retryable=False,
            details=traceback_tail(error),
        ) from error
    return merge_util.merge_dataset_feature_statistics(
        found or [statistics_pb2.DatasetFeatureStatistics()]
    )


def _combined(batches: Iterable[pa.RecordBatch], options: Any) -> list[Any]:
    generators = stats_impl.get_generators(options, in_memory=True)
    # The combiner of TFDV's Beam pipeline: it puts small batches together before it adds them.
    combiner = stats_impl._CombinerStatsGeneratorsCombineFn(
        generators, options.desired_batch_size or COMBINED_ROWS
    )
    combiner.setup()
    slices, is_sliced = _slicer(options), bool(_options.slicers(options))
    totals: dict[str, Any] = {}
    held = 0
    weights = _weights.weights_of(options)
    for batch in batches:
        for key, part in slices(_allowed(_weights.checked(batch, weights), options)):
            total = totals[key] if key in totals else combiner.create_accumulator()
            totals[key] = combiner.add_input(total, part)
            held += max(part.nbytes, part.num_rows * _HELD_BYTES // _HELD_ROWS)
        if is_sliced and held > _HELD_BYTES:
            # Many slices hold many rows that wait to be put together.
            totals = {key: combiner.compact(total) for key, total in totals.items()}
            held = 0
    return [
        _named(key if is_sliced else "", combiner.extract_output(combiner.compact(total)))
        for key, total in totals.items()
    ]


def _named(key: str, statistics: Any) -> Any:
    if key:
        statistics.name = key
    return statistics


def _allowed(batch: pa.RecordBatch, options: Any) -> pa.RecordBatch:
    if not options.feature_allowlist:
        return batch
    return stats_impl._filter_features(batch, options.feature_allowlist)


def _slicer(options: Any) -> Callable[[pa.RecordBatch], Iterable[tuple[str, pa.RecordBatch]]]:
    functions = _options.slicers(options)
    if functions:
        functions = [slicing_util.default_slicer, *functions]
        return lambda batch: slicing_util.generate_slices(batch, functions)
    return lambda batch: [("", batch)]


def sampler(rate: float) -> Callable[[bytes], bool] | None:
    """Return a function that tells if a record is in the sample; None if all are.

    By a digest of the record, so that it is the same sample in every engine and run.
    """
    if rate >= 1:
        return None
    limit = int(rate * (1 << 64))

    def is_in(record: bytes) -> bool:
        digest = hashlib.blake2b(record, digest_size=8, person=b"sample").digest()
        return int.from_bytes(digest, "big") < limit

    return is_in


def _finish(work: StatisticsWork, split: Split, statistics: Any) -> None:
    """Check that all that was asked for is there, and write it in one order."""
    _check(work.options, statistics)
    for dataset in statistics.datasets:
        ordered = sorted(dataset.features, key=_feature_key)
        del dataset.features[:]
        dataset.features.extend(ordered)
    ordered = sorted(
        statistics.datasets, key=lambda d: (d.name not in ("", constants.DEFAULT_SLICE_KEY), d.name)
    )
    del statistics.datasets[:]
    statistics.datasets.extend(ordered)
    write_statistics(statistics, split.folder)


def _feature_key(feature: Any) -> tuple[str, ...]:
    return tuple(feature.path.step) or (feature.name,)


def _check(options: Any, statistics: Any) -> None:
    rows = {dataset.name: dataset.num_examples for dataset in statistics.datasets}
    counted, useless = unfit_queries(rows, rows.get(constants.DEFAULT_SLICE_KEY, 0))
    if useless:
        raise ParameterError(
            "stats_options: a query in experimental_slice_sqls or slice_keys_sql cannot be used: "
            + "; ".join(useless),
            hint="write SELECT STRUCT(feature) FROM example.feature, with features that are there",
        )
    if counted:
        # Some batches had no value of a feature: their rows are in no slice.
        kept = [d for d in statistics.datasets if d.name not in counted]
        del statistics.datasets[:]
        statistics.datasets.extend(kept)
    there = {_feature_key(f)[0] for dataset in statistics.datasets for f in dataset.features}
    if not there:
        return
    for option, names in _options.named_features(options).items():
        # A slice may be by a feature that is not described itself.
        known = there if option != "slicing_config" or not options.feature_allowlist else names
        for name in sorted(names - known):
            raise ParameterError(
                f"stats_options: {option} names {name!r}, which no example has",
                hint=did_you_mean(name, there),
            )


def _write_shard(statistics: Any, folder: Path) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(folder / f"{SHARDED_PREFIX}-00000-of-00001")) as file:
        file.write(statistics.SerializeToString(deterministic=True))
