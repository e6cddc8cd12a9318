"""Where a model comes from."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from lineage_history import History

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection.models.origins import (
    CHAIN,
    code_of,
    data_behind,
    evaluations_of,
    find_made_model,
    maker_of,
    model_before,
    started_from,
)
from mlops_pipeline.store import Event, Execution, MemoryStore, State


@pytest.fixture
def history() -> History:
    return History()


def test_the_data_behind_a_model_is_what_was_made_of_no_other_data(history: History) -> None:
    raw = history.make("Gen", writes="Examples")
    shaped = history.make("Shape", reads=[raw], writes="Examples")
    schema = history.make("SchemaGen", reads=[raw], writes="Schema")
    model = history.make("Train", reads=[shaped, schema], writes="Model")
    found = data_behind(history.store, maker_of(history.store, model))
    assert [version.id for version in found] == [raw]


def test_data_of_the_model_that_it_started_from_is_not_its_own(history: History) -> None:
    old = history.make("Gen", writes="Examples")
    base = history.make("Train", reads=[old], writes="Model")
    new = history.make("Gen", writes="Examples", run="r2")
    model = history.make("Train", reads=[new, base], writes="Model", run="r2")
    maker = maker_of(history.store, model)
    assert [version.id for version in data_behind(history.store, maker)] == [new]
    assert [record.id for record in started_from(history.store, maker)] == [base]


def test_many_spans_behind_a_model_are_read_in_few_calls(history: History) -> None:
    spans = [history.make("Gen", writes="Examples", run=f"s{n}") for n in range(300)]
    shaped = history.make("Shape", reads=spans, writes="Examples")
    model = history.make("Train", reads=[shaped, spans[0]], writes="Model")
    maker = maker_of(history.store, model)
    calls = []

    class Counted(MemoryStore):
        def events_by_artifact(self, ids: Iterable[int]) -> list[Event]:
            calls.append(ids)
            return super().events_by_artifact(ids)

    counted = Counted()
    counted.__dict__.update(history.store.__dict__)
    assert sorted(version.id for version in data_behind(counted, maker)) == spans
    assert len(calls) < 10


def test_a_long_chain_of_warm_starts_is_cut(history: History) -> None:
    model = history.make("Train", writes="Model")
    for number in range(CHAIN + 5):
        model = history.make("Train", reads=[model], writes="Model", run=f"n{number}")
    assert len(started_from(history.store, maker_of(history.store, model))) == CHAIN


def test_a_model_from_the_cache_was_made_by_the_first(history: History) -> None:
    model = history.make("Train", writes="Model")
    history.add("Train", hands_on=[model], run="r2", state=State.CACHED)
    maker = maker_of(history.store, model)
    assert maker
    assert maker.run_id == "r1"
    record = find_made_model(history.store, str(model))
    assert model_before(history.store, record, maker) is None


def test_the_model_before_is_of_the_same_node(history: History) -> None:
    first = history.make("Train", writes="Model")
    history.make("Other", writes="Model", run="r2")
    history.add("Train", writes="Model", run="r3", state=State.FAILED)
    last = history.make("Train", writes="Model", run="r4")
    found = model_before(
        history.store, find_made_model(history.store, "last"), maker_of(history.store, last)
    )
    assert found
    assert found.id == first


def test_evaluations_come_newest_first(history: History) -> None:
    model = history.make("Train", writes="Model")
    made = [
        history.make("Eval", reads=[model], writes="ModelEvaluation", run=f"r{n}") for n in range(3)
    ]
    found = evaluations_of(history.store, find_made_model(history.store, "last"))
    assert [each.record.id for each in found] == made[::-1]


def test_what_is_no_model_is_told(history: History) -> None:
    data = history.make("Gen", writes="Examples")
    with pytest.raises(PipelineError, match=f"is no model, but Examples {data}"):
        find_made_model(history.store, str(data))


@pytest.mark.parametrize("manifest", ["", "{", "[]", '{"parts": 3}', "[" * 100_000, "null"])
def test_a_damaged_key_tells_no_code(manifest: str) -> None:
    execution = Execution("T", "p", "r", "T", State.COMPLETE, manifest=manifest)
    assert code_of(execution).parts == {}
    assert code_of(None).packages == {}
