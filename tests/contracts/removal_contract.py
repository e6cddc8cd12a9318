"""What a mark has to do on every database. A back end's test derives from `RemovalContract`."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

from mlops_metadata.engine import SqlStore
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    DeletedArtifactError,
    Doomed,
    Ended,
    Execution,
    Run,
    State,
    finish_deleted,
    mark_deleted,
    open_store,
    read_contents,
)

NOTE = {"at": 5.5, "by": "me", "why": "a test", "size": 7}


def publish(url: str, name: str, run: str = "r", state: State = State.COMPLETE) -> ArtifactRecord:
    """Record a run, which has ended by default, with an artifact."""
    with closing(open_store(url)) as store:
        store.put_run(Run(run, "pets", state, started=1.0))
        done = Execution("pets.Make", "pets", run, "Make", State.COMPLETE, cache_key=name)
        record = ArtifactRecord("Model", f"/root/pets/Make/out/{name}", name=name, digest="d")
        _, written = store.put_execution(done, outputs={"out": [record]})
    return written["out"][0]


def doomed(url: str, *records: ArtifactRecord) -> tuple[list[Doomed], Ended]:
    contents = read_contents(url)
    groups = [Doomed(each.uri[6:], {each.id: contents.seen[each.id]}, NOTE) for each in records]
    return groups, Ended(newest=max(contents.artifacts))


def marked(url: str, found: tuple[list[Doomed], Ended]) -> list[str]:
    return [each.place.rpartition("/")[2] for each in mark_deleted(url, *found)]


def use(url: str, record: ArtifactRecord, run: str, **how: Any) -> Execution:
    using = Execution("pets.Use", "pets", run, "Use", State.RUNNING)
    with closing(open_store(url)) as store:
        return store.put_execution(using, inputs={"x": [record.id]}, **how)[0]


def state_of(url: str, record: ArtifactRecord) -> ArtifactState:
    with closing(open_store(url)) as store:
        return store.artifacts([record.id])[0].state


class RemovalContract:
    """Needs a fixture `url`: of an empty store."""

    def test_a_mark_keeps_the_record_and_adds_a_note(self, url: str) -> None:
        a, b = publish(url, "a"), publish(url, "b")
        assert marked(url, doomed(url, a)) == ["a"]
        with closing(open_store(url)) as store:
            found, other = store.artifacts([a.id, b.id])
        assert (found.state, found.digest, found.notes["deleted"]) == (
            ArtifactState.DELETED,
            "d",
            NOTE,
        )
        assert other.state is ArtifactState.LIVE
        assert read_contents(url).marked == {a.id}
        finish_deleted(url, [a.id, b.id])
        assert read_contents(url).marked == frozenset()
        assert state_of(url, b) is ArtifactState.LIVE

    def test_what_was_used_or_changed_since_it_was_seen_stays(self, url: str) -> None:
        a, b, c, d = (publish(url, name, run=name) for name in "abcd")
        found = doomed(url, a, b, c, d)
        with closing(open_store(url)) as store:
            done = use(url, a, "later")
            store.put_execution(replace(done, state=State.COMPLETE))
            store.set_artifact_state(b.id, ArtifactState.PENDING)
        assert marked(url, found) == ["c", "d"]
        assert marked(url, found) == []

    def test_what_a_run_that_runs_has_used_stays(self, url: str) -> None:
        a = publish(url, "a", run="running", state=State.RUNNING)
        b, c = publish(url, "b", run="base"), publish(url, "c", run="other")
        with closing(open_store(url)) as store:
            store.put_run(Run("part", "pets", base_run="base", started=2.0))
            found = doomed(url, a, b, c)
            assert marked(url, found) == ["c"]
            changed = read_contents(url).changed
            ended = replace(found[1], runs={name: changed[name] for name in ("running", "part")})
            assert marked(url, (found[0], ended)) == ["a", "b"]

    def test_a_run_that_counts_as_ended_and_goes_on_holds_again(self, url: str) -> None:
        a = publish(url, "a", run="quiet", state=State.RUNNING)
        groups, ended = doomed(url, a)
        ended = replace(ended, runs=dict(read_contents(url).changed))
        with closing(open_store(url)) as store:
            store.put_run(Run("quiet", "pets", started=1.0, properties={"again": True}))
        assert marked(url, (groups, ended)) == []

    def test_a_new_artifact_in_the_place_keeps_it(self, url: str) -> None:
        a = publish(url, "a")
        found = doomed(url, a)
        with closing(open_store(url)) as store:
            done = Execution("pets.Import", "pets", "i", "Import", State.COMPLETE)
            new = ArtifactRecord("Model", f"{a.uri}/inside")
            store.put_execution(done, outputs={"out": [new]})
        assert marked(url, found) == []

    def test_a_claim_that_waits_for_a_mark_is_refused(self, url: str) -> None:
        a = publish(url, "a")
        found = doomed(url, a)
        with self.in_a_transaction(url, a) as end:
            said: list[object] = []

            def claim() -> None:
                try:
                    said.append(use(url, a, "later", only_live=True))
                except DeletedArtifactError as error:
                    said.append(error)

            claiming = threading.Thread(target=claim)
            claiming.start()
            end(4)
            claiming.join(60)
        assert isinstance(said[0], DeletedArtifactError)
        assert marked(url, found) == []

    def in_a_transaction(self, url: str, record: ArtifactRecord) -> Any:
        """Keep a transaction that changes the row of an artifact, until it is ended."""
        return _Held(url, record)


class _Held:
    """A transaction of another connection, in which the row of an artifact is being changed."""

    def __init__(self, url: str, record: ArtifactRecord) -> None:
        self.url, self.record = url, record
        self.begun, self.go = threading.Event(), threading.Event()
        self.state = 0

    def work(self, session: Any) -> None:
        statement = "SELECT id FROM Artifact WHERE id = ?"
        session.rows(f"{statement} {session.for_update}", (self.record.id,))
        self.begun.set()
        assert self.go.wait(60)
        statement = "UPDATE Artifact SET state = ?, last_update_time_since_epoch = 1 WHERE id = ?"
        session.run(statement, (self.state, self.record.id))

    def hold(self) -> None:
        with closing(open_store(self.url)) as store:
            assert isinstance(store, SqlStore)
            store.database.write(self.work)

    def __enter__(self) -> Any:
        self.thread = threading.Thread(target=self.hold)
        self.thread.start()
        assert self.begun.wait(60)
        return self.end

    def end(self, state: int) -> None:
        self.state = state
        self.go.set()
        self.thread.join(60)

    def __exit__(self, *error: object) -> None:
        self.go.set()
        self.thread.join(60)
