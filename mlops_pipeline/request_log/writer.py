"""Writes the log beside a server that answers: a thread, a queue that is never waited for."""

from __future__ import annotations

import collections
import datetime
import logging
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.request_log.period_keys import PeriodKeys
from mlops_pipeline.request_log.policy import DROP, LogPolicy, Treatment, treated
from mlops_pipeline.request_log.request_record import RequestRecord
from mlops_pipeline.request_log.segments import (
    INPUT,
    OUTPUT,
    remove_stale_parts,
    write_segment,
)

log = logging.getLogger(__name__)

_TELL_SECONDS = 60.0


@dataclass(frozen=True)
class LogOptions:
    """Times and limits of a log.

    Args:
        seconds: of a segment; what a killed server loses at most.
        most_rows: of a segment.
        most_waiting: requests that wait to be written; more are dropped, and counted.
        most_bytes: that their values may hold.
    """

    seconds: float = 10.0
    most_rows: int = 50_000
    most_waiting: int = 20_000
    most_bytes: int = 256 * 2**20


class RequestLog:
    """A log that is written to.

    Args:
        folder: of all models; a model has a folder of its own in it.
    """

    def __init__(
        self, folder: Path, policy: LogPolicy | None = None, options: LogOptions | None = None
    ) -> None:
        self.folder = Path(folder).absolute()
        self.policy = policy or LogPolicy()
        self.written = 0
        self.dropped = 0
        self._options = options or LogOptions()
        self._keys = PeriodKeys(self.folder)
        self._waiting: collections.deque[RequestRecord] = collections.deque()
        self._held = 0
        # Held for some steps only: no answer waits for the disk.
        self._counting = threading.Lock()
        self._wake = threading.Event()
        self._ended = False
        # Numbers of processes come again, as in containers.
        self._name = secrets.token_hex(6)
        self._number = 0
        self._told = -_TELL_SECONDS
        self._thread = threading.Thread(target=self._work, name="request log", daemon=True)
        self._thread.start()

    def note(self, record: RequestRecord) -> None:
        """Take a request into the log, or drop and count it; never waits, never raises."""
        options = self._options
        with self._counting:
            is_full = len(self._waiting) >= options.most_waiting
            if self._ended or is_full or self._held + record.size > options.most_bytes:
                self.dropped += 1
                return
            self._waiting.append(record)
            self._held += record.size
            held = self._held
        if 2 * len(self._waiting) >= options.most_waiting or 2 * held >= options.most_bytes:
            self._wake.set()

    def flush(self) -> None:
        """Write what waits now, in this thread, for those who cannot wait for a segment."""
        taken = self._taken()
        self._write(taken)
        # What is being written still holds its bytes.
        with self._counting:
            self._held -= sum(record.size for record in taken)

    def close(self) -> None:
        """Write what waits, and end."""
        self._ended = True
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        remove_stale_parts(self.folder)
        while not self._ended:
            self._wake.wait(self._options.seconds)
            self._wake.clear()
            self.flush()
        self.flush()

    def _taken(self) -> list[RequestRecord]:
        taken: list[RequestRecord] = []
        while self._waiting:
            try:
                taken.append(self._waiting.popleft())
            except IndexError:
                # Another thread has flushed meanwhile.
                break
        return taken

    def _write(self, records: Sequence[RequestRecord]) -> None:
        by_place: dict[tuple[str, datetime.date], list[dict[str, Any]]] = {}
        for record in records:
            try:
                for row in self._rows(record):
                    by_place.setdefault((record.model, row["time"].date()), []).append(row)
            # One odd request must cost no other one, and no answer.
            except Exception as error:  # noqa: BLE001
                self._drop(1, error)
        for (model, _), rows in by_place.items():
            for start in range(0, len(rows), self._options.most_rows):
                self._write_rows(model, rows[start : start + self._options.most_rows])

    def _write_rows(self, model: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self._number += 1
        try:
            write_segment(self.folder / model, rows, f"{self._name}-{self._number}")
        # Whatever the disk or the library of Parquet says: the server goes on answering.
        except Exception as error:  # noqa: BLE001
            self._drop(len(rows), error)
        else:
            self.written += len(rows)

    def _drop(self, rows: int, error: Exception) -> None:
        with self._counting:
            self.dropped += rows
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            reason = getattr(error, "strerror", None) or error
            told = error.message if isinstance(error, PipelineError) else reason
            log.warning("the request log %s drops rows: %s", self.folder, told)

    def _rows(self, record: RequestRecord) -> Iterator[dict[str, Any]]:
        """Yield the rows of a request, by column."""
        columns: dict[str, Sequence[Any]] = {}
        for prefix, values, way in (
            (INPUT, record.inputs, self.policy.of_feature),
            (OUTPUT, record.outputs, self.policy.of_output),
        ):
            wanted = {name: rows for name, rows in values.items() if way(name) != DROP}
            for name, rows in wanted.items():
                columns[prefix + name] = [self._treated(row, way(name), record) for row in rows()]
        fixed = {
            "request_id": record.request_id,
            "time": datetime.datetime.fromtimestamp(record.at, datetime.timezone.utc),
            "key": self._keys.pseudonym(record.key, record.at),
            "rollout": record.rollout,
            "arm": record.arm,
            "generation": record.generation,
            "assigned": record.assigned,
            "version": record.version,
            "fallback": record.fallback,
            "status": record.status,
            "seconds": record.seconds,
            "shadow": record.shadow,
            "probability": record.probability,
        }
        for row in range(max((len(values) for values in columns.values()), default=1) or 1):
            own = {name: values[row] for name, values in columns.items() if row < len(values)}
            yield {**fixed, "row": row, **own}

    def _treated(self, value: Any, treatment: Treatment, record: RequestRecord) -> Any:
        return treated(value, treatment, lambda text: self._keys.pseudonym(text, record.at))
