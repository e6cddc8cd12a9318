"""Stores that TFX 1.16 wrote, in both of its layouts, imported into ours.

`tfx_stores/portable.sql` is a store of LocalDagRunner after three runs of the penguin pipeline: the
first runs all, the second is cached up to the trainer, the third fails. `legacy.sql` is one of
InteractiveContext, which gives each node a run of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from imported_stores import Tfx, stock_client, written
from ml_metadata.proto import metadata_store_pb2 as pb

import mlops_metadata
from mlops_metadata.by_file import open_sqlite
from mlops_metadata.tfx_import import import_tfx_store
from mlops_metadata.tfx_import.copy import ORIGIN, Imported
from mlops_pipeline import Input, Output, api, component, latest_blessed_model, pipeline
from mlops_pipeline.artifacts import Examples, Integer, Model, has_old_layout
from mlops_pipeline.cli import call
from mlops_pipeline.errors import StoreError
from mlops_pipeline.inspection import LineageStart, PipelineRun, read_run, upstream
from mlops_pipeline.resolvers import Query
from mlops_pipeline.resolvers import latest_blessed_model as resolve_latest_blessed
from mlops_pipeline.store import Direction, Execution, MemoryStore, MetadataStore, Run, State

pytestmark = pytest.mark.mlmd


FIRST, SECOND, THIRD = (
    "2026-11-23T18:18:46.018288",
    "2026-11-23T18:28:22.783916",
    "2026-11-23T18:29:00.845153",
)


@pytest.fixture
def portable(tmp_path: Path) -> Path:
    return written(tmp_path / "tfx", "portable")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{tmp_path}/ours.db")
    yield opened
    opened.close()


def all_of(store: Any) -> list[tuple[Any, ...]]:
    """What a store holds, but for the ids that it has given."""
    found = []
    for run in store.list_runs(limit=100):
        for execution in store.executions_of_run(run.id):
            events = store.events_by_execution([execution.id])
            uris = {a.id: a.uri for a in store.artifacts(e.artifact_id for e in events)}
            links = sorted((e.direction, e.key, e.index, uris[e.artifact_id]) for e in events)
            found.append((run.id, run.state, execution.node_id, execution.state, links))
    return found


def test_runs_of_the_portable_layout_are_here_with_all_that_was_done(
    portable: Path, store: MetadataStore
) -> None:
    done = import_tfx_store(portable, store)
    assert (done.runs, done.executions, done.artifacts) == (3, 19, 20)
    assert (done.pipelines, done.known, done.running) == (("penguin",), 0, 0)
    runs = {run.id: run for run in store.list_runs(pipeline="penguin")}
    assert list(runs) == [THIRD, SECOND, FIRST]
    assert [run.state for run in runs.values()] == [State.FAILED, State.COMPLETE, State.COMPLETE]
    assert 60 < runs[FIRST].finished - runs[FIRST].started < 70
    nodes = read_run(store, runs[SECOND].id)
    assert {node.name: node.state for node in nodes}["Transform"] is State.CACHED
    first = read_run(store, FIRST)
    assert first["Trainer"].artifact("model").uri.endswith("/artifacts/Trainer/model/7")
    trainer = first["Trainer"].execution
    assert trainer.parameters["custom_config"] == '{"learning_rate": 0.01, "seed": 7}'
    (failed,) = store.executions_of_run(THIRD)
    assert (failed.state, failed.error) == (State.FAILED, "TFX has not recorded why")


def test_runs_of_the_legacy_layout_are_here_under_their_own_ids(
    tmp_path: Path, store: MetadataStore
) -> None:
    done = import_tfx_store(written(tmp_path / "tfx", "legacy"), store)
    assert (done.runs, done.executions, done.artifacts) == (11, 11, 17)
    executions = [e for run in store.list_runs() for e in store.executions_of_run(run.id)][::-1]
    names = [execution.node_id for execution in executions]
    assert names[:6] == [
        "CsvExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "Transform", "Trainer",
    ]  # fmt: skip
    assert [e.state for e in executions[-2:]] == [State.CACHED, State.CACHED]
    assert {e.pipeline for e in executions} == {"penguin"}
    trainer = executions[5]
    assert trainer.run_id == "2026-11-23T18:27:11.878871"
    assert trainer.parameters["train_args"] == '{\n  "num_steps": 20\n}'
    assert not {"run_fn", "state", "pipeline_root", "run_id"} & set(trainer.parameters)
    graph = upstream(store, LineageStart((store.artifacts_by_type("PushedModel")[0].id,)))
    assert {a.type for a in graph.artifacts.values()} >= {
        "Examples",
        "Schema",
        "Model",
        "ModelBlessing",
    }


@pytest.mark.parametrize("layout", ["portable", "legacy"])
def test_a_second_import_finds_all_of_it_here(
    tmp_path: Path, store: MetadataStore, layout: str
) -> None:
    source = written(tmp_path / "tfx", layout)
    first = import_tfx_store(source, store)
    before = all_of(store)
    moved = Path(shutil.move(source, tmp_path / "elsewhere.db"))
    second = import_tfx_store(moved, store)
    assert (second.runs, second.executions, second.artifacts) == (0, 0, 0)
    assert second.known == first.executions
    assert second.identity == first.identity
    assert all_of(store) == before


class Stopping:
    """A store of a process that dies after so many writes."""

    def __init__(self, store: Any, writes: int) -> None:
        self._store = store
        self._left = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_execution(self, *args: Any, **named: Any) -> Any:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        return self._store.put_execution(*args, **named)


@pytest.mark.parametrize("writes", [0, 1, 8, 18])
def test_an_import_that_was_stopped_is_finished_by_the_next(
    portable: Path, store: MetadataStore, writes: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        import_tfx_store(portable, Stopping(store, writes))
    done = import_tfx_store(portable, store)
    assert (done.known, done.executions) == (writes, 19 - writes)
    assert done.beside == ()
    whole = MemoryStore()
    import_tfx_store(portable, whole)
    assert all_of(store) == all_of(whole)
    assert len(store.artifacts_by_type("Model")) == 1


def test_blessings_name_the_model_that_they_bless_here(
    portable: Path, store: MetadataStore
) -> None:
    own = Execution("pets.Gen", "pets", "r1", "gen", State.COMPLETE)
    for _ in range(30):
        store.put_execution(own)
    import_tfx_store(portable, store)
    (model,) = store.artifacts_by_type("Model")
    blessings = store.artifacts_by_type("ModelBlessing")
    assert [b.properties["current_model_id"] for b in blessings] == [model.id, model.id]
    assert blessings[0].properties["baseline_model_id"] == model.id
    assert resolve_latest_blessed(Query(store, "penguin", "", "Model")) == [model]


def test_artifacts_keep_their_properties_times_and_places(
    portable: Path, store: MetadataStore
) -> None:
    import_tfx_store(portable, store)
    examples = store.artifacts_by_type("Examples")[-1]
    assert examples.uri == f"{portable.parent}/artifacts/CsvExampleGen/examples/1"
    assert examples.created == 1795457927.776
    assert examples.properties["split_names"] == '["train", "eval"]'
    assert examples.properties["payload_format"] == "FORMAT_TF_EXAMPLE"
    (anomalies, _) = store.artifacts_by_type("ExampleAnomalies")[::-1]
    assert anomalies.properties["blessed"] == {"eval": 1.0, "train": 1.0}
    statistics = store.artifacts_by_type("ExampleStatistics")[-1]
    assert statistics.properties["sample_rate_by_split"] == '{"eval": 1.0, "train": 1.0}'


def test_tfx_finds_its_records_in_our_store(
    portable: Path, store: MetadataStore, tmp_path: Path
) -> None:
    import_tfx_store(portable, store)
    client = stock_client(tmp_path / "ours.db")
    (run,) = [c for c in client.get_contexts_by_type("pipeline_run") if c.name == FIRST]
    kinds = {execution.type for execution in client.get_executions_by_context(run.id)}
    assert "tfx.components.trainer.component.Trainer" in kinds
    nodes = {context.name for context in client.get_contexts_by_type("node")}
    assert "penguin.Trainer" in nodes


@component
def Size(model: Input[Model]) -> int:
    """How large a model is."""
    return sum(file.stat().st_size for file in model.path.rglob("*") if file.is_file())


@component
def Trainer(*, model: Output[Model]) -> None:
    """Stands where the pipeline of TFX has its own."""
    raise AssertionError("the model of the base run is taken")


@pipeline(name="penguin")
def ours() -> None:
    Size(model=latest_blessed_model(Model))


@pipeline(name="penguin")
def from_the_model_on() -> None:
    Size(model=Trainer().outputs["model"])


def test_our_pipelines_go_on_from_what_was_imported(
    portable: Path, store: MetadataStore, tmp_path: Path
) -> None:
    import_tfx_store(portable, store)
    model = Path(store.artifacts_by_type("Model")[0].uri)
    (model / "Format-Serving").mkdir(parents=True)
    (model / "Format-Serving" / "saved_model.pb").write_bytes(b"12345")
    where = api.Where(store, tmp_path / "artifacts")
    assert size_in(api.run(ours, where=where, in_process=True)) == 5
    assert api.run(ours, where=where, in_process=True)["Size"].state is State.CACHED
    (model / "Format-Serving" / "saved_model.pb").write_bytes(b"1234567")
    assert size_in(api.run(ours, where=where, in_process=True)) == 7
    options: Any = {"only": ("Size",), "base_run": FIRST, "in_process": True}
    partial = api.run(from_the_model_on, where=where, **options)
    assert size_in(partial) == 7
    assert FIRST in partial["Trainer"].reason


def size_in(run: PipelineRun) -> int:
    found = run.check()["Size"].artifact()
    assert isinstance(found, Integer)
    return int(found.read())


def test_old_artifacts_are_read_in_their_own_layout(tmp_path: Path, store: MetadataStore) -> None:
    tfx = Tfx(tmp_path / "old.db")
    versions = {"none": "", "old": "0.28.0", "dev": "0.29.0.dev", "new": "1.2.0"}
    made = [(tfx.examples(f"/{name}", version), 4) for name, version in versions.items()]
    tfx.put(tfx.execution("r1", "complete"), *made)
    import_tfx_store(tmp_path / "old.db", store)
    memory = MemoryStore()
    import_tfx_store(tmp_path / "old.db", memory)
    for target in (store, memory):
        found = target.artifacts_by_type("Examples")
        splits = [Examples(a.uri, properties=a.properties).split("train") for a in found]
        assert sorted(map(str, splits)) == [
            "/dev/Split-train", "/new/Split-train", "/none/train", "/old/train",
        ]  # fmt: skip
    theirs = stock_client(tmp_path / "ours.db").get_artifacts_by_type("Examples")
    told = {a.uri: a.custom_properties["tfx_version"].string_value for a in theirs}
    assert (told["/none"], told["/old"]) == ("", "0.28.0")
    assert not has_old_layout({"tfx_version": told["/new"]})


def test_what_has_not_ended_is_imported_when_it_has(tmp_path: Path, store: MetadataStore) -> None:
    tfx = Tfx(tmp_path / "old.db")
    tfx.put(tfx.execution("r1", "complete"), (tfx.examples("/a"), 4))
    running = tfx.execution("r2", "new")
    running.id = tfx.put(running)
    first = import_tfx_store(tmp_path / "old.db", store)
    assert (first.executions, first.running) == (1, 1)
    assert [(r.id, r.state) for r in store.list_runs()] == [
        ("r2", State.RUNNING),
        ("r1", State.COMPLETE),
    ]
    running.properties["state"].string_value = "complete"
    tfx.put(running, (tfx.examples("/b"), 4))
    second = import_tfx_store(tmp_path / "old.db", store)
    assert (second.executions, second.known, second.running) == (1, 1, 0)
    assert {r.state for r in store.list_runs()} == {State.COMPLETE}
    assert [a.uri for a in store.artifacts_by_type("Examples")] == ["/b", "/a"]


def test_an_input_that_nothing_has_made_is_imported_once(
    tmp_path: Path, store: MetadataStore
) -> None:
    tfx = Tfx(tmp_path / "old.db")
    (outside,) = tfx.client.put_artifacts([tfx.examples("/outside")])
    for number in range(2):
        event = pb.Event(type=pb.Event.INPUT, artifact_id=outside)
        event.path.steps.add(key="examples")
        event.path.steps.add(index=0)
        execution = tfx.execution(f"r{number}", "complete")
        tfx.client.put_execution(execution, [(None, event)], [])
    done = import_tfx_store(tmp_path / "old.db", store)
    assert (done.executions, done.artifacts) == (2, 1)
    import_tfx_store(tmp_path / "old.db", store)
    (found,) = store.artifacts_by_type("Examples")
    events = store.events_by_artifact([found.id])
    assert [e.direction for e in events].count(Direction.INPUT) == 2


def test_runs_of_the_same_id_stay_apart(tmp_path: Path, store: MetadataStore) -> None:
    store.put_run(Run("r1", "mine", State.COMPLETE))
    tfx = Tfx(tmp_path / "old.db")
    for name in ("taxi", "mine"):
        tfx.put(tfx.execution("r1", "complete", name), (tfx.examples(f"/{name}"), 4))
    done = import_tfx_store(tmp_path / "old.db", store)
    assert done.beside == ("mine",)
    runs = {run.id: run.properties.get(ORIGIN, "") for run in store.list_runs()}
    assert runs == {"taxi.r1": done.identity, "mine.r1": done.identity, "r1": ""}
    import_tfx_store(tmp_path / "old.db", store)
    assert len(store.list_runs()) == 3


def test_a_store_is_not_imported_into_itself(store: MetadataStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is the store of this process itself"):
        import_tfx_store(tmp_path / "ours.db", store)


def test_the_command_says_what_it_has_done(
    portable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--store", f"sqlite:///{tmp_path}/new/metadata.db"]
    assert call(["import-tfx", str(portable), *place]) == 0
    told = capsys.readouterr().out
    assert told.startswith("imported 19 executions and 20 artifacts in 3 new runs of penguin\n")
    assert call(["import-tfx", str(portable), *place]) == 0
    assert capsys.readouterr().out.startswith("nothing is new of penguin\n19 executions here")
    assert call(["show", FIRST, "Trainer", *place]) == 0
    assert "Trainer/model/7" in capsys.readouterr().out
    assert call(["import-tfx", str(tmp_path / "nowhere.db"), *place]) == 2
    assert "nowhere.db does not exist" in capsys.readouterr().err


def test_the_function_is_found_in_the_package() -> None:
    assert mlops_metadata.import_tfx_store is import_tfx_store
    assert Imported("/x", "y").runs == 0
