"""Walks over a small history, and the texts that are drawn of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from mlops_pipeline.inspection import Lineage, LineageStart, downstream, lineage_drawing, upstream
from mlops_pipeline.store import ArtifactRecord, Direction, Event, Execution, MemoryStore, State


class History:
    """Writes executions into a store, one line each."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def add(
        self,
        node: str,
        *,
        reads: Sequence[int] = (),
        writes: str = "",
        hands_on: Sequence[int] = (),
        run: str = "r1",
        state: State = State.COMPLETE,
    ) -> tuple[int, list[int]]:
        outputs = [ArtifactRecord(type=writes, uri=f"/{node}/{run}")] if writes else []
        outputs += self.store.artifacts(hands_on)
        execution, written = self.store.put_execution(
            Execution(component=node, pipeline="p", run_id=run, node_id=node, state=state),
            inputs={"x": list(reads)},
            outputs={"y": outputs} if outputs else {},
        )
        return execution.id, [a.id for a in written.get("y", [])]

    def make(self, node: str, *, reads: Sequence[int] = (), writes: str, run: str = "r1") -> int:
        return self.add(node, reads=reads, writes=writes, run=run)[1][0]


@pytest.fixture
def history() -> History:
    return History()


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

    def executions(self, ids: Iterable[int]) -> list[Execution]:
        self.calls["records"] += 1
        return super().executions(ids)


def test_a_walk_takes_two_calls_a_level(history: History) -> None:
    history.store = CountingStore()
    last: list[int] = []
    for level in range(10):
        last = [history.make(f"n{level}_{i}", reads=last, writes="Model") for i in range(3)]
    found = upstream(history.store, LineageStart(artifacts=tuple(last)))
    assert len(found.executions) == 30
    assert history.store.calls == {"events": 20, "records": 1}


def test_a_tree_draws_shared_branches_once(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    schema = history.make("SchemaGen", reads=[data], writes="Schema")
    model = history.make("Trainer", reads=[data, schema], writes="Model")
    assert lineage_drawing.tree(upstream(history.store, LineageStart(artifacts=(model,)))) == (
        f"Model #{model}\n"
        "└─ Trainer · run r1\n"
        f"   ├─ x: Examples #{data}\n"
        "   │  └─ Gen · run r1\n"
        f"   └─ x: Schema #{schema}\n"
        "      └─ SchemaGen · run r1\n"
        f"         └─ x: Examples #{data} (see above)"
    )


def test_a_tree_folds_a_fan_out(history: History) -> None:
    parts = [history.make("Part", writes="Examples") for _ in range(48)]
    model = history.make("Trainer", reads=parts, writes="Model")
    text = lineage_drawing.tree(upstream(history.store, LineageStart(artifacts=(model,))))
    assert "… 45 more of x" in text
    assert len(text.splitlines()) < 12


def test_a_tree_may_be_deeper_than_the_stack() -> None:
    steps = range(1, 1_201)
    chain = Lineage(
        start=LineageStart(artifacts=(1_200,)),
        upstream=True,
        artifacts={i: ArtifactRecord(type="Model", uri=f"/{i}", id=i) for i in steps},
        executions={i: Execution("Trainer", "p", "r", "Trainer", State.COMPLETE, i) for i in steps},
        events=tuple(
            event
            for i in steps
            for event in (
                Event(i, i, Direction.OUTPUT, "model", 0),
                Event(i, i - 1, Direction.INPUT, "base", 0),
            )
            if event.artifact_id
        ),
    )
    assert len(lineage_drawing.tree(chain).splitlines()) == 2_400


def test_dot_escapes_names(history: History) -> None:
    data = history.make('Gen"1"', writes="Examples")
    text = lineage_drawing.dot(upstream(history.store, LineageStart(artifacts=(data,))))
    assert text.startswith("digraph lineage {")
    assert r'label="Gen\"1\"\nrun r1"' in text
    assert "-> a" in text


def test_mermaid_shows_names_without_breaking_its_syntax(history: History) -> None:
    data = history.make('Gen"1"', writes="Examples")
    text = lineage_drawing.mermaid(upstream(history.store, LineageStart(artifacts=(data,))))
    assert text.startswith("flowchart LR")
    assert "Gen#34;1#34;" in text
    assert f'-->|"y"| a{data}' in text
