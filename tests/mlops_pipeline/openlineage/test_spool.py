"""The folder of events that wait: many who write, one who sends, and a bound."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
from pathlib import Path

import pytest

from mlops_pipeline.openlineage import spool as module
from mlops_pipeline.openlineage.spool import Place, Spool


def waiting(spool: Spool) -> list[int]:
    return [event["n"] for events, _ in spool.batches(3) for event in events]


def fill(spool: Spool, first: int, last: int) -> None:
    for n in range(first, last):
        spool.append([{"n": n, "text": "x" * 100}])


def write_many(folder: Path, first: int) -> None:
    fill(Spool(folder), first, first + 200)


def test_events_come_in_their_order_until_they_are_forgotten(spool: Spool) -> None:
    fill(spool, 0, 7)
    assert waiting(spool) == list(range(7))
    _, place = next(spool.batches(3))
    spool.forget(place)
    assert waiting(spool) == [3, 4, 5, 6]
    *_, (_, last) = spool.batches(3)
    spool.forget(last)
    assert waiting(spool) == []
    assert not list(spool.folder.glob("*.jsonl"))
    fill(spool, 7, 9)
    assert waiting(spool) == [7, 8]


def test_what_comes_while_it_is_read_is_not_lost(spool: Spool) -> None:
    fill(spool, 0, 2)
    *_, (_, place) = spool.batches(9)
    fill(spool, 2, 4)
    spool.forget(place)
    assert waiting(spool) == [2, 3]


@pytest.mark.slow  # Starts processes.
def test_many_processes_write_whole_lines(spool: Spool) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=write_many, args=(spool.folder, 1000 * n)) for n in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted(waiting(spool)) == [1000 * n + i for n in range(4) for i in range(200)]


def test_a_full_spool_drops_the_oldest_and_says_how_many(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit=4_000)
    fill(spool, 0, 200)
    kept = waiting(spool)
    state = spool.state()
    assert kept == list(range(200 - len(kept), 200))
    assert state.dropped == 200 - len(kept)
    assert state.dropped_at > 0
    assert state.size <= 4_000


def test_sent_events_do_not_count_as_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit=4_000)
    fill(spool, 0, 10)
    *_, (_, place) = spool.batches(4)
    fill(spool, 10, 20)
    spool.forget(place)
    fill(spool, 20, 200)
    assert spool.state().dropped + 10 + len(waiting(spool)) == 200


def test_an_event_that_is_larger_than_the_spool_is_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit=1_000)
    spool.append([{"n": 1}])
    assert spool.append([{"n": 2, "text": "x" * 2_000}]) == 1
    assert waiting(spool) == [1]
    assert spool.state().dropped == 1


def test_what_others_have_written_is_stepped_over(spool: Spool) -> None:
    fill(spool, 0, 1)
    with (spool.folder / "00000001.jsonl").open("ab") as file:
        file.write(b'not json\n[1]\n\xff\xfe\n{"n": 5}\n{"n": 6')
    (spool.folder / "state.json").write_text('{"file": "x", "dropped": -1}')
    (spool.folder / "mine.jsonl").write_text("mine")
    assert waiting(spool) == [0, 5]


def test_one_process_sends_at_a_time(spool: Spool) -> None:
    with spool.sender() as first, spool.sender() as second:
        assert (first, second) == (True, False)
    with spool.sender() as third:
        assert third


def test_a_process_that_was_stopped_with_the_lock_holds_up_nobody(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    spool.append([{"n": 1}])
    handle = os.open(spool.folder / "lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(TimeoutError):
        spool.append([{"n": 2}])
    os.close(handle)
    assert waiting(spool) == [1]


def test_a_spool_that_is_not_there_is_empty(spool: Spool) -> None:
    assert spool.state().waiting == 0
    assert not spool.folder.exists()
    spool.note("nobody answers")
    assert spool.state().error == "nobody answers"
    spool.forget(Place(0, 0))
    assert spool.state().error == ""
