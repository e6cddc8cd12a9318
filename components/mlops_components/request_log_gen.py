"""`RequestLogExampleGen`: a day of what a served model was asked becomes a span of examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.example_files import set_properties
from mlops_components.inputs import (
    HashSplit,
    InputConfig,
    InputSplit,
    Key,
    OutputConfig,
    RangeConfig,
    Rows,
    Selection,
    SplitConfig,
    Tables,
    ingest,
    select,
    wanted_span,
)
from mlops_components.records import PayloadFormat
from mlops_pipeline import Output, Unkeyed, component
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, ParameterError

if TYPE_CHECKING:
    import pyarrow as pa

DAYS = InputConfig([InputSplit("live", "date={YYYY}-{MM}-{DD}/*.parquet")])
"""A day of the log is a span."""

ONE_SPLIT = OutputConfig(SplitConfig([HashSplit("live", 1)]))
"""Everything goes into the split `live`."""

_DAY = 86_400


@component(base_type="Process", driver="mlops_components.example_files:files_driver")
def RequestLogExampleGen(
    *,
    examples: Output[Examples],
    input_base: Unkeyed[Path],
    input_config: InputConfig = DAYS,
    output_config: OutputConfig = ONE_SPLIT,
    range_config: RangeConfig | None = None,
    span: int | None = None,
    keep_outputs: bool = False,
) -> None:
    """Write a day of a request log as examples, with the names that features have in training.

    Only requests that were answered count; what shadows were asked, others were asked as well.

    Args:
        input_base: folder of one model in the log of `mlops serve`.
        span: the day, counted from 1970-01-01 in UTC, instead of `range_config`; the newest one by
            default.
        keep_outputs: write what was answered, too, as features `out.<name>`.
    """
    wanted = wanted_span(range_config, span)
    found = select(input_base, input_config.splits, wanted, ())
    table = _answered(input_base, found, keep_outputs)
    reads = {name: partial(_rows, table, input_base) for name in found.files}
    ingest(reads, output_config, examples, input_config.taken)
    set_properties(examples, found, PayloadFormat.TF_EXAMPLE.value)


def _answered(base: Path, found: Selection, keep_outputs: bool) -> pa.Table:
    """Return the features of the requests of a day that were answered."""
    import pyarrow.compute as pc

    from mlops_pipeline.request_log import OK, read_requests

    if not found.span:
        raise ParameterError(
            "input_config has no days", hint=f"leave it out, or use {DAYS.splits[0].pattern}"
        )
    begin = found.span * _DAY
    table = read_requests(base.parent, base.name, begin, begin + _DAY)
    table = table.filter(pc.and_(pc.equal(table["status"], OK), pc.invert(table["shadow"])))
    kept = [name for name in table.column_names if name.startswith("in.")]
    if not kept:
        raise ExecutorError(
            f"the log {base} keeps no features of its requests",
            hint="say which, with --log-policy of `mlops serve`",
            retryable=False,
        )
    answers = [name for name in table.column_names if name.startswith("out.") and keep_outputs]
    names = [*(name.removeprefix("in.") for name in kept), *answers]
    return table.select([*kept, *answers]).rename_columns(names)


def _rows(table: Any, base: Path, key: Key) -> Iterator[Rows]:
    def batches(_: Path) -> Iterator[pa.RecordBatch]:
        yield from table.combine_chunks().to_batches()

    files: Sequence[Path] = [base]
    yield from Tables(batches).rows(files, key)
