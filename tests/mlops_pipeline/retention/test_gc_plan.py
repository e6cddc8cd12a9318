"""What goes: only whole places of ours below the root, whatever a store says of them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from retention_stores import NOTHING_KEPT, Kept, ids

from mlops_pipeline.retention import plan_gc
from mlops_pipeline.run_state import this_process
from mlops_pipeline.store import ArtifactRecord, Execution, State

DAY = 86_400.0


def record_at(kept: Kept, uri: str) -> ArtifactRecord:
    """Record an artifact at any place."""
    done = Execution("pets.Odd", "pets", "odd", "odd", State.COMPLETE)
    with closing(kept.open()) as store:
        _, written = store.put_execution(done, outputs={"out": [ArtifactRecord("Model", uri)]})
    return written["out"][0]


def test_each_place_goes_with_its_size_node_and_run(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    plan = kept.plan()
    assert [(e.node, e.run, e.pipeline, e.size, e.files) for e in plan.going] == [
        ("Make", "a", "pets", 100, 1),
        ("Train", "a", "pets", 100, 1),
    ]
    assert plan.size == 200
    assert [[a.id for a in each.artifacts] for each in plan.going] == [[examples.id], [model.id]]


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/",
        "{root}",
        "{root}/pets",
        "{root}/pets/Make/out",
        "{root}/pets/Make/out/notes",
        "{root}/../outside/pets/Make/out/5",
        "{root}/pets/../pets/Make/out/1",
        "{root}/pets/linked/out/5",
        "{outside}",
        "{outside}/pets/Make/out/5",
        "memory://root/pets/Make/out/5",
        "pets/Make/out/5",
        "{root}/pets/Make/out/5\0",
        "{root}/.staging/Make/out/5",
    ],
)
def test_what_is_no_place_below_the_root_stays(kept: Kept, tmp_path: Path, uri: str) -> None:
    outside = tmp_path / "outside"
    for place in (outside / "pets" / "Make" / "out" / "5", outside / "out" / "5"):
        place.mkdir(parents=True)
        (place / "data").write_text("mine")
    kept.run_once("a")
    Path(kept.root, "pets", "linked").symlink_to(outside)
    odd = record_at(kept, uri.format(root=kept.root, outside=outside))
    assert odd.id not in ids(kept.plan())


def test_a_root_that_is_reached_by_another_name_is_the_same_root(
    kept: Kept, tmp_path: Path
) -> None:
    examples, model = kept.run_once("a")
    link = tmp_path / "link"
    link.symlink_to(kept.root)
    plan = plan_gc(kept.url, str(link), NOTHING_KEPT)
    assert ids(plan) == {examples.id, model.id}
    old = time.time() - 2 * DAY
    for place in Path(kept.root).rglob("*"):
        os.utime(place, (old, old))
    assert plan_gc(kept.url, str(link), replace(NOTHING_KEPT, keep_last=1)).orphans == []


def test_a_project_that_was_moved_is_found_below_its_root_of_today(
    kept: Kept, tmp_path: Path
) -> None:
    examples, model = kept.run_once("a")
    shutil.move(kept.root, tmp_path / "moved")
    assert ids(plan_gc(kept.url, str(tmp_path / "moved"), NOTHING_KEPT)) == {examples.id, model.id}


def test_of_a_project_that_was_copied_nothing_of_the_original_goes(
    kept: Kept, tmp_path: Path
) -> None:
    kept.run_once("a")
    shutil.copytree(kept.root, tmp_path / "copy")
    old = time.time() - 2 * DAY
    for place in (tmp_path / "copy").rglob("*"):
        os.utime(place, (old, old))
    plan = plan_gc(kept.url, str(tmp_path / "copy"), NOTHING_KEPT)
    assert (plan.going, plan.orphans, plan.elsewhere) == ([], [], 2)


def test_a_place_with_something_that_is_kept_stays_as_a_whole(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    tagged = kept.note(examples, tags=["gold"])
    plan = kept.plan(keep=frozenset({"tagged"}))
    assert ids(plan) == {model.id}
    assert plan.kept == {"tagged": 1, "in one folder with what is kept": 1}
    assert tagged.id not in ids(plan)


def test_files_without_a_record_are_orphans_once_nothing_can_be_writing_them(kept: Kept) -> None:
    kept.run_once("a")
    kept.begin("b", **this_process())
    running = kept.claim("b", "Make", properties=this_process())
    old = time.time() - 2 * DAY
    names = ["900", "901-abc", f"{running.id}", "notes", "902"]
    for name in names:
        place = Path(kept.root, "pets", "Make", "out", name)
        place.mkdir()
        (place / "data").write_text("12345")
        if name != "902":
            os.utime(place / "data", (old, old))
            os.utime(place, (old, old))
    orphans = kept.plan().orphans
    assert [(each.place, each.size, each.ours) for each in orphans] == [
        ("pets/Make/out/900", 5, False),
        ("pets/Make/out/901-abc", 5, False),
    ]


def test_staged_files_of_an_execution_that_has_ended_are_ours(kept: Kept) -> None:
    kept.begin("a")
    staging = {"staging": "abcd1234", "outputs": ["out"]}
    running = kept.claim("a", "Make", properties={**staging, **this_process()})
    staged = Path(kept.root, "pets", ".staging", f"{running.id}-abcd1234")
    staged.mkdir(parents=True)
    (staged / "data").write_text("x")
    assert kept.plan().orphans == []
    with closing(kept.open()) as store:
        store.put_execution(replace(running, state=State.FAILED))
    (orphan,) = kept.plan().orphans
    assert (orphan.place, orphan.ours) == (f"pets/.staging/{running.id}-abcd1234", True)


def test_a_damaged_record_keeps_its_place_and_is_named(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    path = kept.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property, double_value) "
            f"VALUES ({examples.id}, 'mlops.deleted', 1, 1e99)"
        )
        connection.execute(f"UPDATE Artifact SET type_id = 999 WHERE id = {model.id}")
    plan = kept.plan()
    assert model.id not in ids(plan)


def test_what_another_store_has_published_and_this_one_imports_stays(
    kept: Kept, tmp_path: Path
) -> None:
    other = Kept(tmp_path, f"sqlite:///{tmp_path / 'other.db'}", kept.root)
    theirs, _ = other.run_once("theirs")
    imported = record_at(kept, theirs.uri)
    plan = kept.plan()
    assert imported.id not in ids(plan)
    assert plan.kept == {"without files of its own": 1}
    assert theirs.id in ids(other.plan())
