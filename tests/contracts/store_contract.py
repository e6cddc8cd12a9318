"""What every metadata store has to do. A back end's test derives from `StoreContract`."""

from __future__ import annotations

import hashlib
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from mlops_pipeline.store import (
    AlreadyExistsError,
    ArtifactRecord,
    ArtifactState,
    ArtifactType,
    DeletedArtifactError,
    Direction,
    Event,
    Execution,
    MetadataStore,
    Run,
    StaleExecutionError,
    State,
    names_of,
)

EXACT: dict[str, Any] = {
    "true": True,
    "false": False,
    "zero": 0,
    "int32": -(2**31),
    "past int32": 2**31,
    "past exact doubles": 2**53 + 1,
    "past int64": -(2**70),
    "simple float": 0.25,
    "whole float": 2.0,
    "minus zero": -0.0,
    "third": 1 / 3,
    "small": 3e-7,
    "smallest": 5e-324,
    "large": 1.7976931348623157e308,
    "time": 1700000000.1234567,
    "fifteen digits": 123456789012345.125,
    "infinite": -math.inf,
    "empty text": "",
    "text": "plain",
    "unicode": "Zoë 🐧 中文",
    "backslash": "C:\\new\\table '\"; DROP TABLE Artifact; --",
    "lines": "a\nb\tc\r\n",
    "nul": "a\0b",
    "half a surrogate": "\udcff",
    "long text": "0123456789" * 100,
    "megabyte": "xy\\z" * 2**18,
    "looks like JSON": '{"a": [1, null]}',
    "null": None,
    "empty list": [],
    "empty dict": {},
    "nested": {"a": [1, 2.5, "x", None, True, {"b": [[], {}]}], "c": 1e-9},
    "long list": [n / 7 for n in range(1000)],
    "long dict": {f"name of {n}": ["x" * n, None, {"größe": n}] for n in range(100)},
}


def same(found: Any, expected: Any) -> bool:
    """Whether two values are equal and of one type, down to the sign of zero."""
    return type(found) is type(expected) and repr(found) == repr(expected)


def execution(name: str = "", **changes: Any) -> Execution:
    start = Execution("pets.Train", "pets", "run-1", "train", State.RUNNING, name=name)
    return replace(start, **changes)


def model(name: str = "", **changes: Any) -> ArtifactRecord:
    return replace(ArtifactRecord("Model", f"/models/{name}", name=name), **changes)


def publish(store: MetadataStore, *names: str, **changes: Any) -> list[ArtifactRecord]:
    """A complete execution with outputs of these names."""
    done = execution(state=State.COMPLETE, **changes)
    _, written = store.put_execution(done, outputs={"model": [model(name) for name in names]})
    return written["model"]


