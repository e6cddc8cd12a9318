"""Removals beside runs, each a process of its own, and what is left where one is killed."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from removal_sides import Side
from retention_stores import Kept

from mlops_pipeline.errors import NotFoundError, StoreError
from mlops_pipeline.retention import apply_gc
from mlops_pipeline.roots import list_objects
from mlops_pipeline.run_state import this_process
from mlops_pipeline.store import (
    ArtifactState,
    State,
    deletion_of,
    read_contents,
)

SLOW = pytest.mark.slow
"""Several processes are started, one after the other."""


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    side = Side(tmp_path)
    yield side
    side.close()


def test_what_goes_leaves_a_record_of_when_why_by_whom_and_how_much(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    done = apply_gc(kept.workspace, kept.url, kept.plan())
    assert [each.node for each in done.removed] == ["Make", "Train"]
    assert (done.size, done.failed) == (200, [])
    found = kept.read(model)
    assert found.state is ArtifactState.DELETED
    assert found.digest == model.digest
    assert found.notes["deleted"]["size"] == 100
    assert deletion_of(found).endswith("the retention policy keeps it no longer")
    assert not Path(model.uri).exists()
    assert read_contents(kept.url).marked == frozenset()
    assert kept.plan().going == []
    assert examples.id < model.id


@pytest.mark.slow  # Starts processes.
def test_a_hit_between_plan_and_mark_keeps_what_it_has_taken(side: Side) -> None:
    side.whole("run:first")
    gc = side.until("gc", "gc.planned")
    assert side.whole("run:second") == "Check=CACHED Make=CACHED Train=CACHED"
    assert side.go(gc).startswith("removed=[] held=[")
    side.check()


@pytest.mark.parametrize(
    "node", ["Train", *(pytest.param(n, marks=SLOW) for n in ("Make", "Check"))]
)
@pytest.mark.slow  # Starts processes.
def test_a_hit_that_is_recorded_after_the_mark_is_refused_and_the_node_runs(
    side: Side, node: str
) -> None:
    side.whole("run:first")
    run = side.until("run:second", f"driver.planned/{node}")
    assert side.whole("gc").startswith("removed=[")
    states = dict(each.split("=") for each in side.go(run).split())
    assert states[node] == "COMPLETE"
    assert set(states.values()) <= {"COMPLETE", "CACHED"}
    side.check()


@SLOW
def test_a_hit_between_mark_and_removal_is_refused(side: Side) -> None:
    side.whole("run:first")
    gc = side.until("gc", "gc.marked")
    assert side.whole("run:second") == "Check=COMPLETE Make=COMPLETE Train=COMPLETE"
    side.go(gc)
    side.check()
    assert side.whole("run:third") == "Check=CACHED Make=CACHED Train=CACHED"


@SLOW
def test_a_run_in_the_middle_of_a_node_keeps_what_it_reads(side: Side) -> None:
    run = side.until("run:first", "driver.claimed/Check")
    assert side.whole("gc") == "removed=[] held=[] failed=[]"
    assert side.go(run) == "Check=COMPLETE Make=COMPLETE Train=COMPLETE"
    side.check()


@SLOW
def test_a_failed_run_that_is_resumed_makes_again_what_went(side: Side) -> None:
    (side.folder / "closed").touch()
    assert "Check=FAILED" in side.whole("run:first")
    assert side.whole("gc").startswith("removed=[1, 2]")
    (side.folder / "closed").unlink()
    assert side.whole("run:first") == "Check=COMPLETE Make=COMPLETE Train=COMPLETE"
    side.check()


@SLOW
def test_a_run_that_is_resumed_before_the_mark_keeps_what_it_has(side: Side) -> None:
    (side.folder / "closed").touch()
    side.whole("run:first")
    gc = side.until("gc", "gc.planned")
    (side.folder / "closed").unlink()
    resumed = side.until("run:first", "driver.claimed/Check")
    assert side.go(gc).startswith("removed=[] held=[1, 2]")
    assert side.go(resumed) == "Check=COMPLETE"
    side.check()


KILLS = [
    f"kill:{step}:{count}"
    for step, counts in (
        ("gc.planned", (1,)),
        ("gc.marked", (1,)),
        ("gc.removing", (1, 2, 3)),
        ("gc.removed", (1, 2, 3)),
        ("gc.finished", (1,)),
    )
    for count in counts
]


LIGHT_KILL = "kill:gc.removing:2"


@pytest.mark.parametrize(
    "how", [LIGHT_KILL, *(pytest.param(k, marks=SLOW) for k in KILLS if k != LIGHT_KILL)]
)
@pytest.mark.slow  # Starts processes.
def test_a_removal_that_was_killed_is_finished_by_the_next(side: Side, how: str) -> None:
    side.whole("run:first")
    side.whole("gc", how)
    # Meanwhile what is marked is used by nobody.
    assert "FAILED" not in side.whole("run:second")
    side.whole("gc")
    assert side.live() == []
    side.check()
    assert read_contents(side.url).marked == frozenset()
    assert side.whole("run:third") == "Check=COMPLETE Make=COMPLETE Train=COMPLETE"
    side.check()


@SLOW
def test_removals_at_once_and_kills_at_any_moment_leave_nothing_half_done(side: Side) -> None:
    chance = random.Random(7)
    for number in range(4):
        side.whole(f"run:r{number}")
        both = [side.begin("gc"), side.begin("gc")]
        time.sleep(chance.uniform(0.3, 1.0))
        both[0].kill()
        assert both[1].wait(timeout=120) == 0
        both[0].wait()
    side.whole("gc")
    assert side.live() == []
    side.check()
    assert list(Path(side.root, ".removed").iterdir()) == []


@SLOW
def test_runs_and_removals_beside_each_other_never_lose_what_is_used(side: Side) -> None:
    end = time.monotonic() + 20
    number = 0
    while time.monotonic() < end:
        number += 1
        all_of_them = [side.begin(f"run:a{number}"), side.begin("gc"), side.begin(f"run:b{number}")]
        for each in all_of_them:
            out, _ = each.communicate(timeout=120)
            assert each.returncode == 0
            assert "FAILED" not in out
    side.whole("gc")
    side.check()


def test_orphans_stay_unless_they_are_asked_for(kept: Kept) -> None:
    kept.run_once("a")
    orphan = Path(kept.root, "pets", "Make", "out", "900")
    orphan.mkdir()
    old = time.time() - 200_000
    os.utime(orphan, (old, old))
    plan = kept.plan(keep_last=1)
    apply_gc(kept.workspace, kept.url, plan)
    assert orphan.exists()
    done = apply_gc(kept.workspace, kept.url, plan, orphans=True)
    assert [each.place for each in done.orphans] == ["pets/Make/out/900"]
    assert not orphan.exists()


def test_all_of_a_root_is_never_taken_for_orphans(kept: Kept, tmp_path: Path) -> None:
    kept.run_once("a")
    old = time.time() - 200_000
    for place in Path(kept.root).rglob("*"):
        os.utime(place, (old, old))
    other = Kept(tmp_path, f"sqlite:///{tmp_path / 'other.db'}", kept.root)
    other.begin("b")
    plan = other.plan()
    assert len(plan.orphans) == 2
    with pytest.raises(StoreError, match="all that is there would be removed"):
        apply_gc(other.workspace, other.url, plan, orphans=True)
    assert len(list(Path(kept.root).glob("*/*/*/*"))) == 2


def test_what_a_dead_execution_had_staged_is_removed(kept: Kept) -> None:
    kept.begin("a")
    staging = {"staging": "abcd1234", "outputs": ["out"]}
    running = kept.claim("a", "Make", properties={**staging, **this_process()})
    staged = Path(kept.root, "pets", ".staging", f"{running.id}-abcd1234")
    staged.mkdir(parents=True)
    with closing(kept.open()) as store:
        store.put_execution(replace(running, state=State.FAILED))
    done = apply_gc(kept.workspace, kept.url, kept.plan())
    assert [each.place for each in done.orphans] == [f"pets/.staging/{running.id}-abcd1234"]
    assert not staged.exists()


def test_files_that_cannot_be_removed_are_named_and_tried_again(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    Path(kept.root, ".removed").write_text("in the way")
    done = apply_gc(kept.workspace, kept.url, kept.plan())
    assert done.removed == []
    assert len(done.failed) == 2
    assert read_contents(kept.url).marked == {examples.id, model.id}
    Path(kept.root, ".removed").unlink()
    done = apply_gc(kept.workspace, kept.url, kept.plan())
    assert list(done.finished) == [examples.id, model.id]
    assert not Path(model.uri).exists()


def test_of_a_marked_artifact_whose_place_another_one_is_in_only_the_state_changes(
    kept: Kept,
) -> None:
    examples, _ = kept.run_once("a")
    Path(kept.root, ".removed").write_text("in the way")
    apply_gc(kept.workspace, kept.url, kept.plan())
    Path(kept.root, ".removed").unlink()
    kept.note(examples)
    apply_gc(kept.workspace, kept.url, kept.plan(younger=1e9))
    assert Path(examples.uri).exists()
    shutil.rmtree(kept.root)


def test_objects_of_an_object_store_go_as_files_do(tmp_path: Path) -> None:
    root = f"memory://removal-{tmp_path.name}"
    kept = Kept(tmp_path, root=root)
    kept.begin("a")
    gone = kept.publish_objects("a", "Make", "Examples")
    stays = kept.publish_objects("a", "Train", "Model", gone)
    kept.end("a")
    kept.note(stays, tags=["best"])
    plan = kept.plan(keep=frozenset({"tagged"}))
    assert [(each.node, each.size, each.files) for each in plan.going] == [("Make", 3, 1)]
    apply_gc(kept.workspace, kept.url, plan)
    assert kept.states(gone, stays) == [ArtifactState.DELETED, ArtifactState.LIVE]
    with pytest.raises(NotFoundError):
        list_objects(gone.uri)
    assert len(list_objects(stays.uri).objects) == 1
