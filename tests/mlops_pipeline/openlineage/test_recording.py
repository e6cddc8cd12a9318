"""What runs say of themselves, as back ends read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from openlineage_place import Event, Place

from mlops_pipeline.errors import StoreError
from mlops_pipeline.openlineage import recorded
from mlops_pipeline.run_state import reap
from mlops_pipeline.store import Execution, Run, State

Check = Callable[[list[Event]], None]


def of(events: list[Event], job: str, kind: str) -> Event:
    return next(e for e in events if (e["job"]["name"], e["eventType"]) == (job, kind))


def names(event: Event, side: str) -> list[str]:
    return [dataset["name"] for dataset in event[side]]


def test_every_node_begins_and_ends_within_its_run(place: Place, check: Check) -> None:
    place.run("r1")
    events = place.events()
    check(events)
    first, *_, last = [(e["job"]["name"], e["eventType"]) for e in events]
    assert (first, last) == (("p", "START"), ("p", "COMPLETE"))
    nodes = [e for e in events if e["job"]["name"] != "p"]
    assert sorted((e["job"]["name"], e["eventType"]) for e in nodes) == [
        (f"p.{node}", kind)
        for node in ("Importer", "Look", "Make", "Train")
        for kind in ("COMPLETE", "START")
    ]
    assert {e["run"]["facets"]["parent"]["run"]["runId"] for e in nodes} == {
        events[0]["run"]["runId"]
    }
    assert len({e["run"]["runId"] for e in events}) == 5


def test_both_sides_stand_in_both_events_under_names_without_ids(place: Place) -> None:
    place.run("r1")
    start, end = (of(place.events(), "p.Train", kind) for kind in ("START", "COMPLETE"))
    assert (
        names(start, "inputs") == names(end, "inputs") == ["p/Make/data", f"{place.folder}/raw.csv"]
    )
    assert names(end, "outputs") == ["p/Train/model"]
    model = end["outputs"][0]["facets"]
    assert model["datasetType"]["datasetType"] == "MODEL"
    assert model["version"]["datasetVersion"] == model["mlops_artifact"]["digest"] != ""


def test_another_run_has_the_same_names_and_other_ids(place: Place) -> None:
    place.run("r1", rows=1)
    place.run("r2", rows=2)
    ends = [e for e in place.events() if e["eventType"] == "COMPLETE"]
    first, second = ends[: len(ends) // 2], ends[len(ends) // 2 :]
    assert {d["name"] for e in first for d in e["outputs"]} == {
        d["name"] for e in second for d in e["outputs"]
    }
    assert not {e["run"]["runId"] for e in first} & {e["run"]["runId"] for e in second}


def test_a_cached_node_is_complete_with_the_same_versions(place: Place, check: Check) -> None:
    place.run("r1")
    place.run("r2")
    events = place.events()
    check(events)
    first, second = [
        e for e in events if (e["job"]["name"], e["eventType"]) == ("p.Train", "COMPLETE")
    ]
    assert second["run"]["facets"]["mlops_cache"]["decision"] == "cached"
    assert second["outputs"][0]["facets"]["version"] == first["outputs"][0]["facets"]["version"]
    assert names(second, "outputs") == ["p/Train/model"]


def test_a_failure_says_why_without_passwords(place: Place, check: Check) -> None:
    place.run("r1", rows=0)
    events = place.events()
    check(events)
    failed = of(events, "p.Train", "FAIL")
    assert names(failed, "inputs")[0] == "p/Make/data"
    said = failed["run"]["facets"]["errorMessage"]
    assert "no rows" in said["message"]
    assert "Traceback" in said["stackTrace"] or "ValueError" in said["stackTrace"]
    assert "password" not in str(events)
    assert of(events, "p", "FAIL")["run"]["facets"]["mlops_run"]["state"] == "FAILED"


def test_a_gate_is_an_assertion_about_what_the_node_read(place: Place, check: Check) -> None:
    place.run("r1")
    end = of(place.events(), "p.Look", "COMPLETE")
    check([end])
    assertion = end["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"][0]
    assert assertion["severity"] == "warn"
    assert assertion["description"] == "it is rather small"
    assert end["run"]["facets"]["test"]["tests"][0]["status"] == "fail"


def test_secrets_do_not_enter(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "very-secret")
    text = (place.folder / "pipeline.py").read_text()
    text = text.replace("Make(rows=rows)", 'Make(rows=rows, key=Secret("THE_KEY"))')
    (place.folder / "pipeline.py").write_text(text)
    place.run("r1")
    assert of(place.events(), "p.Make", "COMPLETE")
    assert "very-secret" not in str(place.events())


def test_a_run_that_goes_on_begins_again_under_its_id(place: Place, check: Check) -> None:
    place.run("r1", rows=0)
    text = (place.folder / "pipeline.py").read_text().replace('== "0"', '== "none"')
    (place.folder / "pipeline.py").write_text(text)
    place.run("r1")
    whole = [e for e in place.events() if e["job"]["name"] == "p"]
    check(whole)
    assert [e["eventType"] for e in whole] == ["START", "FAIL", "START", "COMPLETE"]
    assert len({e["run"]["runId"] for e in whole}) == 1
    assert [e["eventTime"] for e in whole] == sorted(e["eventTime"] for e in whole)


def test_a_spool_that_cannot_be_written_fails_no_node(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    (place.folder / "spool").write_text("no folder")
    assert not place.run("r1").failed
    assert [r.message for r in caplog.records if "no OpenLineage event" in r.message]


def test_what_has_started_the_run_is_its_parent(
    place: Place, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = "01890000-0000-7000-8000-000000000001"
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", f"airflow/dag.task/{parent}")
    place.run("r1")
    start = of(place.events(), "p", "START")
    check([start])
    assert start["run"]["facets"]["parent"]["run"]["runId"] == parent
    assert start["run"]["facets"]["parent"]["job"]["name"] == "dag.task"


@pytest.mark.parametrize("given", ["", "x", "a/b/no-uuid", "//", "a//b"])
def test_a_parent_that_is_none_is_left_out(
    place: Place, check: Check, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", given)
    place.run("r1")
    start = of(place.events(), "p", "START")
    check([start])
    assert "parent" not in start["run"]["facets"]


def test_a_node_whose_process_died_has_failed(place: Place, check: Check) -> None:
    workspace = place.workspace()
    workspace.store.put_run(Run("r1", "p", started=1.7e9), new=True)
    running = Execution("c", "p", "r1", "Train", State.RUNNING, name="x", started=1.7e9)
    stored, _ = workspace.store.put_execution(running)
    # Another process finds it, and remembers nothing of its beginning.
    reap(place.workspace(), stored)
    events = [e for e in place.events() if e["job"]["name"] == "p.Train"]
    check(events)
    assert [e["eventType"] for e in events] == ["START", "FAIL"]
    assert len({e["run"]["runId"] for e in events}) == 1


def test_a_store_that_fails_fails_as_it_did(place: Place) -> None:
    place.run("r1")
    store = recorded(place.store, place.settings)
    run = store.get_run("r1")
    assert run is not None
    before = len(place.events())
    with pytest.raises(StoreError):
        store.put_run(replace(run), new=True)
    assert len(place.events()) == before
