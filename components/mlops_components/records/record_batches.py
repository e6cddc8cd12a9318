"""Records as Arrow record batches, decoded by threads on all cores, in the order of the files.

Decoding takes most of the time of everything that reads examples. Threads share it out, and records
that were written alike are read by columns; only some batches are in memory at once.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mlops_components.records.split_files import (
    BATCH_ROWS,
    PayloadFormat,
    records_of_files,
    unreadable,
)

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R")

SEQUENCE_COLUMN = "##SEQUENCE##"


def decoded(
    files: Sequence[Path],
    *,
    payload: str = PayloadFormat.TF_EXAMPLE,
    schema: Any = None,
    keep: Callable[[bytes], bool] | None = None,
    rows: int = 2 * BATCH_ROWS,
) -> Iterator[pa.RecordBatch]:
    """Return the records of files as Arrow record batches.

    Args:
        payload: TFX's name for what a record is.
        schema: `schema_pb2.Schema` that says which columns there are; None takes what comes.
        keep: which records count; all if it is None.
        rows: records that are decoded at once.

    Raises:
        ExecutorError: a file is damaged, or a record is not what it should be.
    """
    return decoded_batches(
        records_of_files(files, rows), files[0].parent, payload=payload, schema=schema, keep=keep
    )


def decoded_batches(
    batches: Iterable[list[bytes]],
    where: Path,
    *,
    payload: str = PayloadFormat.TF_EXAMPLE,
    schema: Any = None,
    keep: Callable[[bytes], bool] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Return lists of records as Arrow record batches, as `decoded`.

    Args:
        where: the folder that errors name.
    """
    decoder = _decoder(payload, schema)

    def decode(records: list[bytes]) -> pa.RecordBatch:
        chosen = records if keep is None else [record for record in records if keep(record)]
        try:
            return decoder(chosen)
        except (RuntimeError, ValueError) as error:
            raise unreadable(where, _NAMES[payload], error) from None

    return in_order(decode, batches)


def read_split_batches(
    files: Sequence[Path],
    *,
    payload: str = PayloadFormat.TF_EXAMPLE,
    schema: Any = None,
    raw_record: str = "",
) -> Iterator[pa.RecordBatch]:
    """Read examples as Arrow record batches, one after the other.

    Args:
        payload, schema, raw_record: as `decoder_of` takes them.

    Raises:
        ExecutorError: as `decoded`.
    """
    decode = decoder_of(payload, schema, raw_record)
    for records in records_of_files(files):
        try:
            yield decode(records)
        except (RuntimeError, ValueError) as error:
            raise unreadable(files[0].parent, _NAMES[payload], error) from None


_NAMES: dict[str, str] = {
    PayloadFormat.TF_EXAMPLE: "tf.Example",
    PayloadFormat.TF_SEQUENCE_EXAMPLE: "tf.SequenceExample",
}


def _decoder(payload: str, schema: Any) -> Callable[[list[bytes]], pa.RecordBatch]:
    """Return a function that decodes records, in any thread.

    TFX's decoder keeps the columns that it fills, and lets other threads run meanwhile: used by two
    at once, it mixes their rows or crashes. So each thread has one of its own.
    """
    own = threading.local()

    def decode(records: list[bytes]) -> pa.RecordBatch:
        if not hasattr(own, "decode"):
            own.decode = _new_decoder(payload, schema)
        batch: pa.RecordBatch = own.decode(records)
        return batch

    return decode


def decoder_of(
    payload: str, schema: Any, raw_record: str = ""
) -> Callable[[list[bytes]], pa.RecordBatch]:
    """Return a function that decodes records, for one thread.

    Args:
        payload: TFX's name for what a record is.
        schema: `schema_pb2.Schema` that says which columns there are; None takes what comes.
        raw_record: name of a further column that holds the serialised example.
    """
    import pyarrow as pa

    decode = _new_decoder(payload, schema)
    if not raw_record:
        return decode

    def decode_and_keep(records: list[bytes]) -> pa.RecordBatch:
        batch = decode(records)
        column = pa.array([[r] for r in records], type=pa.large_list(pa.large_binary()))
        names = [*batch.schema.names, raw_record]
        return pa.RecordBatch.from_arrays([*batch.columns, column], names)

    return decode_and_keep


def _new_decoder(payload: str, schema: Any) -> Callable[[list[bytes]], pa.RecordBatch]:
    expected = b"" if schema is None else schema.SerializeToString()
    if payload == PayloadFormat.TF_SEQUENCE_EXAMPLE:
        from tfx_bsl.coders import sequence_example_coder

        return sequence_example_coder.SequenceExamplesToRecordBatchDecoder(  # type: ignore[no-any-return]
            SEQUENCE_COLUMN, expected
        ).DecodeBatch
    from tfx_bsl.coders import example_coder

    decoder = example_coder.ExamplesToRecordBatchDecoder(expected or None)
    if expected:
        return decoder.DecodeBatch  # type: ignore[no-any-return]
    from mlops_components.records._parse import ExampleParser

    parser = ExampleParser()

    def decode(records: list[bytes]) -> pa.RecordBatch:
        batch = parser.parse(records)
        return decoder.DecodeBatch(records) if batch is None else batch

    return decode


def in_order(function: Callable[[T], R], items: Iterable[T], workers: int = 0) -> Iterator[R]:
    """Apply a function to items in threads: results in order, and only a few items at once.

    Args:
        workers: threads; one a core if 0.
    """
    workers = workers or len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Whoever reads on stops here: nothing more is worth doing.
            for future in waiting:
                future.cancel()
