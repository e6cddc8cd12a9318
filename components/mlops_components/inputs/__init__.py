"""Inputs of the ExampleGen components.

Readers of file formats and queries, the spans of a pattern, and the splits that rows go into.
"""

from mlops_components.inputs.avro_files import open_avro
from mlops_components.inputs.conditions import Condition
from mlops_components.inputs.csv_files import open_files
from mlops_components.inputs.csv_layout import Form
from mlops_components.inputs.ingestion import Rows, ingest
from mlops_components.inputs.json_files import open_json
from mlops_components.inputs.parquet_files import open_parquet
from mlops_components.inputs.partitions import Partitions, partitions_of
from mlops_components.inputs.spans import (
    RangeConfig,
    RollingRange,
    Selection,
    StaticRange,
    has_spans,
    query_of_span,
    select,
    wanted_span,
)
from mlops_components.inputs.splits import (
    HashSplit,
    InputConfig,
    InputSplit,
    Key,
    OutputConfig,
    SplitConfig,
    TimeSplit,
    TimeSplitConfig,
)
from mlops_components.inputs.sql_queries import Queries
from mlops_components.inputs.tfrecord_files import RecordFiles
from mlops_components.inputs.typed_tables import Tables

__all__ = [
    "Condition",
    "Form",
    "HashSplit",
    "InputConfig",
    "InputSplit",
    "Key",
    "OutputConfig",
    "Partitions",
    "Queries",
    "RangeConfig",
    "RecordFiles",
    "RollingRange",
    "Rows",
    "Selection",
    "SplitConfig",
    "StaticRange",
    "Tables",
    "TimeSplit",
    "TimeSplitConfig",
    "has_spans",
    "ingest",
    "open_avro",
    "open_files",
    "open_json",
    "open_parquet",
    "partitions_of",
    "query_of_span",
    "select",
    "wanted_span",
]
