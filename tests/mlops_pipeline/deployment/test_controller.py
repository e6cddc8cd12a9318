"""The controller: whole rollouts, kills at every point, two at once, and what people do."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rollouts import MODEL, log_requests, plan_of, with_served

from mlops_pipeline.deployment import (
    Rollout,
    RolloutPlaces,
    RolloutState,
    act,
    advance,
    list_rollouts,
    open_rollout,
    parse_table,
    run_controller,
    start_rollout,
    verify_rollout,
)
from mlops_pipeline.errors import ParameterError, PipelineError
from mlops_pipeline.models import open_model, set_alias
from mlops_pipeline.store import MemoryStore, MetadataStore, open_store

pytestmark = pytest.mark.ml  # Parquet.


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with_served(made, 3)
    return made


@pytest.fixture
def places(store: MemoryStore, tmp_path: Path) -> RolloutPlaces:
    return RolloutPlaces(store, tmp_path / "serving" / "table.json", tmp_path / "log")


def routes(places: RolloutPlaces) -> Any:
    return parse_table(places.table.read_bytes()).models[MODEL]


def step(places: RolloutPlaces, name: str, **more: Any) -> Rollout:
    """Answer requests by the table as it is, then let the controller look."""
    rollout = open_rollout(places.store, name)
    log_requests(places.log, name, rollout.weight, time.time(), **more)
    return advance(places, name, time.time() + 0.01)


def begun(places: RolloutPlaces, **plan: Any) -> Rollout:
    """A rollout in its first canary step."""
    started = start_rollout(places.store, plan_of(**plan), by="ann")
    found = advance(places, started.name)
    assert found.state == RolloutState.CANARY
    return found


def test_a_good_version_is_promoted_step_by_step(places: RolloutPlaces) -> None:
    name = begun(places).name
    assert (routes(places).candidate, routes(places).weight) == (102, 0.1)
    assert step(places, name).weight == 0.5
    assert routes(places).weight == 0.5
    found = step(places, name)
    assert found.state == RolloutState.PROMOTED
    assert (routes(places).champion, routes(places).candidate) == (102, 0)
    assert routes(places).last_good == (101,)
    (*_, move) = open_model(places.store, MODEL).moves
    assert (move.version, move.by) == (2, name)
    assert verify_rollout(found) == []


def test_a_bad_version_is_taken_out_and_never_used_again(places: RolloutPlaces) -> None:
    name = begun(places).name
    found = step(places, name, errors=0.5)
    assert found.state == RolloutState.ROLLED_BACK
    assert found.last.why.startswith("errors: ")
    assert (routes(places).champion, routes(places).candidate) == (101, 0)
    model = open_model(places.store, MODEL)
    assert model.version(2).state == "rolled back"
    assert model.alias("champion") == 1
    with pytest.raises(ParameterError, match="v2 is rolled back"):
        start_rollout(places.store, plan_of())
    assert verify_rollout(found) == []


def test_a_slice_that_loses_stops_it(places: RolloutPlaces) -> None:
    name = begun(places, slices=("country",), max_errors=0.2, steps=(0.5,)).name
    countries = ("at",) * 9 + ("de",)
    found = step(places, name, errors=1.0, countries=countries, users=4000)
    assert found.state == RolloutState.ROLLED_BACK
    assert found.last.why.startswith("errors of country=de")


def test_a_shadow_answers_nobody_before_it_is_promoted(places: RolloutPlaces) -> None:
    name = start_rollout(places.store, plan_of(strategy="shadow", steps=())).name
    assert advance(places, name).state == RolloutState.SHADOW
    assert (routes(places).shadow, routes(places).weight) == ((102,), 0)
    assert advance(places, name).state == RolloutState.SHADOW
    assert step(places, name, shadow=True).state == RolloutState.PROMOTED


def test_a_pause_keeps_the_shares(places: RolloutPlaces) -> None:
    name = begun(places).name
    act(places.store, name, RolloutState.PAUSED, by="bob", why="lunch")
    assert step(places, name, errors=0.5).state == RolloutState.PAUSED
    assert routes(places).weight == 0.1
    assert act(places.store, name, RolloutState.CANARY).state == RolloutState.CANARY
    with pytest.raises(ParameterError, match="is not paused"):
        act(places.store, name, RolloutState.CANARY)
    assert step(places, name).weight == 0.5


def test_whoever_aborts_may_roll_it_out_again(places: RolloutPlaces) -> None:
    name = begun(places).name
    act(places.store, name, RolloutState.ABORTED, by="bob")
    assert advance(places, name).state == RolloutState.ABORTED
    assert (routes(places).champion, routes(places).candidate) == (101, 0)
    with pytest.raises(ParameterError, match="has ended"):
        act(places.store, name, RolloutState.PAUSED)
    assert begun(places).name == "fraud-2"


def test_a_newer_rollout_takes_the_place_of_an_older_one(places: RolloutPlaces) -> None:
    first = begun(places)
    second = start_rollout(places.store, replace_plan(plan_of(), candidate=3, serves=(103, 101)))
    assert open_rollout(places.store, first.name).state == RolloutState.SUPERSEDED
    advance(places, second.name)
    # Its controller, which knows nothing of that yet, does no harm to the table.
    assert advance(places, first.name).state == RolloutState.SUPERSEDED
    assert routes(places).candidate == 103


def replace_plan(plan: Any, **changes: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(plan, **changes)


def test_an_end_of_long_ago_is_not_done_again(places: RolloutPlaces) -> None:
    name = begun(places, steps=(0.5,)).name
    assert step(places, name).state == RolloutState.PROMOTED
    set_alias(places.store, MODEL, 3, by="ann", why="by hand")
    before = places.table.read_bytes()
    advance(places, name)
    assert open_model(places.store, MODEL).alias("champion") == 3
    assert places.table.read_bytes() == before


def test_the_table_of_other_models_stays(places: RolloutPlaces) -> None:
    places.table.parent.mkdir()
    places.table.write_text('{"generation": 41, "models": {"other": {"champion": 7}}}')
    begun(places)
    table = parse_table(places.table.read_bytes())
    assert table.generation > 41
    assert table.models["other"].champion == 7


def test_a_broken_table_stops_the_controller_and_stays(places: RolloutPlaces) -> None:
    places.table.parent.mkdir()
    places.table.write_text("{")
    name = start_rollout(places.store, plan_of()).name
    with pytest.raises(PipelineError, match="the routing table cannot be used"):
        advance(places, name)
    assert places.table.read_text() == "{"


def test_evidence_that_was_changed_afterwards_is_found(places: RolloutPlaces) -> None:
    name = begun(places).name
    found = step(places, name, errors=0.5)
    last = found.last
    kinder = replace(last, state=RolloutState.CANARY, stage=1)
    (fault,) = verify_rollout(replace(found, steps=(*found.steps[:-1], kinder)))
    assert "is canary 1, not rolled_back" in fault
    (fault,) = verify_rollout(
        replace(found, steps=(*found.steps[:-1], replace(last, evidence=None)))
    )
    assert "has no evidence" in fault
    (fault,) = verify_rollout(
        replace(found, steps=(*found.steps[:-1], replace(last, checks=last.checks[:-1])))
    )
    assert "other figures" in fault


CONTROLLER = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
from mlops_pipeline.deployment import RolloutPlaces, advance
from mlops_pipeline.store import open_store

def kill(point):
    if point == {point!r}:
        os.kill(os.getpid(), signal.SIGKILL)

store = open_store({store!r})
places = RolloutPlaces(store, Path({folder!r}) / "table.json", Path({folder!r}) / "log", kill)
advance(places, {name!r})
"""


