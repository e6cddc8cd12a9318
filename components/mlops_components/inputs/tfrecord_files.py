"""Reading TFRecord files of protobuf messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_components.inputs.ingestion import BATCH_ROWS, Rows, no_such_feature, unfit_feature
from mlops_components.inputs.splits import Key
from mlops_components.records import PayloadFormat, read_lists
from mlops_pipeline.errors import ExecutorError, ParameterError


@dataclass(frozen=True)
class RecordFiles:
    """TFRecord files whose records are all of one kind."""

    payload_format: PayloadFormat

    def rows(self, files: Sequence[Path], key: Key) -> Iterator[Rows]:
        """Yield the records of files, protobuf messages in deterministic form."""
        if self.payload_format is PayloadFormat.PROTO:
            yield from self._unparsed(files, key)
            return
        for path in files:
            first = 1
            for records in read_lists([path], BATCH_ROWS):
                yield self._parsed(records, key, path, first)
                first += len(records)

    def _unparsed(self, files: Sequence[Path], key: Key) -> Iterator[Rows]:
        if key.feature:
            raise ParameterError(
                f"records of {self.payload_format} cannot be split by {key.feature!r}",
                hint="split them by hash, or import tf.Example or SequenceExample",
            )
        for path in files:
            first = 1
            for records in read_lists([path], BATCH_ROWS):
                yield Rows(records, records, str(path), first)
                first += len(records)

    def _parsed(self, records: list[bytes], key: Key, path: Path, first: int) -> Rows:
        from google.protobuf.message import DecodeError

        from mlops_components.records import message_types

        sequence = self.payload_format is PayloadFormat.TF_SEQUENCE_EXAMPLE
        parse = message_types()["SequenceExample" if sequence else "Example"].FromString
        found: list[bytes] = []
        keys: list[Any] = []
        for number, record in enumerate(records, first):
            try:
                message = parse(record)
            except DecodeError as error:
                raise self._unfit(path, number, str(error)) from None
            if not sequence and message.HasField("feature_lists"):
                raise self._unfit(path, number, "it is a SequenceExample")
            found.append(message.SerializeToString(deterministic=True))
            if key.feature:
                features = message.context if sequence else message.features
                keys.append(_feature_key(features.feature, key, path, number))
        return Rows(found, keys if key.feature else found, str(path), first)

    def _unfit(self, path: Path, number: int, reason: str) -> ExecutorError:
        return ExecutorError(
            f"{path}: record {number} is not of {self.payload_format}: {reason}",
            hint="check payload_format, and what wrote the file",
            retryable=False,
        )


def _feature_key(features: Any, key: Key, path: Path, number: int) -> Any:
    if key.feature not in features:
        raise no_such_feature(key.feature, features)
    feature = features[key.feature]
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind in ("bytes_list", "int64_list") else ()
    if not values or (key.value and len(values) != 1):
        raise unfit_feature(key.feature, str(path), number)
    return values[0] if key.value else feature.SerializeToString(deterministic=True)