class StoreContract:
    """Needs a fixture `store`: an empty store."""

    # Runs

    def test_a_run_comes_back_as_it_was_put(self, store: MetadataStore) -> None:
        run = Run(
            "run-1",
            "pets",
            State.FAILED,
            ir="a" * 64,
            parameters={"steps": 3},
            base_run="run-0",
            started=1700000000.1234567,
            finished=1700000001.5,
            properties={"note": "x", "tags": ["a"]},
        )
        store.put_run(run)
        assert store.get_run("run-1") == run

    def test_an_unknown_run_is_none(self, store: MetadataStore) -> None:
        assert store.get_run("nothing") is None

    def test_a_run_put_again_is_replaced(self, store: MetadataStore) -> None:
        store.put_run(Run("run-1", "pets", parameters={"a": 1}, properties={"b": 2}))
        done = Run("run-1", "pets", State.COMPLETE, finished=5.0)
        store.put_run(done)
        assert store.get_run("run-1") == done
        assert store.list_runs() == [done]

    def test_runs_are_listed_newest_first(self, store: MetadataStore) -> None:
        for number in range(5):
            store.put_run(Run(f"run-{number}", "pets"))
        store.put_run(Run("run-1", "pets", State.COMPLETE))
        assert [r.id for r in store.list_runs(limit=3)] == ["run-4", "run-3", "run-2"]
        assert len(store.list_runs()) == 5

    def test_runs_are_listed_by_pipeline(self, store: MetadataStore) -> None:
        for number in range(6):
            store.put_run(Run(f"run-{number}", "even" if number % 2 == 0 else "odd"))
        assert [r.id for r in store.list_runs(pipeline="even", limit=2)] == ["run-4", "run-2"]
        assert store.list_runs(pipeline="nothing") == []

    def test_runs_of_a_rare_pipeline_are_found_among_many(self, store: MetadataStore) -> None:
        store.put_run(Run("old", "rare"))
        for number in range(230):
            store.put_run(Run(f"run-{number}", "often"))
        assert [r.id for r in store.list_runs(pipeline="rare")] == ["old"]
        assert len(store.list_runs(pipeline="often", limit=215)) == 215
        assert len(store.list_runs(limit=300)) == 231

    def test_a_limit_may_be_larger_than_any_number_of_a_database(
        self, store: MetadataStore
    ) -> None:
        store.put_run(Run("r", "rare"))
        assert [r.id for r in store.list_runs(limit=2**70)] == ["r"]
        assert [r.id for r in store.list_runs(pipeline="rare", limit=2**70)] == ["r"]
        publish(store, "a")
        assert len(store.recent_executions("pets.Train", limit=2**70)) == 1
        assert len(store.artifacts_by_type("Model", limit=2**70)) == 1

    def test_a_new_run_is_put_once(self, store: MetadataStore) -> None:
        first = Run("run-1", "pets", parameters={"by": 1})
        store.put_run(first, new=True)
        with pytest.raises(AlreadyExistsError, match="run-1"):
            store.put_run(Run("run-1", "pets", parameters={"by": 2}), new=True)
        assert store.list_runs() == [first]
        ended = Run("run-1", "pets", State.COMPLETE)
        store.put_run(ended)
        assert store.get_run("run-1") == ended

    def test_a_run_that_names_itself_as_its_base_can_still_be_put(
        self, store: MetadataStore
    ) -> None:
        store.put_run(Run("run-1", "pets", base_run="run-1"))
        store.put_run(Run("run-1", "pets", State.COMPLETE, base_run="run-1"))
        found = store.get_run("run-1")
        assert found is not None
        assert found.state is State.COMPLETE

    # Executions

    def test_an_execution_comes_back_as_it_was_put(self, store: MetadataStore) -> None:
        full = execution(
            "claim",
            iteration=(0, 12),
            attempt=3,
            parameters={"lr": 0.1, "layers": [1, 2]},
            cache_key="c" * 64,
            reason="the parameter lr changed",
            error="ValueError: 'x'",
            details="Traceback\n  File \\x",
            manifest="d" * 64,
            log="/logs/train.log",
            host="alpha",
            pid=17,
            started=1700000000.1234567,
            finished=1700000001.7654321,
            properties={"exit": -9, "notes": {"a": None}},
        )
        stored, _ = store.put_execution(full)
        assert stored.id > 0
        (found,) = store.executions([stored.id])
        assert replace(found, heartbeat=0) == replace(full, id=stored.id)
        assert abs(found.heartbeat - time.time()) < 600

    @pytest.mark.parametrize("state", list(State))
    def test_every_state_is_kept(self, store: MetadataStore, state: State) -> None:
        stored, _ = store.put_execution(execution(state=state))
        assert [e.state for e in store.executions([stored.id])] == [state]

    def test_an_execution_without_pipeline_or_run_is_kept(self, store: MetadataStore) -> None:
        alone = execution(pipeline="", run_id="", node_id="")
        stored, _ = store.put_execution(alone)
        (found,) = store.executions([stored.id])
        assert replace(found, heartbeat=0) == replace(alone, id=stored.id)

    def test_an_update_replaces_what_was_stored(self, store: MetadataStore) -> None:
        stored, _ = store.put_execution(execution("a", parameters={"x": 1}, host="h"))
        store.put_execution(execution("a", id=stored.id, state=State.FAILED, error="boom"))
        (found,) = store.executions([stored.id])
        assert (found.state, found.error, found.host) == (State.FAILED, "boom", "")
        assert found.parameters == {}

    @pytest.mark.parametrize("state", [s for s in State if s is not State.RUNNING])
    def test_what_has_ended_cannot_be_updated(self, store: MetadataStore, state: State) -> None:
        stored, _ = store.put_execution(execution("a"))
        store.put_execution(replace(stored, state=state, error="first"))
        with pytest.raises(StaleExecutionError, match=str(stored.id)):
            store.put_execution(
                replace(stored, state=State.COMPLETE), outputs={"model": [model("late")]}
            )
        (found,) = store.executions([stored.id])
        assert (found.state, found.error) == (state, "first")
        assert store.artifacts_by_type("Model") == []

    def test_a_name_is_claimed_once_in_a_component(self, store: MetadataStore) -> None:
        first, _ = store.put_execution(execution("key.1"))
        with pytest.raises(AlreadyExistsError, match=r"key\.1"):
            store.put_execution(execution("key.1", host="other"))
        store.put_execution(execution("key.1", component="pets.Other"))
        assert next(e.id for e in store.executions_of_run("run-1")) == first.id
        assert len(store.executions_of_run("run-1")) == 2

    def test_threads_may_share_a_store(self, store: MetadataStore) -> None:
        def claim(number: int) -> bool:
            try:
                store.put_execution(execution(f"key-{number % 10}", node_id=f"n{number}"))
            except AlreadyExistsError:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            won = list(threads.map(claim, range(80)))
        assert sum(won) == 10
        assert len(store.executions_of_run("run-1")) == 10

    def test_executions_without_a_name_never_collide(self, store: MetadataStore) -> None:
        for _ in range(3):
            store.put_execution(execution())
        assert len(store.executions_of_run("run-1")) == 3

    def test_an_execution_is_found_by_its_name(self, store: MetadataStore) -> None:
        stored, _ = store.put_execution(execution("key.1"))
        found = store.execution_by_name("pets.Train", "key.1")
        assert found is not None
        assert found.id == stored.id
        assert store.execution_by_name("pets.Train", "key.2") is None
        assert store.execution_by_name("pets.Unknown", "key.1") is None

    def test_executions_of_a_run_are_its_own_oldest_first(self, store: MetadataStore) -> None:
        ids = [store.put_execution(execution(node_id=f"n{i}"))[0].id for i in range(3)]
        store.put_execution(execution(run_id="run-2"))
        assert [e.id for e in store.executions_of_run("run-1")] == ids
        assert store.executions_of_run("nothing") == []

    def test_unknown_ids_are_left_out(self, store: MetadataStore) -> None:
        stored, _ = store.put_execution(execution())
        assert [e.id for e in store.executions([10**6, stored.id, stored.id])] == [stored.id]
        assert store.executions([]) == []
        assert store.artifacts([10**6]) == []
        assert store.events_by_execution([10**6]) == []
        assert store.events_by_artifact([]) == []
        assert store.events_around([], Direction.OUTPUT) == []
        assert store.events_around([10**6], Direction.INPUT) == []

    def test_only_complete_executions_answer_to_a_cache_key(self, store: MetadataStore) -> None:
        running, _ = store.put_execution(execution("a", cache_key="k1"))
        assert store.executions_by_cache_key("k1") == []
        store.put_execution(replace(running, state=State.COMPLETE))
        for state in (State.CACHED, State.FAILED, State.SKIPPED):
            store.put_execution(execution(cache_key="k1", state=state))
        second, _ = store.put_execution(execution(cache_key="k1", state=State.COMPLETE))
        store.put_execution(execution(cache_key="k2", state=State.COMPLETE))
        found = [e.id for e in store.executions_by_cache_key("k1")]
        assert found == [running.id, second.id]
        assert store.executions_by_cache_key("k3") == []

    def test_recent_executions_are_newest_first(self, store: MetadataStore) -> None:
        ids = []
        for number in range(6):
            node = "a" if number % 2 == 0 else "b"
            ids.append(store.put_execution(execution(node_id=node, run_id=f"r{number}"))[0].id)
        store.put_execution(execution(component="pets.Other", node_id="a"))
        recent = store.recent_executions("pets.Train", limit=4)
        assert [e.id for e in recent] == ids[:1:-1]
        of_node = store.recent_executions("pets.Train", node="pets.a", limit=2)
        assert [e.id for e in of_node] == [ids[4], ids[2]]
        assert store.recent_executions("pets.Train", node="pets.unknown") == []
        assert store.recent_executions("pets.Unknown") == []

    def test_a_heartbeat_changes_nothing_else(self, store: MetadataStore) -> None:
        stored, _ = store.put_execution(
            execution("a", parameters={"x": 1 / 3, "big": 2**70}, cache_key="k", host="h")
        )
        (before,) = store.executions([stored.id])
        while time.time() < before.heartbeat + 0.01:
            time.sleep(0.001)
        store.heartbeat(stored.id)
        (after,) = store.executions([stored.id])
        assert after.heartbeat > before.heartbeat
        assert replace(after, heartbeat=before.heartbeat) == before

    # Artifacts and events

    def test_outputs_are_stored_with_the_execution(self, store: MetadataStore) -> None:
        running, _ = store.put_execution(execution("a"))
        outputs = {
            "model": [model("m0", properties={"blessed": 1}, digest="d" * 64)],
            "logs": [model("l0", type="ModelRun"), model("l1", type="ModelRun")],
        }
        done, written = store.put_execution(replace(running, state=State.COMPLETE), outputs=outputs)
        assert done.id == running.id
        assert [(k, [r.name for r in v]) for k, v in written.items()] == [
            ("model", ["m0"]),
            ("logs", ["l0", "l1"]),
        ]
        (first,) = store.artifacts([written["model"][0].id])
        assert replace(first, id=0, created=0) == outputs["model"][0]
        assert abs(first.created - time.time()) < 600
        assert set(store.events_by_execution([done.id])) == {
            Event(done.id, written["model"][0].id, Direction.OUTPUT, "model", 0),
            Event(done.id, written["logs"][0].id, Direction.OUTPUT, "logs", 0),
            Event(done.id, written["logs"][1].id, Direction.OUTPUT, "logs", 1),
        }

    def test_an_execution_that_its_gate_failed_keeps_its_outputs(
        self, store: MetadataStore
    ) -> None:
        running, _ = store.put_execution(execution("a", cache_key="k"))
        said = {"gate": {"findings": [{"action": "fail", "reason": "x: π"}], "node": "Check"}}
        failed = replace(running, state=State.FAILED, properties=said)
        pending = model("m", state=ArtifactState.PENDING)
        _, written = store.put_execution(failed, outputs={"model": [pending]})
        (stored,) = store.executions([running.id])
        assert stored.published
        assert stored.properties == said
        assert store.executions_by_cache_key("k") == []
        (record,) = store.artifacts([written["model"][0].id])
        assert record.state is ArtifactState.PENDING

    def test_a_published_name_is_taken_and_nothing_else_happens(self, store: MetadataStore) -> None:
        publish(store, "key:model:0")
        late, _ = store.put_execution(execution("late", cache_key="k"))
        with pytest.raises(AlreadyExistsError, match="key:model:0"):
            store.put_execution(
                replace(late, state=State.COMPLETE, error="x"),
                outputs={"other": [model("fine")], "model": [model("key:model:0")]},
            )
        (found,) = store.executions([late.id])
        assert (found.state, found.error) == (State.RUNNING, "")
        assert store.events_by_execution([late.id]) == []
        assert store.executions_by_cache_key("k") == []
        assert [a.name for a in store.artifacts_by_type("Model")] == ["key:model:0"]

    def test_artifacts_of_two_types_may_share_a_name(self, store: MetadataStore) -> None:
        outputs = {"a": [model("same")], "b": [model("same", type="ModelRun")]}
        _, written = store.put_execution(execution(), outputs=outputs)
        assert written["a"][0].id != written["b"][0].id

    def test_a_known_artifact_as_output_gets_an_event_only(self, store: MetadataStore) -> None:
        (first,) = publish(store, "m0")
        cached, written = store.put_execution(
            execution(state=State.CACHED, run_id="run-2"), outputs={"model": [first]}
        )
        assert written["model"][0].id == first.id
        assert len(store.artifacts_by_type("Model")) == 1
        events = store.events_by_artifact([first.id])
        assert [(e.execution_id, e.direction) for e in events][-1] == (cached.id, Direction.OUTPUT)
        assert len(events) == 2

    def test_inputs_keep_their_keys_and_places(self, store: MetadataStore) -> None:
        a, b = publish(store, "a", "b")
        reader, _ = store.put_execution(
            execution("r"), inputs={"models": [b.id, a.id, b.id], "base": [b.id]}
        )
        assert {
            (e.artifact_id, e.key, e.index) for e in store.events_by_execution([reader.id])
        } == {
            (b.id, "models", 0),
            (a.id, "models", 1),
            (b.id, "models", 2),
            (b.id, "base", 0),
        }

    @pytest.mark.parametrize("state", [State.RUNNING, State.CACHED, State.SKIPPED])
    def test_what_a_condition_read_is_an_input_beside_the_others(
        self, store: MetadataStore, state: State
    ) -> None:
        (a, b) = publish(store, "a", "b")
        inputs = {"model": [a.id], "_Train.model": [a.id], "_Evaluator.blessing": [b.id]}
        pushed, _ = store.put_execution(execution("p", state=state), inputs=inputs)
        expected = {
            Event(pushed.id, ids[0], Direction.INPUT, key, 0) for key, ids in inputs.items()
        }
        assert set(store.events_by_execution([pushed.id])) == expected
        assert expected <= set(store.events_by_artifact([a.id, b.id]))

    def test_inputs_given_again_are_not_written_again(self, store: MetadataStore) -> None:
        (a,) = publish(store, "a")
        reader, _ = store.put_execution(execution("r"), inputs={"model": [a.id]})
        before = store.events_by_execution([reader.id])
        store.put_execution(
            replace(reader, state=State.COMPLETE),
            inputs={"model": [a.id]},
            outputs={"model": [model("new")]},
        )
        after = store.events_by_execution([reader.id])
        assert [e for e in after if e.direction is Direction.INPUT] == before
        assert len(after) == 2

    def test_an_artifact_may_be_input_and_output(self, store: MetadataStore) -> None:
        (a,) = publish(store, "a")
        passing, _ = store.put_execution(
            execution(state=State.COMPLETE), inputs={"model": [a.id]}, outputs={"model": [a]}
        )
        found = {e.direction for e in store.events_by_execution([passing.id])}
        assert found == {Direction.INPUT, Direction.OUTPUT}

    def test_artifacts_of_a_type_are_newest_first(self, store: MetadataStore) -> None:
        publish(store, "a", "b", "c")
        store.put_execution(execution(), outputs={"x": [model("z", type="Schema")]})
        assert [a.name for a in store.artifacts_by_type("Model", limit=2)] == ["c", "b"]
        assert store.artifacts_by_type("Unknown") == []

    def test_artifacts_are_found_by_place(self, store: MetadataStore) -> None:
        a, b = publish(store, "a", "a2", "b")[:2]
        _, written = store.put_execution(execution(), outputs={"x": [model("c", uri=a.uri)]})
        found = [r.id for r in store.artifacts_by_uri(a.uri)]
        assert found == [a.id, written["x"][0].id]
        assert [r.id for r in store.artifacts_by_uri(b.uri)] == [b.id]
        assert store.artifacts_by_uri("/nothing") == []

    def test_the_state_of_an_artifact_changes_alone(self, store: MetadataStore) -> None:
        _, written = store.put_execution(
            execution(), outputs={"x": [model("a", properties={"v": 1 / 3}, digest="d")]}
        )
        record = written["x"][0]
        for state in (ArtifactState.DELETED, ArtifactState.PENDING, ArtifactState.LIVE):
            store.set_artifact_state(record.id, state)
            (found,) = store.artifacts([record.id])
            assert replace(found, created=0) == replace(record, created=0, state=state)

    def test_what_was_deleted_is_not_used_where_only_live_artifacts_are_wanted(
        self, store: MetadataStore
    ) -> None:
        live, gone = publish(store, "live", "gone")
        store.set_artifact_state(gone.id, ArtifactState.DELETED)
        store.put_execution(execution("1"), inputs={"x": [live.id]}, only_live=True)
        for inputs, outputs in (({"x": [live.id, gone.id]}, {}), ({}, {"x": [gone]})):
            with pytest.raises(DeletedArtifactError):
                store.put_execution(execution("2"), inputs=inputs, outputs=outputs, only_live=True)
        assert store.execution_by_name("pets.Train", "2") is None
        # What decided about a node is no more than a link, and nothing is asked by default.
        store.put_execution(execution("3"), inputs={"_a.b": [gone.id]}, only_live=True)
        store.put_execution(execution("4"), inputs={"x": [gone.id]})

    def test_notes_of_an_artifact_come_back(self, store: MetadataStore) -> None:
        notes = {"tags": ["best", "a\\b"], "deleted": {"at": 1 / 3, "size": 2**40}}
        put = model("a", digest="d", properties={"v": 1}, notes=notes)
        _, written = store.put_execution(execution(), outputs={"x": [put]})
        (found,) = store.artifacts([written["x"][0].id])
        assert found.notes == notes
        assert dict(found.properties) == {"v": 1}
        assert names_of(found) == ("best", "a\\b")

    def test_many_ids_are_answered_in_one_call(self, store: MetadataStore) -> None:
        names = [f"m{number}" for number in range(520)]
        records = publish(store, *names)
        ids = [record.id for record in records]
        assert [a.name for a in store.artifacts(ids)] == names
        assert len(store.events_by_artifact(ids)) == 520
        reader, _ = store.put_execution(execution(), inputs={"models": ids})
        events = sorted(store.events_by_execution([reader.id]), key=lambda e: e.index)
        assert [e.artifact_id for e in events] == ids
        # Each once, though artifacts of both parts lead to this execution.
        around = store.events_around(ids, Direction.INPUT)
        assert sorted(around, key=lambda e: e.index) == events

    def test_events_around_artifacts_are_those_of_who_made_or_read_them(
        self, store: MetadataStore
    ) -> None:
        (first,) = publish(store, "a")
        reader, written = store.put_execution(
            execution(), inputs={"x": [first.id]}, outputs={"y": [model("b")]}
        )
        made = Event(reader.id, written["y"][0].id, Direction.OUTPUT, "y", 0)
        read = Event(reader.id, first.id, Direction.INPUT, "x", 0)
        assert set(store.events_around([first.id], Direction.INPUT)) == {read, made}
        assert set(store.events_around([made.artifact_id], Direction.OUTPUT)) == {read, made}
        assert store.events_around([made.artifact_id], Direction.INPUT) == []
        (maker,) = store.events_around([first.id], Direction.OUTPUT)
        assert (maker.artifact_id, maker.direction) == (first.id, Direction.OUTPUT)

    # Types

    def test_a_type_may_gain_properties(self, store: MetadataStore) -> None:
        store.register_types([ArtifactType("Examples", "Dataset", {"span": "INT"})])
        publish(store, "m")
        wider = ArtifactType("Examples", "Dataset", {"span": "INT", "split_names": "STRING"})
        store.register_types([wider])
        store.register_types([ArtifactType("Examples", "Dataset", {"span": "INT"})])
        properties = {"span": 3, "split_names": '["train"]', "further": 2.5}
        record = ArtifactRecord("Examples", "/x", properties=properties)
        _, written = store.put_execution(execution(), outputs={"x": [record]})
        assert store.artifacts([written["x"][0].id])[0].properties == properties

    def test_a_declared_property_holds_any_value_exactly(self, store: MetadataStore) -> None:
        declared = {"span": "INT", "score": "DOUBLE", "note": "STRING"}
        store.register_types([ArtifactType("Scored", None, declared)])
        for properties in (
            {"span": 2**53 + 1, "score": 1 / 3, "note": "a\\b"},
            {"span": "2", "score": 1, "note": 5},
        ):
            record = ArtifactRecord("Scored", "/x", properties=properties)
            _, written = store.put_execution(execution(), outputs={"x": [record]})
            found = store.artifacts([written["x"][0].id])[0].properties
            assert same(dict(sorted(found.items())), dict(sorted(properties.items())))

    # Values

    @pytest.mark.parametrize("name", EXACT)
    def test_values_come_back_exactly(self, store: MetadataStore, name: str) -> None:
        value = EXACT[name]
        stored, written = store.put_execution(
            execution(parameters={"v": value}, properties={"v": value}),
            outputs={"x": [model("a", properties={"v": value})]},
        )
        store.put_run(Run("run-v", "pets", parameters={"v": value}, properties={"v": value}))
        (found,) = store.executions([stored.id])
        run = store.get_run("run-v")
        assert run is not None
        assert same(found.parameters["v"], value)
        assert same(found.properties["v"], value)
        assert same(store.artifacts([written["x"][0].id])[0].properties["v"], value)
        assert same(run.parameters["v"], value)
        assert same(run.properties["v"], value)

    def test_dicts_keep_their_order(self, store: MetadataStore) -> None:
        value = {"time": "date", "name": {"z": 1, "b": [{"y": 0.0, "a": 1}]}, "age": 2}
        stored, written = store.put_execution(
            execution(parameters={"v": value}),
            outputs={"x": [model("a", properties={"v": value})]},
        )
        store.put_run(Run("run-v", "pets", parameters={"v": value}))
        run = store.get_run("run-v")
        assert run is not None
        (found,) = store.executions([stored.id])
        (record,) = store.artifacts([written["x"][0].id])
        for held in (found.parameters, record.properties, run.parameters):
            assert repr(held) == repr({"v": value})

    def test_not_a_number_comes_back(self, store: MetadataStore) -> None:
        stored, _ = store.put_execution(execution(parameters={"v": math.nan, "l": [math.nan]}))
        (found,) = store.executions([stored.id])
        assert math.isnan(found.parameters["v"])
        assert math.isnan(found.parameters["l"][0])

    @pytest.mark.parametrize("name", ["type", "state", "id", "name", "uri", "mlops", "__x"])
    def test_a_parameter_may_have_any_name(self, store: MetadataStore, name: str) -> None:
        stored, written = store.put_execution(
            execution(parameters={name: "v"}, properties={name: "w"}),
            outputs={"x": [model("a", properties={name: "u"})]},
        )
        (found,) = store.executions([stored.id])
        assert (found.parameters, found.properties) == ({name: "v"}, {name: "w"})
        assert store.artifacts([written["x"][0].id])[0].properties == {name: "u"}

    def test_a_parameter_may_have_the_name_of_a_schema_of_tfx(self, store: MetadataStore) -> None:
        given = {"__schema__a__": "x", "a": [1], "__b": None}
        stored, _ = store.put_execution(execution(parameters=given))
        assert store.executions([stored.id])[0].parameters == given

    # Documents

    @pytest.mark.parametrize("text", ["", "plain", "Zoë\\\n\0🐧", "0123456789\\" * 2**17])
    def test_a_document_is_kept_under_its_digest(self, store: MetadataStore, text: str) -> None:
        name = store.put_document(text)
        assert name == hashlib.sha256(text.encode()).hexdigest()
        assert store.put_document(text) == name
        assert store.get_document(name) == text

    def test_an_unknown_document_is_none(self, store: MetadataStore) -> None:
        assert store.get_document("0" * 64) is None
        store.put_document("x")
        assert store.get_document("0" * 64) is None


