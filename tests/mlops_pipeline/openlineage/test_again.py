"""Events that are made of a store, long after a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from openlineage_place import Place

from mlops_pipeline.openlineage import events_of_run
from mlops_pipeline.store import Run, State


def test_they_are_those_that_were_recorded(place: Place, check: Callable[..., None]) -> None:
    place.run("r0")
    place.run("r1", rows=0)
    run = place.store.get_run("r1")
    assert run is not None
    again = list(events_of_run(place.store, run, "mlops"))
    check(again)
    uuid = again[0]["run"]["runId"]

    def of_run(event: dict[str, Any]) -> bool:
        parent = event["run"]["facets"].get("parent", event)["run"]["runId"]
        return uuid in (parent, event["run"]["runId"])

    def said(event: dict[str, Any]) -> tuple[str, str, str, list[str], list[str]]:
        sides = [[d["name"] for d in event[side]] for side in ("inputs", "outputs")]
        return event["run"]["runId"], event["job"]["name"], event["eventType"], *sides

    ends = [said(e) for e in place.events() if of_run(e) and e["eventType"] != "START"]
    assert sorted(ends) == sorted(said(e) for e in again if e["eventType"] != "START")


def test_a_run_that_goes_on_has_no_end(place: Place) -> None:
    place.run("r1")
    run = place.store.get_run("r1")
    assert run is not None
    going = replace(run, state=State.RUNNING, finished=0.0)
    events = list(events_of_run(place.store, going, "mlops"))
    assert [e["eventType"] for e in events if e["job"]["name"] == "p"] == ["START"]


def test_a_run_of_which_no_node_is_left_is_told_as_it_is(place: Place) -> None:
    events = list(events_of_run(place.store, Run("x", "p", State.FAILED), "mlops"))
    assert [e["eventType"] for e in events] == ["START", "FAIL"]
