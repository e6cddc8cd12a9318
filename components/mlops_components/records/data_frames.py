"""Reads examples as Arrow record batches and as frames, without TensorFlow."""

from __future__ import annotations

import glob
import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.records.record_batches import decoded_batches, decoder_of
from mlops_components.records.split_files import BATCH_ROWS, PayloadFormat
from mlops_components.records.tfrecords import in_lists, read_records
from mlops_pipeline.errors import NotFoundError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_record_batches(
    patterns: Sequence[str],
    options: Any = None,
    schema: Any = None,
    *,
    payload: str = PayloadFormat.TF_EXAMPLE,
) -> Iterator[pa.RecordBatch]:
    """Yield the examples of all files that match.

    Args:
        options: with the fields of `RecordBatchesOptions`; None reads all examples once, in their
            order.
        schema: `schema_pb2.Schema` that says which columns there are; None takes what comes.
        payload: TFX's name for what a record is.

    Raises:
        NotFoundError: no file matches a pattern.
        ExecutorError: a file is damaged, or holds something else.
    """
    files = _files(patterns)
    batches = _batches(files, options)
    yield from decoded_batches(batches, files[0].parent, payload=payload, schema=schema)


def read_frame(patterns: Sequence[str]) -> pd.DataFrame:
    """Return all examples as a table: `read_frame(fn_args.train_files)`.

    A feature with at most one value a row becomes a plain column, any other one holds lists.
    """
    return frame_of(read_record_batches(patterns))


def frame_of(batches: Iterable[pa.RecordBatch]) -> pd.DataFrame:
    """Return batches of examples as one table, its columns in alphabetical order."""
    import pandas as pd

    frames = [
        pd.DataFrame({name: batch.column(name).to_pylist() for name in batch.schema.names})
        for batch in batches
    ]
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    for name in frame.columns:
        rows = [[_text(v) for v in row] if isinstance(row, list) else [] for row in frame[name]]
        single = all(len(row) <= 1 for row in rows)
        frame[name] = cells_of([row[0] if row else None for row in rows]) if single else rows
    return frame[sorted(frame.columns)]


def frame_of_records(records: list[bytes], payload: str) -> pd.DataFrame:
    """Return serialised examples as a table, as `read_frame` and `read_sequences`."""
    if payload == PayloadFormat.TF_SEQUENCE_EXAMPLE:
        return sequences_frame(records)
    return frame_of([decoder_of(payload, None)(records)])


def cells_of(values: list[Any]) -> Any:
    """Return a column of single values, None where one is missing.

    Whole numbers that a float of 64 bits does not hold stay whole numbers beside None; pandas
    makes floats of others with gaps.
    """
    import pandas as pd

    large = any(type(v) is int and not -EXACT <= v <= EXACT for v in values)
    return pd.Series(values, dtype=object) if large and None in values else values


EXACT = 2**53
"""The whole number up to which floats of 64 bits hold all others."""


def joined_frames(frames: Mapping[str, pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Return tables one after the other, without making floats of whole numbers that lose digits.

    Args:
        names: of the levels of the index.
    """
    import pandas as pd

    columns = sorted({name for frame in frames.values() for name in frame.columns})
    for name in columns:
        parts = [frame.get(name) for frame in frames.values()]
        whole = [part for part in parts if part is not None and part.dtype.kind == "i"]
        if len(whole) < len(parts) and any(_is_large(part) for part in whole):
            for frame in frames.values():
                if name in frame:
                    frame[name] = _as_objects(frame[name])
    return pd.concat(dict(frames), names=list(names))


def _is_large(numbers: pd.Series[Any]) -> bool:
    return len(numbers) > 0 and not -EXACT <= int(numbers.min()) <= int(numbers.max()) <= EXACT


def _as_objects(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as Python's own values; floats that are whole become whole numbers again."""
    import pandas as pd

    made = column.tolist()
    if column.dtype.kind == "f":
        whole = all(v != v or float(v).is_integer() for v in made)
        made = [None if v != v else int(v) if whole else v for v in made]
    return pd.Series(made, index=column.index, dtype=object)


def read_sequences(files: Sequence[Path]) -> pd.DataFrame:
    """Return all SequenceExamples of some files as a table.

    A feature of the context is a column as in `read_frame`; one of the steps has a list for each.
    """
    return sequences_frame(_records(files))


def sequences_frame(records: Iterable[bytes]) -> pd.DataFrame:
    """Return serialised SequenceExamples as a table, as `read_sequences`."""
    import pandas as pd

    from mlops_components.records.proto_messages import message_types

    parse = message_types()["SequenceExample"].FromString
    rows: list[dict[str, Any]] = []
    for record in records:
        example = parse(record)
        row = {name: _values(each) for name, each in example.context.feature.items()}
        steps = example.feature_lists.feature_list
        row |= {name: [_values(each) for each in steps[name].feature] for name in steps}
        rows.append(row)
    frame = pd.DataFrame(rows)
    for name in frame.columns:
        cells = [cell if isinstance(cell, list) else [] for cell in frame[name]]
        nested = any(isinstance(item, list) for cell in cells for item in cell)
        single = not nested and all(len(cell) <= 1 for cell in cells)
        frame[name] = cells_of([cell[0] if cell else None for cell in cells]) if single else cells
    return frame[sorted(frame.columns)]


def _values(feature: Any) -> list[Any]:
    kind = feature.WhichOneof("kind")
    return [_text(value) for value in getattr(feature, kind).value] if kind else []


def _text(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _files(patterns: Sequence[str]) -> list[Path]:
    found = []
    for pattern in patterns:
        # TFX's patterns are texts with a folder, which `Path.glob` does not take.
        matches = sorted(path for path in map(Path, glob.glob(pattern)) if path.is_file())  # noqa: PTH207
        if not matches:
            raise NotFoundError(f"no file matches {pattern}", hint="write the examples again")
        found += matches
    return found


def _batches(files: Sequence[Path], options: Any) -> Iterator[list[bytes]]:
    if options is None:
        yield from in_lists(_records(files), BATCH_ROWS)
        return
    epochs = itertools.count() if options.num_epochs is None else range(options.num_epochs)
    rows: Iterator[bytes] = itertools.chain.from_iterable(
        _shuffled(_records(files), options, epoch) if options.shuffle else _records(files)
        for epoch in epochs
    )
    # As in tfx_bsl: where there is no end, there is no last batch to be smaller.
    whole = options.drop_final_batch or options.num_epochs is None
    yield from _chunks(rows, options.batch_size, whole=whole)


def _chunks(rows: Iterator[bytes], size: int, *, whole: bool) -> Iterator[list[bytes]]:
    while chunk := list(itertools.islice(rows, size)):
        if len(chunk) == size or not whole:
            yield chunk


def _shuffled(rows: Iterator[bytes], options: Any, epoch: int) -> Iterator[bytes]:
    """Yield each row drawn from a buffer that is filled up again; another order in every epoch."""
    seed = options.shuffle_seed
    draw = random.Random(None if seed is None else f"{seed}.{epoch}")
    buffer = list(itertools.islice(rows, max(options.shuffle_buffer_size, 1)))
    for row in rows:
        index = draw.randrange(len(buffer))
        yield buffer[index]
        buffer[index] = row
    draw.shuffle(buffer)
    yield from buffer


def _records(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files:
        yield from read_records(file)
