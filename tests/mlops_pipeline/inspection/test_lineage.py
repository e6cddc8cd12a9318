"""Walks over a small history, and the texts that are drawn of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lineage_history import History

from mlops_pipeline.inspection import Lineage, LineageStart, downstream, lineage_drawing, upstream
from mlops_pipeline.inspection.lineage import in_chunks
from mlops_pipeline.models import register_artifact, set_alias
from mlops_pipeline.store import Direction, Event, Execution, MemoryStore, State


def nodes(lineage: Lineage) -> list[str]:
    return sorted(f"{e.run_id}/{e.node_id}" for e in lineage.executions.values())


def test_upstream_finds_all_that_went_into_a_model(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    schema = history.make("SchemaGen", reads=[data], writes="Schema")
    model = history.make("Trainer", reads=[data, schema], writes="Model")
    history.make("Evaluator", reads=[model], writes="ModelEvaluation")
    found = upstream(history.store, LineageStart(artifacts=(model,)))
    assert set(found.artifacts) == {data, schema, model}
    assert nodes(found) == ["r1/Gen", "r1/SchemaGen", "r1/Trainer"]
    assert found.whole


def test_downstream_finds_all_that_came_of_the_data(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    model = history.make("Trainer", reads=[data], writes="Model")
    pushed = history.make("Pusher", reads=[model], writes="PushedModel")
    found = downstream(history.store, LineageStart(artifacts=(data,)))
    assert set(found.artifacts) == {data, model, pushed}
    assert nodes(found) == ["r1/Pusher", "r1/Trainer"]


def test_a_cached_execution_is_not_the_maker_of_an_artifact(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    model = history.make("Trainer", reads=[data], writes="Model")
    history.add("Trainer", reads=[data], hands_on=[model], run="r2", state=State.CACHED)
    assert nodes(upstream(history.store, LineageStart(artifacts=(model,)))) == [
        "r1/Gen",
        "r1/Trainer",
    ]


def test_a_resolver_that_hands_an_artifact_on_is_not_its_maker(history: History) -> None:
    model = history.make("Trainer", writes="Model")
    history.add("LatestModel", reads=[model], hands_on=[model], run="r2")
    assert nodes(upstream(history.store, LineageStart(artifacts=(model,)))) == ["r1/Trainer"]


def test_cached_repeats_are_left_out_downstream(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    model = history.make("Trainer", reads=[data], writes="Model")
    for run in ("r2", "r3"):
        history.add("Trainer", reads=[data], hands_on=[model], run=run, state=State.CACHED)
    assert nodes(downstream(history.store, LineageStart(artifacts=(data,)))) == ["r1/Trainer"]


def test_equal_data_of_a_later_run_leads_to_the_model_through_the_cache(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    model = history.make("Trainer", reads=[data], writes="Model")
    again = history.make("Gen", writes="Examples", run="r2")
    history.add("Trainer", reads=[again], hands_on=[model], run="r2", state=State.CACHED)
    found = downstream(history.store, LineageStart(artifacts=(again,)))
    assert nodes(found) == ["r2/Trainer"]
    assert model in found.artifacts


def test_a_walk_can_start_at_an_execution(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    trainer, _ = history.add("Trainer", reads=[data], writes="Model")
    assert nodes(upstream(history.store, LineageStart(executions=(trainer,)))) == [
        "r1/Gen",
        "r1/Trainer",
    ]


def test_levels_stop_a_walk_and_it_says_so(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    model = history.make("Trainer", reads=[data], writes="Model")
    found = upstream(history.store, LineageStart(artifacts=(model,)), levels=1)
    assert nodes(found) == ["r1/Trainer"]
    assert not found.whole
    assert "more levels" in lineage_drawing.tree(found)


class CountingStore(MemoryStore):
    """A store that counts the calls that walks make."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def events_by_execution(self, ids: Iterable[int]) -> list[Event]:
        self.calls["events"] += 1
        return super().events_by_execution(ids)

    def events_by_artifact(self, ids: Iterable[int]) -> list[Event]:
        self.calls["events"] += 1
        return super().events_by_artifact(ids)

    def events_around(self, ids: Iterable[int], direction: Direction) -> list[Event]:
        self.calls["events"] += 1
        return super().events_around(ids, direction)

    def executions(self, ids: Iterable[int]) -> list[Execution]:
        self.calls["records"] += 1
        return super().executions(ids)


def test_a_walk_takes_one_call_a_level(history: History) -> None:
    history.store = CountingStore()
    last: list[int] = []
    for level in range(10):
        last = [history.make(f"n{level}_{i}", reads=last, writes="Model") for i in range(3)]
    found = upstream(history.store, LineageStart(artifacts=tuple(last)))
    assert len(found.executions) == 30
    assert history.store.calls == {"events": 10, "records": 1}


def test_many_ids_are_asked_for_in_chunks() -> None:
    asked: list[int] = []

    def call(ids: object) -> list[int]:
        assert isinstance(ids, list)
        asked.append(len(ids))
        return list(ids)

    assert len(in_chunks(call, range(1_200))) == 1_200
    assert asked == [500, 500, 200]


def test_records_of_registered_models_are_no_results(history: History) -> None:
    model = history.make("Train", writes="Model")
    pushed, ids = history.add("Push", reads=[model], writes="PushedModel")
    register_artifact(history.store, ids[0], "fraud")
    set_alias(history.store, "fraud", 1)
    found = downstream(history.store, LineageStart(artifacts=(model,)))
    assert list(found.executions) == [pushed]
    assert {event.execution_id for event in found.events} == {pushed}
