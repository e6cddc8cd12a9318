"""Files of TFDV's components: statistics, schemas and anomalies.

This module imports TFDV when it is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from mlops_components.records import RECORDED
from mlops_components.statistics import _long_texts
from mlops_pipeline.artifacts import (
    ExampleAnomalies,
    ExampleStatistics,
    Schema,
    has_old_layout,
)
from mlops_pipeline.errors import ExecutorError, NotFoundError

STATISTICS_FILE = "FeatureStats.pb"
ANOMALIES_FILE = "SchemaDiff.pb"
SCHEMA_FILE = "schema.pbtxt"
# As TFX before 0.29 named them.
OLD_STATISTICS_FILE = "stats_tfrecord"
OLD_ANOMALIES_FILE = "anomalies.pbtxt"


def write_statistics(statistics: Any, folder: Path) -> None:
    """Write `FeatureStats.pb`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STATISTICS_FILE).write_bytes(statistics.SerializeToString(deterministic=True))


def read_statistics(artifact: ExampleStatistics, split: str) -> Any:
    """Return the statistics of a split; those that are not by split have the name "".

    Raises:
        NotFoundError: the file is missing.
        ExecutorError: it holds something else.
    """
    path = (artifact.split(split) if split else artifact.path) / STATISTICS_FILE
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    try:
        if has_old_layout(artifact.properties):
            path = path.with_name(OLD_STATISTICS_FILE)
            return tfdv.load_statistics(str(_existing(path)))
        statistics.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run StatisticsGen again") from None
    except DecodeError as error:
        raise ExecutorError(
            f"{path} does not hold statistics: {error}", hint="run StatisticsGen again"
        ) from None
    return statistics


def read_of_rows(artifact: ExampleStatistics, split: str) -> Any:
    """Return the statistics of a split, unless they are of no rows and nothing says why.

    Raises:
        NotFoundError, ExecutorError: as `read_statistics`, or there are no rows.
    """
    statistics = read_statistics(artifact, split)
    recorded = artifact.properties.get(RECORDED)
    was_empty = isinstance(recorded, dict) and recorded.get(split) == 0
    if not was_empty and not any(dataset.num_examples for dataset in statistics.datasets):
        raise ExecutorError(
            f"the statistics of split {split!r} at {artifact.uri} are of 0 rows, "
            "and do not record that the split was empty",
            hint="run StatisticsGen again, without the cache, or leave the split out",
            retryable=False,
        )
    return statistics


def _existing(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(path)
    return path


def read_anomalies(artifact: ExampleAnomalies, split: str) -> Any:
    """Return the anomalies of a split, or of a pair of splits; "" names those of all."""
    folder = artifact.split(split) if split else artifact.path
    if has_old_layout(artifact.properties):
        return tfdv.load_anomalies_text(str(folder / OLD_ANOMALIES_FILE))
    path = folder / ANOMALIES_FILE
    if not path.exists():
        path = artifact.path / f"SplitPair-{split}" / ANOMALIES_FILE
    try:
        return anomalies_pb2.Anomalies.FromString(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="run ExampleValidator again") from None


def read_schema(artifact: Schema) -> Any:
    """Return the schema.

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
            f"{path} is not a schema: {error}", hint="fix the file", retryable=False
        ) from None


def write_schema(schema: Any, artifact: Schema) -> None:
    """Write `schema.pbtxt`."""
    artifact.path.mkdir(parents=True, exist_ok=True)
    (artifact.path / SCHEMA_FILE).write_text(text_format.MessageToString(schema))


def infer_schema(statistics: Iterable[Any], infer_feature_shape: bool) -> Any:
    """Return the schema that all these statistics fit."""
    schema: Any = None
    for one in statistics:
        if schema is None:
            schema = tfdv.infer_schema(one, infer_feature_shape=infer_feature_shape)
        else:
            schema = tfdv.update_schema(schema, one, infer_feature_shape=infer_feature_shape)
    if schema is not None:
        _long_texts.drop_placeholders(schema)
    return schema


def write_schema_diff(statistics: Any, schema: Any, folder: Path) -> Any:
    """Compare statistics with a schema and write `SchemaDiff.pb`; returns the anomalies."""
    anomalies = tfdv.validate_statistics(statistics, schema)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ANOMALIES_FILE).write_bytes(anomalies.SerializeToString(deterministic=True))
    return anomalies
