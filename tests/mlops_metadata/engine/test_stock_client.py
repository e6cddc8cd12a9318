"""ML Metadata as the judge: it reads what the engine writes, and the engine what it writes."""

from __future__ import annotations

import gc
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layout_stores import TYPES, stock_client
from ml_metadata.proto import metadata_store_pb2 as pb
from msgspec import structs

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.engine import SqliteDatabase, SqlStore, reading
from mlops_metadata.engine.locations import locate
from mlops_metadata.messages import artifact_row, context_row, event_row, execution_row, fill_value
from mlops_metadata.sqlite_file import open_by_library
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    MetadataStore,
    Run,
    State,
)

pytestmark = pytest.mark.mlmd

FEW = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TEXTS = st.text(max_size=20) | st.sampled_from(["a\\b'; --", "x" * 600, "mlmd-struct::AA", "🐧\0"])
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.booleans()
VALUES = st.recursive(
    st.none() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.text("abc_.é", min_size=1, max_size=8).filter(lambda name: not name.startswith("mlops."))
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=4)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def schema(path: Path) -> dict[str, Any]:
    """Tables and indexes with their SQL, without the spaces and quotes in it."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master").fetchall()
        types = database.execute("SELECT * FROM Type").fetchall()
        versions = database.execute("SELECT * FROM MLMDEnv").fetchall()
    tables = {
        name: "".join((sql or "").replace("`", "").split())
        for name, sql in rows
        if not name.startswith("mlops_")
    }
    return {"tables": tables, "types": types, "versions": versions}


def test_the_schema_is_that_of_ml_metadata(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.db", tmp_path / "theirs.db"
    open_sqlite(f"sqlite:///{ours}").close()
    client = stock_client(theirs)
    client.get_artifact_types()
    del client
    gc.collect()
    found, expected = schema(ours), schema(theirs)
    assert found["tables"] == expected["tables"]
    assert found["types"] == expected["types"]
    assert found["versions"] == expected["versions"]


def fill_store(store: MetadataStore, parameters: Any, properties: Any) -> None:
    """A run with two nodes, whose records hold these values."""
    store.register_types(TYPES)
    run = Run("r1", "pets", parameters=parameters, properties=properties, started=1.5)
    store.put_run(Run("r0", "pets"))
    store.put_run(replace(run, base_run="r0"))
    model = ArtifactRecord("Model", "/m/ü", name="k:0", properties=properties, digest="d" * 64)
    span = {"span": 3, "version": 1, "split_names": '["a"]'}
    examples = ArtifactRecord("Examples", "/e", properties={**properties, **span})
    gen = Execution("pets.Gen", "pets", "r1", "gen", State.COMPLETE, cache_key="c1")
    _, written = store.put_execution(gen, outputs={"examples": [examples, examples]})
    ids = [each.id for each in written["examples"]]
    train = Execution(
        "pets.Train", "pets", "r1", "train", State.RUNNING, name="k", parameters=parameters
    )
    running, _ = store.put_execution(train, inputs={"examples": ids, "base": ids[:1]})
    store.heartbeat(running.id)
    done = replace(running, state=State.COMPLETE, cache_key="c2", heartbeat=0.0)
    store.put_execution(done, outputs={"model": [model]})
    for state in (State.FAILED, State.SKIPPED, State.CACHED):
        claimed, _ = store.put_execution(replace(train, name=f"k.{state}"))
        store.put_execution(replace(claimed, state=state))
    store.put_document("text")


def without_times(rows: list[Any]) -> list[Any]:
    """Rows as values that can be compared: a struct keeps no order, and no time is the same."""
    return [
        repr(plain(structs.replace(row, created=0, updated=0)) if hasattr(row, "created") else row)
        for row in rows
    ]


def plain(row: Any) -> Any:
    values = {k: ordered(v) for k, v in sorted(row.custom.items())}
    declared = {k: ordered(v) for k, v in sorted(row.properties.items())}
    return structs.replace(row, custom=values, properties=declared)


def ordered(value: Any) -> Any:
    if hasattr(value, "fields"):
        return ("struct", ordered(value.fields))
    if isinstance(value, float):
        # ML Metadata reads fifteen digits of a number.
        return f"{value:.14g}"
    if isinstance(value, dict):
        return {k: ordered(v) for k, v in sorted(value.items())}
    return [ordered(each) for each in value] if isinstance(value, list) else value


def by_engine(path: Path) -> dict[str, list[Any]]:
    """All rows of a store, as the engine reads them."""
    database = SqliteDatabase(locate(f"sqlite:///{path}"))
    types = SqlStore(database)._types

    def rows(read: Callable[..., list[Any]]) -> list[Any]:
        return database.read(lambda s: read(s, types.names(s), "ORDER BY t.id", ()))

    found = {
        "artifacts": rows(reading.artifacts),
        "executions": rows(reading.executions),
        "contexts": rows(reading.contexts),
    }
    ids = [row.id for row in found["executions"]]
    found["events"] = database.read(lambda s: reading.events(s, "execution_id", ids))
    database.close()
    return {kind: without_times(each) for kind, each in found.items()}


def by_stock_client(path: Path) -> dict[str, list[Any]]:
    """All rows of a store, as ML Metadata's client reads them."""
    client = stock_client(path)
    executions = client.get_executions()
    events = client.get_events_by_execution_ids([each.id for each in executions])
    found = {
        "artifacts": sorted(map(artifact_row, client.get_artifacts()), key=lambda row: row.id),
        "executions": sorted(map(execution_row, executions), key=lambda row: row.id),
        "contexts": sorted(map(context_row, client.get_contexts()), key=lambda row: row.id),
        "events": list(map(event_row, events)),
    }
    del client
    gc.collect()
    return {kind: without_times(each) for kind, each in found.items()}


