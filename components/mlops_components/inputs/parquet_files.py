"""Reading Parquet files, a row group's worth of pages at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_components.inputs.ingestion import BATCH_ROWS, fitting
from mlops_components.inputs.partitions import Partitions
from mlops_components.inputs.typed_tables import Tables, check_same_columns, holds, is_index
from mlops_pipeline.errors import ExecutorError

if TYPE_CHECKING:
    import pyarrow as pa


def open_parquet(
    files: Sequence[Path], partitions: Partitions | None = None, *, union: bool = False
) -> Tables:
    """Look at the schemas of Parquet files.

    Args:
        partitions: columns in the names of folders.
        union: whether a column may be missing from some of the files.

    Raises:
        ExecutorError: a file is damaged, files differ in their columns, or a column has a type
            for which there is no feature.
    """
    from pyarrow import parquet

    folders = partitions or Partitions()
    kinds = {}
    for path in files:
        with _naming(path):
            schema = parquet.read_schema(path)
        twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if twice:
            raise ExecutorError(
                f"{path}: column {twice[0]!r} occurs twice",
                hint="give every column a name of its own",
                retryable=False,
            )
        own = [field for field in schema if not is_index(field.name)]
        columns = {field.name: holds(field.name, field.type, str(path)) for field in own}
        kinds[path] = {**folders.kinds(path), **columns}
    check_same_columns(kinds, union=union)
    return Tables(_batches, folders, tuple(sorted(set().union(*kinds.values()))) if union else ())


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    from pyarrow import parquet

    with _naming(path), parquet.ParquetFile(path) as file:
        groups = [file.metadata.row_group(at) for at in range(file.num_row_groups)]
        rows = min((fitting(g.num_rows, g.total_byte_size) for g in groups), default=BATCH_ROWS)
        yield from file.iter_batches(batch_size=rows)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = "the file is empty" if not path.stat().st_size else str(error)
        raise ExecutorError(
            f"{path} is not a readable Parquet file: {reason}",
            hint="write or copy the file again",
            retryable=False,
        ) from None