def controlled(folder: Path, name: str, point: str) -> int:
    told = {"path": sys.path, "store": f"sqlite:///{folder}/m.db", "folder": str(folder)}
    code = CONTROLLER.format(**told, name=name, point=point)
    return subprocess.run([sys.executable, "-c", code], timeout=60).returncode


@pytest.mark.slow  # Starts processes.
@pytest.mark.parametrize("point", ["table", "applied", "decided", "recorded"])
@pytest.mark.parametrize("errors", [0.0, 0.5])
def test_a_controller_that_is_killed_goes_on_where_it_was(
    tmp_path: Path, point: str, errors: float
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/m.db")
    with_served(store)
    places = RolloutPlaces(store, tmp_path / "table.json", tmp_path / "log")
    name = begun(places, steps=(0.5,)).name
    log_requests(places.log, name, 0.5, time.time(), errors=errors)
    # After the decision, the same points come a second time, for the state that it led to.
    assert controlled(tmp_path, name, point) == -9
    assert controlled(tmp_path, name, "") == 0
    found = open_rollout(store, name)
    wanted = RolloutState.ROLLED_BACK if errors else RolloutState.PROMOTED
    assert found.state == wanted
    assert len(found.steps) == 3
    assert verify_rollout(found) == []
    assert routes(places).champion == (101 if errors else 102)
    model = open_model(store, MODEL)
    assert model.alias("champion") == (1 if errors else 2)
    assert bool(model.version(2).rolled_back) == bool(errors)
    store.close()


def test_of_controllers_at_once_one_decides(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/m.db"
    store = open_store(url)
    with_served(store)
    places = RolloutPlaces(store, tmp_path / "table.json", tmp_path / "log")
    name = begun(places, steps=(0.5,)).name
    log_requests(places.log, name, 0.5, time.time())

    def control(_: int) -> RolloutState:
        return advance(places, name, time.time() + 0.01).state

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(control, range(4))) == {RolloutState.PROMOTED}
    found = open_rollout(store, name)
    assert [str(each.state) for each in found.steps] == ["loading", "canary", "promoted"]
    store.close()


def test_it_runs_to_the_end_and_tells_each_state(places: RolloutPlaces) -> None:
    name = begun(places, steps=(0.5,)).name
    log_requests(places.log, name, 0.5, time.time())
    told: list[str] = []
    end = run_controller(places, name, every=0.01, told=lambda r: told.append(str(r.state)))
    assert end.state == RolloutState.PROMOTED
    assert told[-1] == "promoted"


def test_a_model_that_nobody_registered_has_no_rollouts(store: MetadataStore) -> None:
    assert list_rollouts(store, "nobody") == []
    with pytest.raises(PipelineError, match="nobody"):
        start_rollout(store, replace_plan(plan_of(), model="nobody"))
