"""Events of business metrics, in files beside the request log that are never edited.

    <folder>/<model>/events/<microseconds>-<writer>.jsonl

A file appears as a whole. An event has an id, and counts once however often it is recorded; a
correction names the event whose value it takes the place of. Keys are kept as pseudonyms, one for
each month in which the key may have been answered.
"""

from __future__ import annotations

import datetime
import math
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from mlops_pipeline.errors import ParameterError, PipelineError, SettingsError
from mlops_pipeline.request_log import PeriodKeys, write_whole

_DAY = 86_400.0
_LONGEST_ID = 200


@dataclass(frozen=True)
class NewEvent:
    """An event as it is told.

    Args:
        key: whose it is, as the requests had it.
        at: seconds since 1970.
        id: the same event told again has the same one; made of the rest where it is empty.
        corrects: id of an event whose value this one takes the place of.
    """

    metric: str
    key: str
    at: float
    value: float = 1.0
    id: str = ""
    corrects: str = ""


class BusinessEvent(msgspec.Struct, frozen=True):
    """An event as it is kept.

    Args:
        keys: pseudonyms of the key by month; none if no month is known, or all were erased.
    """

    id: str
    metric: str
    at: float
    value: float
    keys: dict[str, str] = {}
    corrects: str = ""


@dataclass(frozen=True)
class KeptEvents:
    """The events of a model, each once, with what could not be used.

    Args:
        unlinked: events whose key is not known to the request log.
        conflicts: ids that were told with several values, of which the first one counts.
    """

    events: tuple[BusinessEvent, ...]
    unlinked: int = 0
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventLog:
    """The events of a model.

    Args:
        folder: of the request log, which has the secrets of the keys.
        window: seconds before an event in which its key may have been answered.
    """

    folder: Path
    model: str
    window: float = 62 * _DAY
    _keys: dict[Path, PeriodKeys] = field(default_factory=dict, repr=False, compare=False)

    @property
    def place(self) -> Path:
        """The folder of the files."""
        return Path(self.folder) / self.model / "events"

    def record(self, events: Iterable[NewEvent]) -> int:
        """Keep events, all of them or none; returns how many.

        Raises:
            ParameterError: one of them is none; the message says which.
            SettingsError: they cannot be written.
        """
        kept = [self._kept(number, event) for number, event in enumerate(events, 1)]
        if kept:
            self._write(msgspec.json.Encoder().encode_lines(kept))
        return len(kept)

    def read(self, metric: str = "") -> KeptEvents:
        """Return the events of a metric, or of all, with corrections applied.

        Raises:
            PipelineError: a file cannot be read.
        """
        first: dict[str, BusinessEvent] = {}
        conflicts: dict[str, None] = {}
        for event in self._all():
            if metric and event.metric != metric:
                continue
            known = first.setdefault(event.id, event)
            if (known.value, known.at, known.metric) != (event.value, event.at, event.metric):
                conflicts[event.id] = None
        values = {event.id: event.value for event in first.values()}
        for event in first.values():
            if event.corrects in values:
                values[event.corrects] = event.value
        kept = [
            msgspec.structs.replace(event, value=values[event.id])
            for event in first.values()
            # One whose event is not there, or not yet, corrects nothing.
            if not event.corrects
        ]
        linked = sorted((e for e in kept if e.keys), key=lambda event: (event.at, event.id))
        return KeptEvents(tuple(linked), len(kept) - len(linked), tuple(conflicts))

    def _all(self) -> Iterator[BusinessEvent]:
        decoder = msgspec.json.Decoder(BusinessEvent)
        for path in sorted(self.place.glob("*.jsonl")):
            try:
                yield from decoder.decode_lines(path.read_bytes())
            except (OSError, msgspec.MsgspecError) as error:
                raise PipelineError(
                    f"the events in {path} cannot be read: {error}",
                    hint="the file was damaged; move it away to go on without its events",
                ) from None

    def _kept(self, number: int, event: NewEvent) -> BusinessEvent:
        where = f"event {number}"
        if not event.metric:
            raise ParameterError(f"{where} has no metric", hint="name one")
        if not event.key:
            raise ParameterError(f"{where} has no key", hint="give the key of its requests")
        for name, value in (("value", event.value), ("time", event.at)):
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ParameterError(f"{where}: the {name} is {value!r}", hint="give a number")
        # A day ahead is a clock that is wrong.
        if not 0 < event.at < time.time() + _DAY:
            raise ParameterError(f"{where}: its time is {event.at:g}", hint="give a past time")
        for name, text in (("id", event.id), ("corrects", event.corrects)):
            if len(text) > _LONGEST_ID:
                raise ParameterError(
                    f"{where}: {name} has {len(text)} characters", hint=f"at most {_LONGEST_ID}"
                )
        keys = self._pseudonyms(event)
        made = event.id or _made_id(event, keys)
        return BusinessEvent(
            made, event.metric, float(event.at), float(event.value), keys, event.corrects
        )

    def _pseudonyms(self, event: NewEvent) -> dict[str, str]:
        known = self._keys.setdefault(Path(self.folder), PeriodKeys(Path(self.folder)))
        found = {}
        for at in _months(event.at - self.window, event.at):
            pseudonym = known.known_pseudonym(event.key, at)
            if pseudonym:
                found[_month(at)] = pseudonym
        return found

    def _write(self, data: bytes) -> None:
        path = self.place / f"{time.time_ns() // 1000}-{secrets.token_hex(6)}.jsonl"
        try:
            write_whole(path, lambda file: file.write(data))
        except OSError as error:
            raise SettingsError(
                f"events cannot be written to {self.place}: {error.strerror}",
                hint="none of them was kept; record them again",
            ) from None


def _made_id(event: NewEvent, keys: Mapping[str, str]) -> str:
    """Return an id that the same event has each time it is told."""
    import hashlib

    # By pseudonym: the id must not say whose the event is.
    whose = ",".join(sorted(keys.values()))
    text = f"{event.metric}\0{whose}\0{event.at!r}\0{event.value!r}\0{event.corrects}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _month(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m")


def _months(begin: float, end: float) -> Sequence[float]:
    """Return a time in each month from one time to another."""
    found, at = [], max(begin, 0.0)
    while at < end:
        found.append(at)
        day = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
        year, month = divmod(day.year * 12 + day.month, 12)
        at = datetime.datetime(year, month + 1, 1, tzinfo=datetime.timezone.utc).timestamp()
    return [*found, end] if _month(end) not in {_month(each) for each in found} else found
