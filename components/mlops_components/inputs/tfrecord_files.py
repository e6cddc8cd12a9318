"""Reading TFRecord files of protobuf messages."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.inputs.conditions import EVERYTHING, Taken
from mlops_components.inputs.ingestion import BATCH_ROWS, Rows, no_such_feature, unfit_feature
from mlops_components.inputs.splits import Key
from mlops_components.records import PayloadFormat, read_lists
from mlops_pipeline.errors import ExecutorError, ParameterError

if TYPE_CHECKING:
    from mlops_components.records._encode import Column


@dataclass(frozen=True)
class RecordFiles:
    """TFRecord files whose records are all of one kind."""

    payload_format: PayloadFormat

    def rows(self, files: Sequence[Path], key: Key) -> Iterator[Rows]:
        """Yield the records of files, protobuf messages in deterministic form.

        Raises:
            ParameterError: a column is named that no record has, or these records have none.
        """
        if self.payload_format is PayloadFormat.PROTO:
            yield from self._unparsed(files, key)
            return
        seen: set[str] = set()
        for path in files:
            first = 1
            for records in read_lists([path], BATCH_ROWS):
                yield self._parsed(records, key, (path, first), seen)
                first += len(records)
        key.taken.check_named(sorted(seen))

    def _unparsed(self, files: Sequence[Path], key: Key) -> Iterator[Rows]:
        if key.feature or key.taken != EVERYTHING:
            what = f"split by {key.feature!r}" if key.feature else "chosen by columns"
            raise ParameterError(
                f"records of {self.payload_format} cannot be {what}",
                hint="split them by hash, or import tf.Example or SequenceExample",
            )
        for path in files:
            first = 1
            for records in read_lists([path], BATCH_ROWS):
                yield Rows(records, records, str(path), range(first, first + len(records)))
                first += len(records)

    def _parsed(
        self, records: list[bytes], key: Key, where: tuple[Path, int], seen: set[str]
    ) -> Rows:
        path, first = where
        messages = (self._message(record, path, n) for n, record in enumerate(records, first))
        numbers: Sequence[int] = range(first, first + len(records))
        wholes: list[bytes] = []
        if key.taken != EVERYTHING:
            taken = [*messages]
            seen.update(*(fields for each in taken for fields in _fields(each)))
            numbers = _met(taken, key.taken, path, first)
            messages = (taken[number - first] for number in numbers)
        found: list[bytes] = []
        keys: list[Any] = []
        for number, message in zip(numbers, messages, strict=True):
            if key.feature:
                keys.append(_feature_key(_fields(message)[0], key, path, number))
            if key.taken != EVERYTHING:
                # By the whole row: a column that is left out moves none to another split.
                wholes.append(message.SerializeToString(deterministic=True))
                _leave_out(message, key.taken)
            found.append(message.SerializeToString(deterministic=True))
        return Rows(found, keys or wholes or found, str(path), numbers)

    def _message(self, record: bytes, path: Path, number: int) -> Any:
        from google.protobuf.message import DecodeError

        from mlops_components.records import message_types

        sequence = self.payload_format is PayloadFormat.TF_SEQUENCE_EXAMPLE
        try:
            message = message_types()["SequenceExample" if sequence else "Example"].FromString(
                record
            )
        except DecodeError as error:
            raise self._unfit(path, number, str(error)) from None
        if not sequence and message.HasField("feature_lists"):
            raise self._unfit(path, number, "it is a SequenceExample")
        return message

    def _unfit(self, path: Path, number: int, reason: str) -> ExecutorError:
        return ExecutorError(
            f"{path}: record {number} is not of {self.payload_format}: {reason}",
            hint="check payload_format, and what wrote the file",
            retryable=False,
        )


def _fields(message: Any) -> list[Any]:
    """Return the features of a record, and its lists of features if it is a SequenceExample."""
    if "context" in message.DESCRIPTOR.fields_by_name:
        return [message.context.feature, message.feature_lists.feature_list]
    return [message.features.feature]


def _leave_out(message: Any, taken: Taken) -> None:
    for fields in _fields(message):
        for name in [name for name in fields if not taken.has(name)]:
            del fields[name]


def _met(messages: Sequence[Any], taken: Taken, path: Path, first: int) -> list[int]:
    """Return the numbers of the records that meet all conditions."""
    names = {condition.column for condition in taken.rows}
    columns = {name: _column(name, [_fields(each)[0] for each in messages], path) for name in names}
    mask = taken.mask(columns, str(path))
    return [
        number
        for number in range(first, first + len(messages))
        if mask is None or mask[number - first]
    ]


def _column(name: str, features: Sequence[Any], path: Path) -> Column:
    """Return a feature of records as a column."""
    import pyarrow as pa

    from mlops_components.records._encode import list_column_of

    arrow = {"bytes": pa.large_binary(), "int64": pa.int64(), "float": pa.float32()}
    found = [each.get(name) for each in features]
    kinds = {kind for each in found if each is not None and (kind := each.WhichOneof("kind"))}
    if len(kinds) > 1:
        raise ExecutorError(
            f"{path}: {name!r} holds values of several kinds: {', '.join(sorted(kinds))}",
            hint="leave out the condition, or write the records with one kind of values",
            retryable=False,
        )
    kind = next(iter(kinds), "bytes_list")
    values = [list(getattr(each, kind).value) if each is not None else [] for each in found]
    flat = pa.array(list(itertools.chain.from_iterable(values)), arrow[kind[:-5]])
    return list_column_of(name, kind[:-5].replace("int64", "int"), list(map(len, values)), flat)


def _feature_key(features: Any, key: Key, path: Path, number: int) -> Any:
    if key.feature not in features:
        raise no_such_feature(key.feature, features)
    feature = features[key.feature]
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind in ("bytes_list", "int64_list") else ()
    if not values or (key.value and len(values) != 1):
        raise unfit_feature(key.feature, str(path), number)
    return values[0] if key.value else feature.SerializeToString(deterministic=True)
