"""Events: each once, corrections, keys of several months, nothing half-written."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.business import EventLog, NewEvent
from mlops_pipeline.errors import ParameterError, PipelineError, SettingsError
from mlops_pipeline.request_log import PeriodKeys

MAY = datetime.datetime(2026, 5, 20, tzinfo=datetime.timezone.utc).timestamp()
JUNE = MAY + 20 * 86_400


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    # The log has answered the key in May only.
    PeriodKeys(tmp_path).pseudonym("ann", MAY)
    return EventLog(tmp_path, "fraud")


def test_an_event_counts_once_however_often_it_is_told(log: EventLog) -> None:
    event = NewEvent("bought", "ann", MAY, 5.0)
    for _ in range(2):
        log.record([event, NewEvent("bought", "ann", MAY, 7.0, id="order-1")])
    found = log.read("bought")
    assert sorted(each.value for each in found.events) == [5.0, 7.0]
    assert (found.unlinked, found.conflicts) == (0, ())


def test_an_event_is_linked_to_the_months_before_it(log: EventLog, tmp_path: Path) -> None:
    log.record([NewEvent("bought", "ann", JUNE)])
    (event,) = log.read().events
    assert event.keys == {"2026-05": PeriodKeys(tmp_path).known_pseudonym("ann", MAY)}
    assert not (tmp_path / "keys" / "2026-06.key").exists()


def test_an_event_of_nobody_known_is_counted_apart(tmp_path: Path) -> None:
    log = EventLog(tmp_path, "fraud")
    log.record([NewEvent("bought", "ann", MAY)])
    found = log.read()
    assert (found.events, found.unlinked) == ((), 1)


def test_a_correction_takes_the_place_of_a_value_also_if_it_comes_first(log: EventLog) -> None:
    log.record([NewEvent("bought", "ann", JUNE, 0.0, id="refund", corrects="order-1")])
    log.record([NewEvent("bought", "ann", MAY, 9.0, id="order-1")])
    (event,) = log.read().events
    assert (event.id, event.value, event.at) == ("order-1", 0.0, MAY)


def test_one_id_with_two_values_is_named_and_the_first_counts(log: EventLog) -> None:
    log.record([NewEvent("bought", "ann", MAY, 1.0, id="x")])
    log.record([NewEvent("bought", "ann", MAY, 2.0, id="x")])
    found = log.read()
    assert [each.value for each in found.events] == [1.0]
    assert found.conflicts == ("x",)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"value": float("nan")}, "event 2: the value is nan"),
        ({"value": float("inf")}, "event 2: the value is inf"),
        ({"at": float("nan")}, "event 2: the time is nan"),
        ({"at": 9e12}, "event 2: its time"),
        ({"key": ""}, "event 2 has no key"),
        ({"metric": ""}, "event 2 has no metric"),
        ({"id": "x" * 201}, "event 2: id has 201 characters"),
    ],
)
def test_one_that_is_wrong_keeps_all_out(log: EventLog, changes: dict[str, Any], told: str) -> None:
    wrong = NewEvent(**{"metric": "bought", "key": "ann", "at": MAY, **changes})
    with pytest.raises(ParameterError) as caught:
        log.record([NewEvent("bought", "ann", MAY), wrong])
    assert told in caught.value.message
    assert log.read().events == ()


def test_no_key_is_in_the_files(log: EventLog) -> None:
    log.record([NewEvent("bought", "ann", MAY)])
    (path,) = log.place.iterdir()
    assert b"ann" not in path.read_bytes()


def test_a_damaged_file_is_named_and_an_unwritable_folder_too(log: EventLog) -> None:
    log.record([NewEvent("bought", "ann", MAY)])
    (path,) = log.place.iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(PipelineError, match=path.name):
        log.read()
    path.unlink()
    log.place.rmdir()
    log.place.write_text("a file")
    with pytest.raises(SettingsError, match="cannot be written"):
        log.record([NewEvent("bought", "ann", MAY)])
