"""`ImportSchemaGen`: brings a schema that somebody has looked over into a pipeline."""

from __future__ import annotations

import shutil
from pathlib import Path

from mlops_pipeline import Output, component
from mlops_pipeline.artifacts import Schema


@component(base_type="Process")
def ImportSchemaGen(*, schema: Output[Schema], schema_file: Path) -> None:
    """Copy a schema file, once it is known to be one.

    Args:
        schema_file: the text form of a `tensorflow.metadata.v0.Schema`.
    """
    from mlops_components.statistics import _schema_text

    _schema_text.parse_schema(schema_file)
    shutil.copyfile(schema_file, schema.path / "schema.pbtxt")
