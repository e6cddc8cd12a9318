"""TensorFlow Data Validation in memory: statistics, schemas and anomalies without Beam.

Statistics are accumulated batch by batch by TFDV's own generators, the ones that its Beam
pipeline combines too. This module imports TFDV when it is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from mlops_pipeline.artifacts import ExampleAnomalies, ExampleStatistics, Schema
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, did_you_mean

STATISTICS_FILE = "FeatureStats.pb"
ANOMALIES_FILE = "SchemaDiff.pb"
SCHEMA_FILE = "schema.pbtxt"


def options_from(given: Mapping[str, Any] | str | None, schema: Any = None) -> Any:
    """`tfdv.StatsOptions` from its JSON, or from its arguments by name.

    Raises:
        ParameterError: an option is unknown or has a wrong value.
    """
    by_name = given if isinstance(given, Mapping) else {}
    try:
        if isinstance(given, str) and given:
            options = tfdv.StatsOptions.from_json(given)
        else:
            options = tfdv.StatsOptions(**by_name)
    except TypeError as error:
        known = tfdv.StatsOptions.__init__.__code__.co_varnames[1:]
        wrong = next((n for n in by_name if n not in known), "")
        raise ParameterError(
            f"stats_options: {error}", hint=did_you_mean(wrong, known) if wrong else ""
        ) from None
    except (ValueError, AttributeError) as error:
        raise ParameterError(
            f"stats_options: {error}", hint="give what tfdv.StatsOptions takes"
        ) from None
    if schema is not None:
        if options.schema is not None:
            raise ParameterError(
                "stats_options has a schema, and the input `schema` is given too",
                hint="leave out one of the two",
            )
        options.schema = schema
    return options


def describe(batches: Iterable[pa.RecordBatch], options: Any) -> Any:
    """Statistics of all batches together; holds one batch at a time."""
    generators = stats_impl.get_generators(options, in_memory=True)
    totals: list[Any] | None = None
    for batch in batches:
        partial = stats_impl.generate_partial_statistics_in_memory(batch, options, generators)
        if totals is None:
            totals = partial
        else:
            pairs = zip(generators, totals, partial, strict=True)
            totals = [g.compact(g.merge_accumulators([a, b])) for g, a, b in pairs]
    if totals is None:
        totals = [g.create_accumulator() for g in generators]
    return stats_impl.extract_statistics_output(totals, generators)


def write_statistics(statistics: Any, folder: Path) -> None:
    """Write `FeatureStats.pb`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STATISTICS_FILE).write_bytes(statistics.SerializeToString(deterministic=True))


def read_statistics(artifact: ExampleStatistics, split: str) -> Any:
    """The statistics of a split.

    Raises:
        NotFoundError: the file is missing.
        ExecutorError: it holds something else.
    """
    path = artifact.split(split) / STATISTICS_FILE
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    try:
        statistics.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run StatisticsGen again") from None
    except DecodeError as error:
        raise ExecutorError(
            f"{path} does not hold statistics: {error}", hint="run StatisticsGen again"
        ) from None
    return statistics


def read_anomalies(artifact: ExampleAnomalies, split: str) -> Any:
    """The anomalies of a split, or of a pair of splits."""
    path = artifact.split(split) / ANOMALIES_FILE
    if not path.exists():
        path = artifact.path / f"SplitPair-{split}" / ANOMALIES_FILE
    try:
        return anomalies_pb2.Anomalies.FromString(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run ExampleValidator again") from None


def read_schema(artifact: Schema) -> Any:
    """The schema.

    Raises:
        NotFoundError: the file is missing.
        ExecutorError: it is not the text form of a schema.
    """
    path = artifact.path / SCHEMA_FILE
    try:
        return text_format.Parse(path.read_text(), schema_pb2.Schema())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run SchemaGen again") from None
    except text_format.ParseError as error:
        raise ExecutorError(
            f"{path} is not a schema: {error}", hint="mend the file", retryable=False
        ) from None


def write_schema(schema: Any, artifact: Schema) -> None:
    """Write `schema.pbtxt`."""
    artifact.path.mkdir(parents=True, exist_ok=True)
    (artifact.path / SCHEMA_FILE).write_text(text_format.MessageToString(schema))


def infer_schema(statistics: Iterable[Any], infer_feature_shape: bool) -> Any:
    """The schema that all these statistics fit."""
    schema: Any = None
    for one in statistics:
        if schema is None:
            schema = tfdv.infer_schema(one, infer_feature_shape=infer_feature_shape)
        else:
            schema = tfdv.update_schema(schema, one, infer_feature_shape=infer_feature_shape)
    return schema


def validate(statistics: Any, schema: Any, folder: Path) -> Any:
    """Compare statistics with a schema and write `SchemaDiff.pb`; returns the anomalies."""
    anomalies = tfdv.validate_statistics(statistics, schema)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ANOMALIES_FILE).write_bytes(anomalies.SerializeToString(deterministic=True))
    return anomalies
