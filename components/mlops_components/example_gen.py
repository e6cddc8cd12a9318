"""ExampleGen for files: CSV, JSON lines, TFRecord, Parquet and Avro become splits of examples."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mlops_components.example_files import SUFFIXES, set_properties
from mlops_components.inputs import (
    Form,
    InputConfig,
    Key,
    OutputConfig,
    Partitions,
    RangeConfig,
    RecordFiles,
    Rows,
    Selection,
    ingest,
    open_avro,
    open_files,
    open_json,
    open_parquet,
    partitions_of,
    select,
    wanted_span,
)
from mlops_components.records import PayloadFormat
from mlops_pipeline import Output, Unkeyed, component
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ParameterError, did_you_mean

DRIVER = "mlops_components.example_files:files_driver"

ReadFiles = Callable[[Sequence[Path], Key], Iterator[Rows]]


@component(base_type="Process", driver=DRIVER)
def CsvExampleGen(
    *,
    examples: Output[Examples],
    input_base: Unkeyed[Path],
    input_config: InputConfig | None = None,
    output_config: OutputConfig | None = None,
    range_config: RangeConfig | None = None,
    span: int | None = None,
    missing_values: list[str] | None = None,
    column_types: dict[str, str] | None = None,
    delimiter: str | None = None,
    column_names: list[str] | None = None,
) -> None:
    """Read CSV files, compressed by gzip or not, and write them as splits of tf.Example.

    Args:
        input_base: folder of CSV files, or one CSV file.
        span: the span to read, instead of `range_config`.
        missing_values: texts that stand for a missing value, beside the empty one.
        column_types: `int`, `float` or `string` by column, where the values are not to decide.
        delimiter: the character between values, a comma by default.
        column_names: of files that have no header.
    """
    _check_types(column_types or {})
    wanted = wanted_span(range_config, span)
    found = _select("CsvExampleGen", input_base, input_config, wanted)
    form = Form(delimiter, column_names or (), _is_union(input_config))
    source = open_files(every_file(found), missing_values or (), column_types or {}, form)
    folders = _partitions(input_base, input_config, found)
    read = replace(source, partitions=folders.checked(source.columns))
    _write(examples, found, read.rows, (input_config, output_config))


@component(base_type="Process", driver=DRIVER)
def JsonExampleGen(
    *,
    examples: Output[Examples],
    input_base: Unkeyed[Path],
    input_config: InputConfig | None = None,
    output_config: OutputConfig | None = None,
    range_config: RangeConfig | None = None,
    span: int | None = None,
    column_types: dict[str, str] | None = None,
) -> None:
    """Read files of JSON lines, an object a line, and write them as splits of tf.Example.

    Args:
        input_base: folder of such files, compressed by gzip or not, or one of them.
        span: the span to read, instead of `range_config`.
        column_types: `int`, `float` or `string` by column, where the values are not to decide.
    """
    _check_types(column_types or {})
    wanted = wanted_span(range_config, span)
    found = _select("JsonExampleGen", input_base, input_config, wanted)
    source = open_json(every_file(found), column_types or {})
    folders = _partitions(input_base, input_config, found)
    read = replace(source, partitions=folders.checked(source.types))
    _write(examples, found, read.rows, (input_config, output_config))


def _check_types(column_types: Mapping[str, str]) -> None:
    for name, kind in column_types.items():
        if kind not in ("int", "float", "string"):
            raise ParameterError(
                f"column_types: {name!r} is of type {kind!r}",
                hint=did_you_mean(kind, ["int", "float", "string"]),
            )


@component(base_type="Process", driver=DRIVER)
def ImportExampleGen(
    *,
    examples: Output[Examples],
    input_base: Unkeyed[Path],
    input_config: InputConfig | None = None,
    output_config: OutputConfig | None = None,
    range_config: RangeConfig | None = None,
    payload_format: str | int = "FORMAT_TF_EXAMPLE",
    span: int | None = None,
) -> None:
    """Read TFRecord files, compressed or not, and write their records as splits.

    Args:
        input_base: folder of TFRecord files, or one of them.
        payload_format: `FORMAT_TF_EXAMPLE`, `FORMAT_TF_SEQUENCE_EXAMPLE` or `FORMAT_PROTO`, or
            TFX's number for it.
        span: the span to read, instead of `range_config`.
    """
    payload = payload_format_of(payload_format)
    wanted = wanted_span(range_config, span)
    found = _select("ImportExampleGen", input_base, input_config, wanted)
    _write(examples, found, RecordFiles(payload).rows, (input_config, output_config), payload)


@component(base_type="Process", driver=DRIVER)
def ParquetExampleGen(
    *,
    examples: Output[Examples],
    input_base: Unkeyed[Path],
    input_config: InputConfig | None = None,
    output_config: OutputConfig | None = None,
    range_config: RangeConfig | None = None,
    span: int | None = None,
) -> None:
    """Read Parquet files and write them as splits of tf.Example.

    Args:
        input_base: folder of Parquet files, or one of them.
        span: the span to read, instead of `range_config`.
    """
    wanted = wanted_span(range_config, span)
    found = _select("ParquetExampleGen", input_base, input_config, wanted)
    folders = _partitions(input_base, input_config, found)
    read = open_parquet(every_file(found), folders, union=_is_union(input_config))
    _write(examples, found, read.rows, (input_config, output_config))


@component(base_type="Process", driver=DRIVER)
def AvroExampleGen(
    *,
    examples: Output[Examples],
    input_base: Unkeyed[Path],
    input_config: InputConfig | None = None,
    output_config: OutputConfig | None = None,
    range_config: RangeConfig | None = None,
    span: int | None = None,
) -> None:
    """Read Avro files and write them as splits of tf.Example.

    Args:
        input_base: folder of Avro files, or one of them.
        span: the span to read, instead of `range_config`.
    """
    wanted = wanted_span(range_config, span)
    found = _select("AvroExampleGen", input_base, input_config, wanted)
    folders = _partitions(input_base, input_config, found)
    read = open_avro(every_file(found), folders, union=_is_union(input_config))
    _write(examples, found, read.rows, (input_config, output_config))


def _select(name: str, base: Path, config: InputConfig | None, wanted: int | None) -> Selection:
    return select(base, (config or InputConfig()).splits, wanted, SUFFIXES.get(name, ()))


def _partitions(base: Path, config: InputConfig | None, found: Selection) -> Partitions:
    return partitions_of(base, (config or InputConfig()).splits, found.files)


def _is_union(config: InputConfig | None) -> bool:
    return config is not None and config.union


def every_file(found: Selection) -> list[Path]:
    """Return the files of all splits, each once."""
    return sorted(set(itertools.chain.from_iterable(found.files.values())))


def _write(
    examples: Examples,
    found: Selection,
    read: ReadFiles,
    configs: tuple[InputConfig | None, OutputConfig | None],
    payload: PayloadFormat = PayloadFormat.TF_EXAMPLE,
) -> None:
    reads = {name: partial(read, files) for name, files in found.files.items()}
    ingest(reads, configs[1], examples, (configs[0] or InputConfig()).taken)
    set_properties(examples, found, payload.value)


_NUMBERS = {
    6: PayloadFormat.TF_EXAMPLE,
    7: PayloadFormat.TF_SEQUENCE_EXAMPLE,
    11: PayloadFormat.PROTO,
}


def payload_format_of(given: str | int) -> PayloadFormat:
    """Return a payload format by its name, or by its number in TFX's proto.

    Raises:
        ParameterError: TFX does not know it, or records have no such format.
    """
    known = [each.value for each in PayloadFormat]
    found = _NUMBERS.get(given) if isinstance(given, int) else None
    if found is None and given in known:
        found = PayloadFormat(given)
    if found is None:
        parquet = given in (15, "FORMAT_PARQUET")
        raise ParameterError(
            f"payload_format {given!r} is none that ImportExampleGen reads",
            hint="use ParquetExampleGen" if parquet else did_you_mean(str(given), known),
        )
    return found