def links(path: Path) -> dict[str, list[Any]]:
    """Who stands in which context, and below which."""
    with closing(sqlite3.connect(path)) as database:
        return {
            name: sorted(database.execute(f"SELECT {columns} FROM {name}").fetchall())
            for name, columns in (
                ("Association", "context_id, execution_id"),
                ("Attribution", "context_id, artifact_id"),
                ("ParentContext", "context_id, parent_context_id"),
                ("ParentType", "type_id, parent_type_id"),
                ("TypeProperty", "type_id, name, data_type"),
            )
        }


@FEW
@given(PROPERTIES, PROPERTIES)
def test_the_stock_client_reads_the_rows_that_the_engine_writes(
    parameters: Any, properties: Any
) -> None:
    with folder() as place:
        path = place / "metadata.db"
        store = open_sqlite(f"sqlite:///{path}")
        fill_store(store, parameters, properties)
        store.close()
        assert by_stock_client(path) == by_engine(path)


@FEW
@given(PROPERTIES, PROPERTIES)
def test_the_engine_and_ml_metadata_write_the_same_records(
    parameters: Any, properties: Any
) -> None:
    with folder() as place:
        for name, start in (("new", open_sqlite), ("old", open_by_library)):
            store = start(f"sqlite:///{place}/{name}.db")
            fill_store(store, parameters, properties)
            store.close()
            gc.collect()
        found = {name: open_sqlite(f"sqlite:///{place}/{name}.db") for name in ("new", "old")}
        for ask in (
            lambda s: s.list_runs(),
            lambda s: s.executions_of_run("r1"),
            lambda s: s.artifacts_by_type("Examples"),
            lambda s: s.artifacts_by_type("Model"),
            lambda s: s.executions_by_cache_key("c2"),
        ):
            new, old = (without_clocks(ask(store)) for store in found.values())
            assert repr(new) == repr(old)
        for store in found.values():
            store.close()


