"""Files of tf.Example: how splits are written, found and read in batches."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from mlops_components.records.split_rows import RECORDED, SplitFiles, recorded_rows
from mlops_components.records.tfrecords import RecordFile, read_lists
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, NotFoundError, did_you_mean

PREFIX = "data_tfrecord"
BATCH_ROWS = 4096
"""Rows that are in memory at once; batches of this size keep the libraries' overhead small.

Large rows are fewer: bytes are bounded, too.
"""


_TOGETHER = 512
_LARGE = 64 << 10


class PayloadFormat(str, enum.Enum):
    """Format of the records of the files, by TFX's names."""

    TF_EXAMPLE = "FORMAT_TF_EXAMPLE"
    TF_SEQUENCE_EXAMPLE = "FORMAT_TF_SEQUENCE_EXAMPLE"
    PROTO = "FORMAT_PROTO"

    def __str__(self) -> str:
        return self.value


class SplitWriter:
    """Writes serialised examples into the splits of an artifact, one compressed file each.

    The bytes depend on the records only: the files carry no time stamp. The number of records is
    the property `num_examples`, by split.
    """

    def __init__(self, examples: Examples, splits: Sequence[str], prefix: str = PREFIX) -> None:
        self._examples = examples
        self._splits = list(splits)
        self._prefix = prefix
        self.counts = dict.fromkeys(self._splits, 0)

    def __enter__(self) -> SplitWriter:
        self._stack = ExitStack()
        pool = self._stack.enter_context(ThreadPoolExecutor(os.cpu_count() or 1))
        self._examples.set_splits(self._splits)
        self._files: dict[str, RecordFile] = {}
        self._waiting: dict[str, list[bytes]] = {name: [] for name in self._splits}
        for name in self._splits:
            folder = self._examples.split(name)
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{self._prefix}-00000-of-00001.gz"
            self._files[name] = RecordFile(path, pool)
            self._stack.callback(self._files[name].close)
        return self

    def write(self, split: str, record: bytes) -> None:
        """Add one example to a split."""
        waiting = self._waiting[split]
        waiting.append(record)
        self.counts[split] += 1
        # A record by itself costs several times as much as one of many.
        if len(waiting) == _TOGETHER or len(record) > _LARGE:
            self._flush(split)

    def write_all(self, split: str, records: Sequence[bytes]) -> None:
        """Add examples to a split."""
        self._flush(split)
        self._files[split].write(records)
        self.counts[split] += len(records)

    def _flush(self, split: str) -> None:
        self._files[split].write(self._waiting[split])
        self._waiting[split].clear()

    def __exit__(self, *_: object) -> None:
        with self._stack:
            for name in self._splits:
                self._flush(name)
        self._examples.properties[RECORDED] = dict(self.counts)


def files_of_split(
    examples: Examples, split: str, *, takes: Collection[str] = (PayloadFormat.TF_EXAMPLE,)
) -> SplitFiles:
    """Return the files of a split, in order, with the number of rows that is recorded.

    Args:
        takes: what the records may be, for what reads the files.

    Raises:
        NotFoundError: there is no such split, or it has no files.
        ExecutorError: the records are something else.
    """
    payload = str(examples.properties.get("payload_format") or PayloadFormat.TF_EXAMPLE)
    if payload not in takes:
        raise ExecutorError(
            f"the records of the examples at {examples.uri} are {payload}; "
            f"what is read here is {' or '.join(map(str, takes))}",
            hint="read them in a component of your own, or in run_fn of the Trainer",
            retryable=False,
        )
    folder = examples.split(split)
    files = sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith("."))
    if not files:
        raise NotFoundError(
            f"split {split!r} of the examples at {examples.uri} has no files",
            hint="run the component that writes it again",
        )
    named = f"split {split!r} of the examples at {examples.uri}"
    found = SplitFiles(files, named, recorded_rows(examples, split))
    found.check_whole()
    return found


def chosen_splits(
    known: Sequence[str], wanted: Sequence[str] = (), excluded: Sequence[str] = ()
) -> list[str]:
    """Return the splits to read: `wanted` (all known ones if empty) without `excluded`.

    Raises:
        NotFoundError: a name is not among the known ones, or none is left.
    """
    for name in [*wanted, *excluded]:
        if name not in known:
            raise NotFoundError(f"there is no split {name!r}", hint=did_you_mean(name, known))
    chosen = [n for n in (wanted or known) if n not in excluded]
    if not chosen:
        raise NotFoundError("no split is left to read", hint=f"the splits are {', '.join(known)}")
    return chosen


def records_of_files(files: Sequence[Path], rows: int = BATCH_ROWS) -> Iterator[list[bytes]]:
    """Yield all records of TFRecord files, in lists of at most `rows`; shorter if they are large.

    Raises:
        ExecutorError: a file is damaged or is not a TFRecord file; or the files of a split hold
            fewer records than the examples say.
    """
    found = read_lists(files, rows)
    return files.counted(found) if isinstance(files, SplitFiles) else found


_TYPES = {"int64_list": "whole numbers", "float_list": "floats", "bytes_list": "texts"}
_WRONG_TYPE = re.compile(r'wrong type, expected (\w+), found (\w+) for feature "(.*)"')


def unreadable(where: Path, kind: str, error: Exception) -> ExecutorError:
    """Return the error for records below a folder that TFX's decoder refuses."""
    found = _WRONG_TYPE.search(str(error))
    if found is None:
        return ExecutorError(
            f"{where} holds records that are not {kind}, or do not fit the schema: {error}",
            hint="write the examples again",
            retryable=False,
        )
    wanted, given = (_TYPES.get(each, each) for each in found.groups()[:2])
    return ExecutorError(
        f"feature {found[3]!r} has {given} in {where}, and {wanted} in the schema or in other rows",
        hint="give the column one type in all files and spans, as column_types of CsvExampleGen "
        "does, or make a schema of what it has now",
        retryable=False,
    )


def split_pairs(
    test: Sequence[str], base: Sequence[str], wanted: list[tuple[str, str]] | None
) -> list[tuple[str, str]]:
    """Return the pairs of splits, in the order of the splits."""
    for pair in wanted or ():
        for split, known in zip(pair, (test, base), strict=True):
            if split not in known:
                raise NotFoundError(
                    f"include_split_pairs: there is no split {split!r} in {'_'.join(pair)!r}",
                    hint=did_you_mean(split, known),
                )
    chosen = {(one, other) for one, other in wanted} if wanted else {(each, each) for each in test}
    found = [(one, other) for one in test for other in base if (one, other) in chosen]
    if not found:
        raise NotFoundError(
            f"no split is in both statistics: {', '.join(test)}; {', '.join(base)}",
            hint="name pairs of them with include_split_pairs",
        )
    return found
