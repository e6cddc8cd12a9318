"""`CsvExampleGen`: turns CSV files into splits of tf.Example."""

from __future__ import annotations

import bisect
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_components.csv_input import CsvFiles, open_files, to_lists
from mlops_components.examples import SplitWriter
from mlops_pipeline import Output, component
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.content import digest_path
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError, did_you_mean


@dataclass(frozen=True)
class InputSplit:
    """Files of `input_base` that belong together: all that match `pattern`."""

    name: str
    pattern: str = "*"


@dataclass(frozen=True)
class InputConfig:
    """Which files are read; several splits are kept as they are."""

    splits: list[InputSplit] = field(default_factory=lambda: [InputSplit("single_split", "*")])


@dataclass(frozen=True)
class HashSplit:
    """An output split that gets `hash_buckets` of all buckets."""

    name: str
    hash_buckets: int


@dataclass(frozen=True)
class SplitConfig:
    """How rows are dealt to splits.

    Args:
        splits: their order and sizes decide which rows go where.
        partition_feature_name: rows with an equal value of this column stay together.
    """

    splits: list[HashSplit]
    partition_feature_name: str = ""


@dataclass(frozen=True)
class OutputConfig:
    """How the output is split; by default two thirds `train` and one third `eval`."""

    split_config: SplitConfig | None = None


DEFAULT_SPLITS = SplitConfig([HashSplit("train", 2), HashSplit("eval", 1)])


@component(base_type="Process")
def CsvExampleGen(
    *,
    examples: Output[Examples],
    input_base: Path,
    input_config: InputConfig | None = None,
    output_config: OutputConfig | None = None,
    missing_values: list[str] | None = None,
) -> None:
    """Read CSV files and write them as splits of tf.Example.

    Args:
        input_base: folder of CSV files, or one CSV file.
        missing_values: texts that stand for a missing value, beside the empty one.
    """
    inputs = (input_config or InputConfig()).splits
    wanted = (output_config or OutputConfig()).split_config
    if len(inputs) > 1 and wanted:
        raise ParameterError(
            "input_config has several splits, and output_config splits them again",
            hint="leave out one of the two",
        )
    split_config = wanted or DEFAULT_SPLITS
    _check(split_config)
    files = {split.name: _matching(input_base, split) for split in inputs}
    every = sorted(set(itertools.chain.from_iterable(files.values())))
    source = open_files(every, input_base, missing_values or ())
    if len(inputs) > 1:
        counts = _keep_splits(source, files, examples)
    else:
        counts = _deal_to_splits(source, split_config, examples)
    _refuse_empty(counts, input_base)
    _describe(examples, files)


def _keep_splits(
    source: CsvFiles, files: dict[str, list[Path]], examples: Examples
) -> dict[str, int]:
    """Write each input split as an output split; returns the rows in each."""
    types = source.column_types()
    with SplitWriter(examples, list(files)) as writer:
        for name, paths in files.items():
            for record, _ in _records(source, paths, types, ""):
                writer.write(name, record)
    return writer.counts


def _deal_to_splits(source: CsvFiles, config: SplitConfig, examples: Examples) -> dict[str, int]:
    """Write every row to the split that its hash says; returns the rows in each."""
    types = source.column_types()
    column = config.partition_feature_name
    if column and column not in types:
        raise ParameterError(
            f"partition_feature_name: there is no column {column!r}",
            hint=did_you_mean(column, types),
        )
    choose = _chooser(config)
    with SplitWriter(examples, [split.name for split in config.splits]) as writer:
        for record, key in _records(source, source.files, types, column):
            writer.write(choose(key), record)
    return writer.counts


def _check(config: SplitConfig) -> None:
    names = [split.name for split in config.splits]
    if not names or len(set(names)) != len(names):
        raise ParameterError(
            "output_config: splits need names of their own", hint=f"given: {', '.join(names)}"
        )
    for split in config.splits:
        if split.hash_buckets < 1:
            raise ParameterError(
                f"output_config: split {split.name!r} has {split.hash_buckets} hash buckets",
                hint="give it at least one",
            )


def _matching(base: Path, split: InputSplit) -> list[Path]:
    if base.is_file():
        return [base]
    if not base.is_dir():
        raise NotFoundError(f"input_base {base} does not exist", hint="check the path")
    found = sorted(p for p in base.glob(split.pattern) if p.is_file() and p.name[0] not in "._")
    if split.pattern == "*":
        # A README beside the data is not data.
        found = [p for p in found if p.suffix.lower() == ".csv"] or found
    if not found:
        raise NotFoundError(
            f"no file in {base} matches {split.pattern!r} (input split {split.name!r})",
            hint="check input_base and the pattern",
        )
    return found


def _records(
    source: CsvFiles, files: Sequence[Path], types: dict[str, str], key_column: str
) -> Iterator[tuple[bytes, bytes]]:
    """Serialised examples, each with the bytes that decide its split."""
    from tensorflow.core.example.example_pb2 import Example
    from tfx_bsl.coders import example_coder

    encoder = example_coder.RecordBatchToExamplesEncoder()
    for block in source.blocks(files):
        for data in encoder.encode(to_lists(block, types)):
            example = Example.FromString(data)
            record = example.SerializeToString(deterministic=True)
            yield record, _key(example, key_column) if key_column else record


def _key(example: Any, column: str) -> bytes:
    feature = example.features.feature[column]
    if feature.WhichOneof("kind") in ("bytes_list", "int64_list"):
        return bytes(feature.SerializeToString(deterministic=True))
    raise ExecutorError(
        f"a row has no value, or a float, in the partition column {column!r}",
        hint="partition by a column of texts or whole numbers that every row has",
        retryable=False,
    )


def _chooser(config: SplitConfig) -> Callable[[bytes], str]:
    """The split of a key: the same rows as TFX puts there."""
    ends = list(itertools.accumulate(split.hash_buckets for split in config.splits))
    names = [split.name for split in config.splits]

    def choose(key: bytes) -> str:
        bucket = int(hashlib.sha256(key).hexdigest(), 16) % ends[-1]
        return names[bisect.bisect(ends, bucket)]

    return choose


def _refuse_empty(counts: dict[str, int], base: Path) -> None:
    for name, count in counts.items():
        if not count:
            raise ExecutorError(
                f"split {name!r} got no rows from {base}",
                hint="give it more data or other splits",
                retryable=False,
            )


def _describe(examples: Examples, files: dict[str, list[Path]]) -> None:
    prints = []
    for name, paths in files.items():
        size = sum(p.stat().st_size for p in paths)
        content = hashlib.sha256("".join(digest_path(p) for p in paths).encode()).hexdigest()
        prints.append(f"split:{name},num_files:{len(paths)},total_bytes:{size},sha256:{content}")
    examples.properties["span"] = 0
    examples.properties["version"] = 0
    examples.properties["input_fingerprint"] = "\n".join(prints)
    examples.properties["file_format"] = "tfrecords_gzip"
    examples.properties["payload_format"] = "FORMAT_TF_EXAMPLE"