class SharedStoreContract(StoreContract):
    """For stores that several processes use; needs two fixtures more.

    `url` is the store's own, and `other_processes` starts processes that have it open.
    """

    one_writer = False
    """Whether a process that has checked what it is about to write keeps all others waiting."""

    @pytest.mark.parametrize("outputs", [["late"], []], ids=["with outputs", "without outputs"])
    @pytest.mark.parametrize("first", ["COMPLETE", "FAILED"])
    def test_of_two_processes_that_end_an_execution_one_wins(
        self, store: MetadataStore, url: str, other_processes: Any, first: str, outputs: list[str]
    ) -> None:
        slow, quick = other_processes(url, 2)
        running, _ = store.put_execution(execution("a", cache_key="k"))
        states = {"COMPLETE": {"outputs": outputs}, "FAILED": {"error": "reaped"}}
        (second,) = states.keys() - {first}
        # Both have seen that it is RUNNING before either writes.
        slow.send("end", id=running.id, state=first, pause=True, **states[first])
        assert slow.answer() == "checked"
        quick.send("end", id=running.id, state=second, **states[second])
        if self.one_writer:
            slow.send("go on")
            told = {first: slow.answer(), second: quick.answer()}
        else:
            told = {second: quick.answer()}
            slow.send("go on")
            told[first] = slow.answer()
        winner = first if self.one_writer else second
        assert told == {winner: "won", ({first, second} - {winner}).pop(): "StaleExecutionError"}
        (found,) = store.executions([running.id])
        assert found.state is State(winner)
        assert found.error == ("reaped" if winner == "FAILED" else "")
        published = outputs if winner == "COMPLETE" else []
        assert [a.name for a in store.artifacts_by_type("Model")] == published
        assert len(store.events_by_execution([running.id])) == len(published)
        cached = [running.id] if winner == "COMPLETE" else []
        assert [e.id for e in store.executions_by_cache_key("k")] == cached

    def test_who_claimed_learns_that_another_process_has_ended_it(
        self, store: MetadataStore, url: str, other_processes: Any
    ) -> None:
        (reaper,) = other_processes(url, 1)
        for outputs in ({"model": [model("late")]}, {}):
            running, _ = store.put_execution(execution())
            assert reaper.ask("end", id=running.id, state="FAILED", error="reaped") == "won"
            for state in (State.COMPLETE, State.FAILED):
                with pytest.raises(StaleExecutionError, match=str(running.id)):
                    store.put_execution(replace(running, state=state), outputs=outputs)
            (found,) = store.executions([running.id])
            assert (found.state, found.error) == (State.FAILED, "reaped")
        assert store.artifacts_by_type("Model") == []

    def test_the_heartbeat_of_a_zombie_wakes_nothing(
        self, store: MetadataStore, url: str, other_processes: Any
    ) -> None:
        (zombie,) = other_processes(url, 1)
        for number in range(15):
            running, _ = store.put_execution(execution(f"key-{number}"))
            zombie.send("beat", id=running.id, count=8)
            store.put_execution(replace(running, state=State.FAILED, error="reaped"))
            assert zombie.answer() == "done"
            (found,) = store.executions([running.id])
            assert (found.state, found.error) == (State.FAILED, "reaped")

    def test_processes_may_begin_runs_of_a_new_pipeline_at_once(
        self, store: MetadataStore, url: str, other_processes: Any
    ) -> None:
        processes = other_processes(url, 4)
        for number in range(12):
            # Two of them begin the same run.
            for by, process in enumerate(processes):
                run_id = f"run-{number}-{by // 2 * by}"
                process.send("run", id=run_id, pipeline=f"pipeline-{number}", by=by)
            assert [process.answer() for process in processes] == ["done"] * 4
            runs = store.list_runs(pipeline=f"pipeline-{number}")
            assert sorted(r.id.rpartition("-")[2] for r in runs) == ["0", "2", "3"]
            assert all("by" in run.parameters for run in runs)
            assert [len(store.executions_of_run(f"run-{number}-{i}")) for i in (0, 2, 3)] == [
                2,
                1,
                1,
            ]
