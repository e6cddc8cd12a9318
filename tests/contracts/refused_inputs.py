"""What the tests of mlops_components share."""

import io
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.testing import run_component


def refused(component: Any, folder: Path, **parameters: Any) -> str:
    with pytest.raises(PipelineError) as caught:
        run_component(component, input_base=folder, **parameters)
    assert caught.value.hint
    return str(caught.value)


def example(number: int) -> bytes:
    """An Example with the feature `id`, in protobuf's letters."""
    return b"\x0a\x0d\x0a\x0b\x0a\x02id\x12\x05\x1a\x03\x0a\x01" + bytes([number])


RECORDS = [example(number) for number in range(20)]


def parquet_of(names: Any = (), values: Any = (), **columns: Any) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    file = io.BytesIO()
    table = pa.table(columns) if columns else pa.table(list(map(pa.array, values)), names=names)
    parquet.write_table(table, file)
    return file.getvalue()


def avro_of(types: dict[str, Any], *rows: dict[str, Any]) -> bytes:
    import fastavro

    file = io.BytesIO()
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows)
    return file.getvalue()
