"""Records read by the workers of a Beam runner, and counted there.

Beam takes a file that a worker cannot see for a pattern without matches, and reads nothing. So each
worker looks for its files first, and what all of them have read is compared with what the examples
record. This module imports Beam when it is imported.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from mlops_components.records.record_batches import decoder_of
from mlops_components.records.split_files import BATCH_ROWS
from mlops_components.records.split_rows import SplitFiles
from mlops_components.records.tfrecords import LIST_BYTES
from mlops_pipeline.errors import ExecutorError

_SHARED = "let the workers see the folders of the artifacts under the same paths as this machine"


class Reads:
    """What one pipeline reads; `check` is called when it has run.

    Args:
        folder: an output of the node, which the workers write to, too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".rows"
        self._read: list[SplitFiles] = []
        self._written: list[int] = []

    def records(self, files: SplitFiles) -> Any:
        """Return the transform that reads the records of files."""
        self._read.append(files)
        return _ReadRecords(files, self._report(len(self._read) - 1, "read"))

    def written(self) -> Any:
        """Return the transform that counts an output with a row for each record asked for last."""
        number = len(self._read) - 1
        self._written.append(number)
        return _CountRows(self._report(number, "written"))

    def _report(self, number: int, what: str) -> str:
        return str(self._folder / f"{number}-{what}")

    def check(self) -> None:
        """Compare what was read and written with what the examples record.

        Raises:
            ExecutorError: it is less.
        """
        for number, files in enumerate(self._read):
            workers = self._rows(number, "read")
            read = sum(workers.values())
            named = ", ".join(f"{name} {rows}" for name, rows in sorted(workers.items()))
            files.check(read, f"rows by worker: {named or 'none'}")
            out = sum(self._rows(number, "written").values()) if number in self._written else read
            if out < read:
                raise ExecutorError(
                    f"of {read} rows of {files.named} only {out} were written",
                    hint="look in the log of the runner",
                )
        shutil.rmtree(self._folder, ignore_errors=True)

    def _rows(self, number: int, what: str) -> dict[str, int]:
        path = Path(f"{self._report(number, what)}-00000-of-00001")
        if not path.is_file():
            raise ExecutorError(
                f"the workers of Beam have written nothing to {path.parent.parent} that is here",
                hint=_SHARED,
                retryable=False,
            )
        lines = (line.rpartition(" ") for line in path.read_text().splitlines())
        return {name: int(rows) for name, _, rows in lines}


class Decode(beam.DoFn):  # type: ignore[misc]
    """Turns records into Arrow batches, which have fewer rows where these are large.

    Args:
        payload: TFX's name for what a record is.
        schema: `schema_pb2.Schema` that says which columns there are; None takes what comes.
        raw_record: name of a further column that holds the serialised example.
    """

    def __init__(self, payload: str, schema: Any, raw_record: str = "") -> None:
        self._options = (payload, schema, raw_record)

    def setup(self) -> None:
        """Make the decoder, once in each process."""
        self._decode = decoder_of(*self._options)

    def start_bundle(self) -> None:
        """Begin with an empty batch."""
        self._waiting: list[bytes] = []
        self._bytes = 0

    def process(self, record: bytes) -> Iterator[pa.RecordBatch]:
        """Take a record, and yield a batch when it is large enough."""
        self._waiting.append(record)
        self._bytes += len(record)
        if len(self._waiting) == BATCH_ROWS or self._bytes > LIST_BYTES:
            yield self._decode(self._waiting)
            self.start_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        """Yield what is left."""
        from apache_beam.transforms.window import GlobalWindows

        if self._waiting:
            yield GlobalWindows.windowed_value(self._decode(self._waiting))
            self.start_bundle()


class _ReadRecords(beam.PTransform):  # type: ignore[misc]
    def __init__(self, files: SplitFiles, report: str) -> None:
        super().__init__()
        self._named = files.named
        self._files = [str(file) for file in files]
        self._report = report

    def expand(self, begin: Any) -> Any:
        records = (
            begin
            | "Files" >> beam.Create(self._files)
            | "Look" >> beam.ParDo(_Look(self._named))
            | "Read" >> beam.io.ReadAllFromTFRecord()
        )
        _ = records | "Count" >> _CountRows(self._report)
        return records


class _Look(beam.DoFn):  # type: ignore[misc]
    """Hands a file on if this worker sees it."""

    def __init__(self, named: str) -> None:
        self._named = named

    def process(self, file: str) -> Iterator[str]:
        if not FileSystems.exists(file):
            raise ExecutorError(
                f"the worker of Beam on {socket.gethostname()} cannot see {file} of {self._named}",
                hint=_SHARED,
                retryable=False,
            )
        yield file


class _CountRows(beam.PTransform):  # type: ignore[misc]
    """Writes the number of elements, by worker."""

    def __init__(self, report: str) -> None:
        super().__init__()
        self._report = report

    def expand(self, rows: Any) -> Any:
        return (
            rows
            | "OfBundle" >> beam.ParDo(_CountBundle())
            | "ByWorker" >> beam.CombinePerKey(sum)
            | "Text" >> beam.MapTuple(lambda name, number: f"{name} {number}")
            | "Report" >> beam.io.WriteToText(self._report, num_shards=1)
        )


class _CountBundle(beam.DoFn):  # type: ignore[misc]
    def start_bundle(self) -> None:
        self._rows = 0

    def process(self, element: Any) -> None:
        self._rows += 1

    def finish_bundle(self) -> Iterator[Any]:
        from apache_beam.transforms.window import GlobalWindows

        if self._rows:
            yield GlobalWindows.windowed_value((socket.gethostname(), self._rows))
