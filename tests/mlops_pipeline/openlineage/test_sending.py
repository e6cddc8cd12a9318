"""A spool emptied to a back end that is there, away, or wants not everything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from back_end import back_end
from openlineage_place import Place

from mlops_pipeline.openlineage import Sent, Spool, open_client, send, send_aside
from mlops_pipeline.openlineage.client import Client
from mlops_pipeline.settings import Settings


def client_of(url: str) -> Callable[[], Client]:
    return lambda: open_client(Settings(openlineage_url=url))


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["n"] for event in events]


def test_a_run_arrives_as_it_was_recorded(place: Place, check: Callable[..., None]) -> None:
    place.run("r1")
    waiting = place.events()
    with back_end() as server:
        result = send(place.spool, client_of(server.url))
    assert len(waiting) == 10
    assert result == Sent(sent=len(waiting))
    assert server.events == waiting
    check(server.events)
    assert place.spool.state().waiting == 0


def test_what_is_not_taken_waits(spool: Spool) -> None:
    spool.append([{"n": n} for n in range(120)])
    with back_end(lambda event: 503 if event["n"] >= 70 else 200) as server:
        first = send(spool, client_of(server.url))
        assert numbers(server.events) == list(range(70))
        assert "503" in first.error
        assert "503" in spool.state().error
        # What was sent since the place was last remembered is sent again.
        assert spool.state().waiting == 70
        server.answer = lambda event: 200
        assert send(spool, client_of(server.url)).sent == 70
    assert set(numbers(server.events)) == set(range(120))
    assert spool.state().error == ""


def test_a_back_end_that_is_away_costs_nothing(spool: Spool) -> None:
    spool.append([{"n": 1}])
    with back_end() as server:
        away = server.url
    result = send(spool, client_of(away))
    assert "refused" in result.error
    assert spool.state().waiting == 1


def test_an_event_that_nobody_wants_does_not_hold_up_the_others(spool: Spool) -> None:
    spool.append([{"n": n} for n in range(5)])
    with back_end(lambda event: 422 if event["n"] == 2 else 200) as server:
        result = send(spool, client_of(server.url))
    assert (result.sent, result.refused) == (4, 1)
    assert numbers(server.events) == [0, 1, 3, 4]
    assert spool.state().refused == 1


@pytest.mark.slow  # Starts processes.
def test_two_senders_send_nothing_twice(spool: Spool) -> None:
    spool.append([{"n": n} for n in range(200)])
    results: list[Sent] = []
    with back_end() as server:
        threads = [
            threading.Thread(target=lambda: results.append(send(spool, client_of(server.url))))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(numbers(server.events)) == list(range(200))
    assert sum(result.sent for result in results) == 200


def test_what_comes_while_it_is_sent_is_sent_too(spool: Spool) -> None:
    spool.append([{"n": 0}])

    def answer(event: dict[str, Any]) -> int:
        if event["n"] < 3:
            spool.append([{"n": event["n"] + 1}])
        return 200

    with back_end(answer) as server:
        send(spool, client_of(server.url))
    assert numbers(server.events) == [0, 1, 2, 3]


def test_a_process_of_its_own_sends_when_a_run_has_ended(place: Place) -> None:
    started: list[dict[str, Any]] = []

    def start(command: list[str], **options: Any) -> None:
        started.append({"command": command, **options})

    settings = msgspec.structs.replace(place.settings, openlineage_url="http://x")
    assert send_aside(settings, start)
    assert started[0]["command"][-3:] == ["openlineage", "send", "--quiet"]
    assert started[0]["env"]["MLOPS_OPENLINEAGE_SPOOL"] == settings.openlineage_spool
    assert started[0]["start_new_session"]
    assert not send_aside(place.settings, start)


def test_no_process_to_be_had_is_no_failure(place: Place) -> None:
    def start(command: list[str], **options: Any) -> None:
        raise OSError("no more processes")

    settings = msgspec.structs.replace(place.settings, openlineage_url="http://x")
    assert not send_aside(settings, start)


@pytest.mark.slow  # Starts processes.
def test_what_waits_arrives_though_nobody_waits_for_it(place: Place) -> None:
    arrived = threading.Event()

    def answer(event: dict[str, Any]) -> int:
        if (event["job"]["name"], event["eventType"]) == ("p", "COMPLETE"):
            arrived.set()
        return 201

    with back_end(answer) as server:
        place.settings = msgspec.structs.replace(place.settings, openlineage_url=server.url)
        place.run("r1")
        assert arrived.wait(60)
    assert len(server.events) == 10
