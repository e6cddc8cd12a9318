"""Removals beside runs, each a process of its own, and what is left where one is killed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import gc_steps
import pytest
from retention_stores import Kept

from mlops_pipeline.errors import StoreError
from mlops_pipeline.retention import apply_gc
from mlops_pipeline.run_state import this_process
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    State,
    deletion_of,
    read_contents,
)

PIPELINE = """
from mlops_pipeline import Input, Output, component, latest, pipeline, Resolver
from mlops_pipeline.artifacts import Examples, Model
from pathlib import Path

@component
def Make(examples: Output[Examples]) -> None:
    (examples.path / "text").write_text("a" * 1000)

@component
def Train(examples: Input[Examples], model: Output[Model]) -> None:
    (model.path / "text").write_text((examples.path / "text").read_text())

@component
def Check(model: Input[Model], closed: str = "{closed}") -> int:
    if Path(closed).exists():
        raise RuntimeError("closed")
    return len((model.path / "text").read_text())

@pipeline
def p() -> None:
    make = Make()
    train = Train(examples=make.outputs["examples"])
    Check(model=train.outputs["model"])
"""


class Side:
    """Processes beside the test, on one store and root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'metadata.db'}"
        self.root = str(folder / "root")
        (folder / "root").mkdir()
        text = PIPELINE.replace("{closed}", str(folder / "closed"))
        (folder / "pipeline.py").write_text(text)
        self.begun: list[subprocess.Popen[str]] = []

    def begin(self, what: str, how: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, gc_steps.__file__, what, self.url, self.root, str(self.folder)]
        begun = subprocess.Popen([*command, how], stdout=subprocess.PIPE, text=True)
        self.begun.append(begun)
        return begun

    def whole(self, what: str, how: str = "") -> str:
        begun = self.begin(what, how)
        out, _ = begun.communicate(timeout=120)
        assert begun.returncode == (-9 if how.startswith("kill") else 0)
        return out

    def until(self, what: str, step: str) -> subprocess.Popen[str]:
        """Begin a process, and wait until it waits at a step."""
        begun = self.begin(what, f"wait:{step}")
        while not (self.folder / f"reached.{what.partition(':')[0]}").exists():
            assert begun.poll() is None
            time.sleep(0.01)
        return begun

    def go(self, begun: subprocess.Popen[str]) -> str:
        name = "gc" if "gc" in begun.args else "run"  # type: ignore[operator]
        (self.folder / f"go.{name}").touch()
        out, _ = begun.communicate(timeout=120)
        assert begun.returncode == 0
        return out

    def live(self) -> list[ArtifactRecord]:
        artifacts = read_contents(self.url).artifacts.values()
        return [each for each in artifacts if each.state is ArtifactState.LIVE]

    def check(self) -> None:
        """What is live has its files, and all files belong to what is live."""
        live = {Path(each.uri) for each in self.live() if each.uri}
        assert [str(place) for place in live if not place.exists()] == []
        places = Path(self.root).glob("[!.]*/[!.]*/[!.]*/*")
        wanted = {Path(*each.parts[: len(Path(self.root).parts) + 4]) for each in live}
        assert set(places) == wanted


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    side = Side(tmp_path)
    yield side
    for each in side.begun:
        each.kill()
        each.wait()
        assert each.stdout is not None
        each.stdout.close()


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


def test_a_hit_between_plan_and_mark_keeps_what_it_has_taken(side: Side) -> None:
    side.whole("run:first")
    gc = side.until("gc", "gc.planned")
    assert side.whole("run:second") == "Check=CACHED Make=CACHED Train=CACHED"
    assert side.go(gc).startswith("removed=[] held=[")
    side.check()


@pytest.mark.parametrize("node", ["Make", "Train", "Check"])
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


def test_a_hit_between_mark_and_removal_is_refused(side: Side) -> None:
    side.whole("run:first")
    gc = side.until("gc", "gc.marked")
    assert side.whole("run:second") == "Check=COMPLETE Make=COMPLETE Train=COMPLETE"
    side.go(gc)
    side.check()
    assert side.whole("run:third") == "Check=CACHED Make=CACHED Train=CACHED"


def test_a_run_in_the_middle_of_a_node_keeps_what_it_reads(side: Side) -> None:
    run = side.until("run:first", "driver.claimed/Check")
    assert side.whole("gc") == "removed=[] held=[] failed=[]"
    assert side.go(run) == "Check=COMPLETE Make=COMPLETE Train=COMPLETE"
    side.check()


def test_a_failed_run_that_is_resumed_makes_again_what_went(side: Side) -> None:
    (side.folder / "closed").touch()
    assert "Check=FAILED" in side.whole("run:first")
    assert side.whole("gc").startswith("removed=[1, 2]")
    (side.folder / "closed").unlink()
    assert side.whole("run:first") == "Check=COMPLETE Make=COMPLETE Train=COMPLETE"
    side.check()


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


@pytest.mark.parametrize("how", KILLS)
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


@pytest.mark.slow  # it goes on for half a minute
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
