from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from retention_stores import NOTHING_KEPT, Kept, ids

from mlops_pipeline.models import archive, register_artifact, set_alias
from mlops_pipeline.run_state import this_process
from mlops_pipeline.store import (
    NOTE,
    TAG_ADDED,
    TAG_REMOVED,
    Run,
    State,
    artifact_target,
    put_mark,
    run_target,
)

DAY = 86_400.0


def age(kept: Kept, seconds: float) -> None:
    """Let all that is recorded be older."""
    path = kept.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("Artifact", "Execution", "Context"):
            for column in ("create", "last_update"):
                name = f"{column}_time_since_epoch"
                connection.execute(f"UPDATE {table} SET {name} = {name} - {int(seconds * 1000)}")


def gone_process() -> str:
    """Return the name of a process that has ended."""
    script = "from mlops_pipeline.run_state import this_process as t; print(t()['process'])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_newest_runs_of_each_pipeline_keep_what_they_made(kept: Kept) -> None:
    old = kept.run_once("old")
    other = kept.run_once("other", pipeline="birds")
    new = kept.run_once("new")
    assert ids(kept.plan()) == {each.id for each in (*old, *other, *new)}
    assert ids(kept.plan(keep_last=1)) == {each.id for each in old}
    assert ids(kept.plan(keep_last=2)) == set()


def test_runs_that_failed_do_not_push_out_the_last_good_one(kept: Kept) -> None:
    old, good = kept.run_once("old"), kept.run_once("good")
    for number in range(3):
        kept.begin(f"bad{number}")
        kept.end(f"bad{number}", State.FAILED)
    assert ids(kept.plan(keep_last=1)) == {each.id for each in old}
    assert kept.plan(keep_last=1).kept == {"of the newest runs": len(good)}


def test_what_is_young_or_was_used_lately_is_kept(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    age(kept, 2 * DAY)
    assert ids(kept.plan(younger=3 * DAY)) == set()
    assert ids(kept.plan(younger=DAY)) == {examples.id, model.id}
    kept.begin("b")
    kept.publish("b", "Train", "Model", examples)
    kept.end("b")
    assert ids(kept.plan(younger=DAY)) == {model.id}


def test_blessed_pushed_and_tagged_artifacts_are_kept_with_what_is_upstream(kept: Kept) -> None:
    kept.begin("a")
    examples = kept.publish("a", "Make", "Examples")
    schema = kept.publish("a", "Infer", "Schema", examples)
    blessed = kept.publish("a", "Train", "Model", examples, schema)
    pushed = kept.publish("a", "Train", "Model", examples)
    plain = kept.publish("a", "Train", "Model", examples)
    blessing = kept.publish("a", "Evaluate", "ModelBlessing", blessed, blessed=1)
    refused = kept.publish("a", "Evaluate", "ModelBlessing", plain, blessed=0)
    push = kept.publish("a", "Push", "PushedModel", pushed)
    kept.end("a")
    everything = {"blessed", "pushed", "tagged"}
    going = ids(kept.plan(keep=frozenset(everything)))
    assert going == {examples.id, schema.id, plain.id, refused.id}
    going = ids(kept.plan(keep=frozenset(everything), upstream=frozenset({"Schema"})))
    assert going == {examples.id, plain.id, refused.id}
    going = ids(kept.plan(keep=frozenset({"pushed"}), upstream=frozenset({"*"})))
    assert going == {schema.id, blessed.id, plain.id, blessing.id, refused.id}
    assert push.id not in going
    kept.note(plain, tags=["best"])
    assert plain.id not in ids(kept.plan(keep=frozenset({"tagged"})))
    # An empty list of names is no name.
    kept.note(refused, aliases=[])
    assert refused.id in ids(kept.plan(keep=frozenset({"tagged"})))


def test_what_a_running_run_has_used_stays_whatever_the_policy(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    kept.begin("b", **this_process())
    kept.claim("b", "Train", examples)
    assert ids(kept.plan()) == {model.id}
    kept.begin("part", **this_process())
    with closing(kept.open()) as store:
        store.put_run(Run("part", "pets", base_run="a", started=5.0, properties=this_process()))
    kept.claim("part", "Check")
    assert ids(kept.plan()) == set()


def test_a_run_whose_process_has_ended_holds_nothing(kept: Kept) -> None:
    gone = {"process": gone_process()}
    kept.begin("a", **gone)
    examples = kept.publish("a", "Make", "Examples")
    kept.claim("a", "Train", examples, properties=gone)
    assert ids(kept.plan()) == {examples.id}


def test_a_run_of_a_scheduler_holds_for_a_day_of_silence(kept: Kept) -> None:
    kept.clock = time.time() - 3 * DAY
    kept.begin("a")
    examples = kept.publish("a", "Make", "Examples")
    age(kept, DAY / 2)
    assert ids(kept.plan()) == set()
    age(kept, DAY)
    assert ids(kept.plan()) == {examples.id}


def test_what_nobody_has_written_stays(kept: Kept, tmp_path: Path) -> None:
    kept.run_once("a")
    place = Path(kept.root, "pets", "Make", "out", "77")
    place.mkdir(parents=True)
    (place / "data").touch()
    path = kept.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO Artifact (id, type_id, uri, state) "
            "SELECT 99, min(type_id), ?, 2 FROM Artifact",
            (str(place),),
        )
    assert 99 not in ids(kept.plan(NOTHING_KEPT))


def test_what_people_tagged_is_kept_until_the_tag_is_taken_away(kept: Kept) -> None:
    examples, model = kept.run_once("a")
    other = kept.run_once("b")
    tagged = frozenset({"tagged"})
    with closing(kept.open()) as store:
        put_mark(store, artifact_target(model.id), TAG_ADDED, "best")
        put_mark(store, run_target("b"), TAG_ADDED, "paper")
        put_mark(store, artifact_target(examples.id), NOTE, "odd rows")
    assert ids(kept.plan(keep=tagged)) == {examples.id}
    assert ids(kept.plan()) == {examples.id, model.id, *(each.id for each in other)}
    with closing(kept.open()) as store:
        put_mark(store, artifact_target(model.id), TAG_REMOVED, "best")
    assert ids(kept.plan(keep=tagged)) == {examples.id, model.id}


def test_versions_of_registered_models_are_kept_until_they_are_archived(kept: Kept) -> None:
    _, model = kept.run_once("a")
    _, other = kept.run_once("b")
    with closing(kept.open()) as store:
        register_artifact(store, model.id, "fraud")
        register_artifact(store, other.id, "fraud")
        set_alias(store, "fraud", 1)
    age(kept, 2 * DAY)
    assert {model.id, other.id} & ids(kept.plan()) == set()
    assert kept.plan().kept["a version of fraud"] == 2
    with closing(kept.open()) as store:
        archive(store, "fraud", 2)
    age(kept, 2 * DAY)
    assert {model.id, other.id} & ids(kept.plan()) == {other.id}
