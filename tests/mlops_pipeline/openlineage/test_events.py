"""Events made of records, also of such as nobody should have written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mlops_pipeline.openlineage.events import (
    Dataset,
    NodeFacts,
    RunAround,
    node_events,
    outside_name,
    run_event,
)
from mlops_pipeline.openlineage.names import Named
from mlops_pipeline.store import ArtifactRecord, Execution, Run, State

HOSTILE = "<script>\"'\x00\ud800\u202e../" + "x" * 9_000

RUN = Run("r1", "p", State.COMPLETE, started=1.7e9, finished=1.7e9 + 5)
DONE = Execution("c", "p", "r1", "n", State.COMPLETE, id=4, started=1.7e9, finished=1.7e9 + 1)


def facts(execution: Execution, outputs: list[ArtifactRecord], run: Run = RUN) -> NodeFacts:
    datasets = [Dataset(record, Named("mlops", "p/n/x"), "x") for record in outputs]
    return NodeFacts(execution, datasets, datasets, RunAround("mlops", run))


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        (State.RUNNING, ["START"]),
        (State.COMPLETE, ["START", "COMPLETE"]),
        (State.CACHED, ["START", "COMPLETE"]),
        (State.FAILED, ["START", "FAIL"]),
        (State.CANCELED, ["START", "ABORT"]),
        (State.SKIPPED, ["OTHER"]),
    ],
)
def test_every_end_has_a_start(state: State, kinds: list[str], check: Callable[..., None]) -> None:
    events = node_events(facts(replace(DONE, state=state), []), begun=False)
    check(events)
    assert [event["eventType"] for event in events] == kinds
    assert len({event["run"]["runId"] for event in events}) == 1


def test_records_that_nobody_should_have_written_make_events_all_the_same(
    check: Callable[..., None],
) -> None:
    properties: dict[str, Any] = {HOSTILE: HOSTILE, "nan": float("nan"), "deep": [[[[[[[[1]]]]]]]]}
    record = ArtifactRecord(HOSTILE, HOSTILE, 3, properties=properties, digest=HOSTILE)
    run = Run(HOSTILE, HOSTILE, State.FAILED, started=float("nan"), finished=float("inf"))
    execution = Execution(
        component=HOSTILE,
        pipeline=HOSTILE,
        run_id=HOSTILE,
        node_id=HOSTILE,
        state=State.FAILED,
        id=-1,
        attempt=1,
        parameters=properties,
        cache_key=HOSTILE,
        reason=HOSTILE,
        error=HOSTILE,
        details=HOSTILE,
        started=-1e300,
        finished=1e300,
        properties={},
    )
    events = [run_event("mlops", run), *node_events(facts(execution, [record], run), begun=False)]
    check(events)
    text = str(events)
    assert "\x00" not in text
    assert "\ud800" not in text


def test_a_verdict_is_an_assertion_about_the_model(check: Callable[..., None]) -> None:
    verdict = ArtifactRecord(
        "ModelBlessing", "/b", 2, properties={"blessed": 0, "reasons": ["auc"]}
    )
    (event,) = node_events(facts(DONE, [verdict]), begun=True)
    check([event])
    facet = event["inputs"][0]["inputFacets"]["dataQualityAssertions"]
    assert facet["assertions"] == [
        {"assertion": "blessed", "success": False, "severity": "error", "description": "auc"}
    ]


def test_too_many_datasets_are_cut_aloud(check: Callable[..., None]) -> None:
    many = [ArtifactRecord("Model", f"/m{n}", n) for n in range(1, 601)]
    (event,) = node_events(facts(DONE, many), begun=True)
    check([event])
    assert len(event["inputs"]) == 500
    assert event["run"]["facets"]["mlops_node"]["leftOut"] == 200


def test_what_has_no_place_has_a_name_all_the_same() -> None:
    assert outside_name(ArtifactRecord("", "", 7)) == Named("file", "Artifact/7")