def without_clocks(records: list[Any]) -> list[Any]:
    """Records as they are, but for ids and times that no two stores share."""
    cleared = {"id": 0, "heartbeat": 0.0, "created": 0.0}
    return [
        replace(each, **{name: zero for name, zero in cleared.items() if name in vars(each)})
        if not isinstance(each, Run)
        else each
        for each in records
    ]


def test_contexts_events_and_links_are_those_that_ml_metadata_makes(tmp_path: Path) -> None:
    counts = []
    for name, start in (("new", open_sqlite), ("old", open_by_library)):
        path = tmp_path / f"{name}.db"
        store = start(f"sqlite:///{path}")
        fill_store(store, {"a": 1}, {"b": [1]})
        store.close()
        gc.collect()
        found = links(path)
        counts.append({table: len(rows) for table, rows in found.items()})
        counts[-1].update({kind: len(rows) for kind, rows in by_engine(path).items()})
    new, old = counts
    # ML Metadata puts the artifact that only ends an execution into contexts, too.
    assert abs(new.pop("Attribution") - old.pop("Attribution")) <= 3
    assert new == old


VALUE_MESSAGES = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda n: ("int_value", n)),
    st.floats(-1e6, 1e6).map(lambda x: ("double_value", math.trunc(x * 64) / 64)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    .filter(lambda text: not text.startswith("mlmd-struct"))
    .map(lambda text: ("string_value", text)),
    st.booleans().map(lambda truth: ("bool_value", truth)),
)


@FEW
@given(st.dictionaries(st.text("abcd", min_size=1), VALUE_MESSAGES, max_size=5), VALUES)
def test_the_engine_reads_the_rows_that_the_stock_client_writes(values: Any, value: Any) -> None:
    with folder() as place:
        path = place / "metadata.db"
        client = stock_client(path)
        types = [
            client.put_artifact_type(pb.ArtifactType(name="A", properties={"n": pb.INT})),
            client.put_execution_type(pb.ExecutionType(name="E")),
            client.put_context_type(pb.ContextType(name="C")),
        ]
        artifact = pb.Artifact(type_id=types[0], uri="/x", state=pb.Artifact.LIVE, name="a")
        execution = pb.Execution(type_id=types[1], last_known_state=pb.Execution.CACHED)
        context = pb.Context(type_id=types[2], name="c", external_id="e")
        artifact.properties["n"].int_value = 2**40
        for message in (artifact, execution, context):
            for name, (field, each) in values.items():
                setattr(message.custom_properties[name], field, each)
            message.custom_properties["struct"].struct_value["depth"] = 3
            message.custom_properties["struct"].struct_value["list"] = ["x", None, True]
            fill_value(reading_of(value), message.custom_properties["value"])
        event = pb.Event(type=pb.Event.DECLARED_OUTPUT)
        event.path.steps.add(index=2)
        event.path.steps.add(key="k")
        client.put_execution(execution, [(artifact, event)], [context])
        expected = by_stock_client(path)
        del client
        gc.collect()
        assert by_engine(path) == expected


def reading_of(value: Any) -> Any:
    from mlops_metadata.layout.property_values import encode

    return encode(value)


def test_both_may_have_a_store_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    url = f"sqlite:///{path}"
    for number in range(3):
        store = open_sqlite(url)
        store.put_run(Run(f"ours-{number}", "pets"))
        store.close()
        client = stock_client(path)
        kind = client.get_context_type("pipeline_run").id
        client.put_contexts([pb.Context(type_id=kind, name=f"theirs-{number}")])
        del client
        gc.collect()
        old = open_by_library(url)
        old.put_run(Run(f"old-{number}", "pets"))
        old.close()
        gc.collect()
    store = open_sqlite(url)
    expected = [f"{who}-{number}" for number in (2, 1, 0) for who in ("old", "theirs", "ours")]
    assert [run.id for run in store.list_runs()] == expected
    assert len(store.list_runs(pipeline="pets")) == 6
    store.close()
