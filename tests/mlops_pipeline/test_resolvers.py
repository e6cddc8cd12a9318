from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mlops_pipeline.errors import ResolutionError
from mlops_pipeline.resolvers import (
    Query,
    ask_resolver,
    external,
    find_resolver,
    latest,
    latest_blessed_model,
    rolling_window,
    span_range,
)
from mlops_pipeline.store import ArtifactRecord, ArtifactState, Execution, MemoryStore, Run, State

numbers = itertools.count(1)


@dataclass
class History:
    """A store, and a short way to fill and to ask it."""

    store: MemoryStore = field(default_factory=MemoryStore)

    def write(
        self,
        type: str,
        *,
        pipeline: str = "p",
        node: str = "n",
        output: str = "out",
        run_id: str = "r0",
        state: State = State.COMPLETE,
        iteration: tuple[int, ...] = (),
        reads: Mapping[str, list[int]] | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> int:
        record = ArtifactRecord(type, f"/a/{next(numbers)}", properties=properties or {})
        execution = Execution(f"m.{node}", pipeline, run_id, node, state, iteration=iteration)
        _, written = self.store.put_execution(
            execution, inputs=reads or {}, outputs={output: [record]}
        )
        return written[output][0].id

    def bless(self, model: int, blessed: int = 1, told: bool = True, **more: Any) -> int:
        properties = {"blessed": blessed, **({"current_model_id": model} if told else {})}
        return self.write(
            "ModelBlessing",
            node="Evaluator",
            output="blessing",
            reads={"model": [model]},
            properties=properties,
            **more,
        )

    def delete(self, artifact: int) -> None:
        self.store.set_artifact_state(artifact, ArtifactState.DELETED)

    def ask(
        self, resolver: Callable[[Query], Iterable[ArtifactRecord]], type: str, **arguments: Any
    ) -> list[int]:
        query = Query(self.store, "p", "now", type, arguments)
        return [artifact.id for artifact in resolver(query)]


@pytest.fixture
def history() -> History:
    return History()


def test_latest_is_the_newest_of_its_type(history: History) -> None:
    history.write("Model")
    second = history.write("Model")
    history.write("Schema")
    assert history.ask(latest, "Model") == [second]


def test_latest_gives_several_newest_first(history: History) -> None:
    models = [history.write("Model") for _ in range(3)]
    assert history.ask(latest, "Model", count=2) == [models[2], models[1]]
    assert history.ask(latest, "Model", count=9) == models[::-1]


def test_latest_may_leave_out_what_is_compared_with_it(history: History) -> None:
    before, mine = history.write("Model"), history.write("Model")
    (record,) = history.store.artifacts([mine])
    assert history.ask(latest, "Model", other_than=record.uri) == [before]
    assert history.ask(latest, "Model", other_than=record.uri, count=5) == [before]


def test_what_came_before_an_artifact_is_of_the_same_output(history: History) -> None:
    before = history.write("ExampleStatistics", node="StatisticsGen")
    history.write("ExampleStatistics", node="Transform", output="pre_transform_stats")
    mine = history.write("ExampleStatistics", node="StatisticsGen")
    post = history.write("ExampleStatistics", node="Transform", output="post_transform_stats")
    (record,) = history.store.artifacts([mine])
    asked = {"type": "ExampleStatistics", "other_than": record.uri}
    assert history.ask(latest, **asked) == [before]
    assert history.ask(latest, **asked, node="Transform") == [post]
    assert history.ask(latest, **asked, pipeline="*") == [post]


def test_nothing_there_gives_nothing(history: History) -> None:
    assert history.ask(latest, "Model") == []
    assert history.ask(latest_blessed_model, "Model") == []


def test_only_live_artifacts_are_chosen(history: History) -> None:
    first = history.write("Model")
    history.delete(history.write("Model"))
    assert history.ask(latest, "Model") == [first]


def test_artifacts_of_other_pipelines_count_only_when_asked_for(history: History) -> None:
    ours = history.write("Model")
    theirs = history.write("Model", pipeline="other")
    assert history.ask(latest, "Model") == [ours]
    assert history.ask(latest, "Model", pipeline="other") == [theirs]
    assert history.ask(latest, "Model", pipeline="*", count=2) == [theirs, ours]


def test_node_and_output_narrow_the_search(history: History) -> None:
    wanted = history.write("Model", node="Trainer", output="model")
    history.write("Model", node="Trainer", output="checkpoint")
    history.write("Model", node="Tuner", output="model")
    assert history.ask(latest, "Model", node="Trainer", output="model") == [wanted]


def test_the_search_goes_on_past_the_first_page(history: History) -> None:
    wanted = history.write("Model")
    for _ in range(150):
        history.write("Model", pipeline="other")
    assert history.ask(latest, "Model") == [wanted]


class CountingStore(MemoryStore):
    """Counts the artifacts that it hands out."""

    read = 0

    def artifacts_by_type(self, type_name: str, *, limit: int = 100) -> list[ArtifactRecord]:
        found = super().artifacts_by_type(type_name, limit=limit)
        self.read += len(found)
        return found


def test_what_is_read_does_not_grow_with_the_store() -> None:
    history = History(CountingStore())
    for _ in range(300):
        history.bless(history.write("Model"))
    assert len(history.ask(latest, "Model")) == 1
    assert len(history.ask(latest_blessed_model, "Model")) == 1
    assert isinstance(history.store, CountingStore)
    assert history.store.read == 20


def test_the_latest_blessed_model_is_the_newest_with_a_blessing(history: History) -> None:
    blessed = history.write("Model")
    rejected = history.write("Model")
    history.write("Model")
    history.bless(blessed)
    history.bless(rejected, blessed=0)
    assert history.ask(latest_blessed_model, "Model") == [blessed]


def test_the_newest_model_counts_not_the_newest_blessing(history: History) -> None:
    old, new = history.write("Model"), history.write("Model")
    history.bless(new)
    history.bless(old)
    assert history.ask(latest_blessed_model, "Model") == [new]


def test_a_candidate_is_not_its_own_baseline(history: History) -> None:
    before, candidate = history.write("Model"), history.write("Model")
    history.bless(before)
    history.bless(candidate)
    (record,) = history.store.artifacts([candidate])
    found = history.ask(latest_blessed_model, "Model", other_than=record.uri)
    assert found == [before]


def test_a_blessing_without_the_id_is_followed_by_lineage(history: History) -> None:
    base, model = history.write("Model"), history.write("Model")
    history.write(
        "ModelBlessing",
        reads={"model": [model], "baseline_model": [base]},
        properties={"blessed": 1},
    )
    assert history.ask(latest_blessed_model, "Model") == [model]


def test_blessings_and_models_must_be_live(history: History) -> None:
    first, second, third = (history.write("Model") for _ in range(3))
    history.bless(first)
    history.delete(history.bless(second))
    history.bless(third)
    history.delete(third)
    assert history.ask(latest_blessed_model, "Model") == [first]


def test_blessings_of_other_pipelines_count_only_when_asked_for(history: History) -> None:
    model = history.write("Model", pipeline="other")
    history.bless(model, pipeline="other")
    assert history.ask(latest_blessed_model, "Model") == []
    assert history.ask(latest_blessed_model, "Model", pipeline="other") == [model]


def spans(history: History, *found: int | tuple[int, int]) -> dict[int | tuple[int, int], int]:
    """Writes examples by span, or by span and version."""
    ids = {}
    for each in found:
        span, version = each if isinstance(each, tuple) else (each, 0)
        ids[each] = history.write("Examples", properties={"span": span, "version": version})
    return ids


def test_a_range_gives_each_span_once_in_order(history: History) -> None:
    ids = spans(history, 3, 1, (2, 1), (2, 2), 5)
    wanted = [ids[1], ids[(2, 2)], ids[3]]
    assert history.ask(span_range, "Examples", start=1, end=3) == wanted


def test_a_higher_version_wins_over_a_newer_artifact(history: History) -> None:
    ids = spans(history, (1, 2), (1, 1), (2, 1), (2, 1))
    assert history.ask(span_range, "Examples", start=1, end=1) == [ids[(1, 2)]]
    assert history.ask(span_range, "Examples", start=2, end=2) == [ids[(2, 1)]]


def test_a_missing_span_fails_unless_that_is_fine(history: History) -> None:
    ids = spans(history, 1, 4)
    with pytest.raises(ResolutionError, match="of spans 1 to 4 there is none of 2, 3"):
        history.ask(span_range, "Examples", start=1, end=4)
    found = history.ask(span_range, "Examples", start=1, end=4, missing_ok=True)
    assert found == [ids[1], ids[4]]


def test_a_window_takes_the_last_spans_in_order(history: History) -> None:
    ids = spans(history, 1, 2, 4, 3)
    assert history.ask(rolling_window, "Examples", count=2) == [ids[3], ids[4]]
    assert history.ask(rolling_window, "Examples", count=2, skip=1) == [ids[2], ids[3]]
    assert history.ask(rolling_window, "Examples", count=9) == [ids[1], ids[2], ids[3], ids[4]]


def test_a_window_with_too_few_spans_fails(history: History) -> None:
    spans(history, 1)
    with pytest.raises(ResolutionError, match="1 spans of Examples are there, 3 are needed"):
        history.ask(rolling_window, "Examples", count=3, at_least=3)
    with pytest.raises(ResolutionError, match="0 spans"):
        history.ask(rolling_window, "Examples", count=3, skip=5)


def test_spans_may_be_those_of_one_node(history: History) -> None:
    ids = spans(history, 1, 2)
    history.write("Examples", node="Transform", properties={"span": 2})
    assert history.ask(rolling_window, "Examples", count=2, node="n") == [ids[1], ids[2]]
    assert history.ask(span_range, "Examples", start=2, end=2, node="n") == [ids[2]]


def test_artifacts_without_a_span_are_left_out(history: History) -> None:
    history.write("Examples")
    ids = spans(history, 7)
    assert history.ask(rolling_window, "Examples", count=3) == [ids[7]]


OTHER = {"pipeline": "other", "node": "Gen", "output": "examples"}


def test_external_takes_the_newest_run_that_has_it(history: History) -> None:
    for run_id in ("r1", "r2", "r3"):
        history.store.put_run(Run(run_id, "other"))
    old = history.write("Examples", run_id="r1", **OTHER)
    new = history.write("Examples", run_id="r2", **OTHER)
    history.write("Examples", run_id="r3", state=State.FAILED, **OTHER)
    assert history.ask(external, "Examples", **OTHER) == [new]
    assert history.ask(external, "Examples", run_id="r1", **OTHER) == [old]


def test_external_finds_what_a_cached_run_took_over(history: History) -> None:
    history.store.put_run(Run("r1", "other"))
    history.store.put_run(Run("r2", "other"))
    first = history.write("Examples", run_id="r1", **OTHER)
    [record] = history.store.artifacts([first])
    cached = Execution("m.Gen", "other", "r2", "Gen", State.CACHED)
    history.store.put_execution(cached, outputs={"examples": [record]})
    assert history.ask(external, "Examples", run_id="r2", **OTHER) == [first]


def test_external_keeps_the_order_of_a_loop(history: History) -> None:
    history.store.put_run(Run("r1", "other"))
    second = history.write("Examples", run_id="r1", iteration=(1,), **OTHER)
    first = history.write("Examples", run_id="r1", iteration=(0,), **OTHER)
    assert history.ask(external, "Examples", **OTHER) == [first, second]


def test_external_passes_over_runs_whose_artifacts_are_gone(history: History) -> None:
    history.store.put_run(Run("r1", "other"))
    history.store.put_run(Run("r2", "other"))
    kept = history.write("Examples", run_id="r1", **OTHER)
    history.delete(history.write("Examples", run_id="r2", **OTHER))
    assert history.ask(external, "Examples", **OTHER) == [kept]


def test_external_says_what_is_not_there(history: History) -> None:
    with pytest.raises(ResolutionError, match="other has no examples of Gen"):
        history.ask(external, "Examples", **OTHER)


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ({"pipeline": "othre"}, "other"),
        ({"node": "Gne"}, "Gen"),
        ({"output": "example"}, "examples"),
    ],
)
def test_external_offers_the_near_miss(history: History, asked: dict[str, str], near: str) -> None:
    history.store.put_run(Run("r1", "other"))
    history.write("Examples", run_id="r1", **OTHER)
    with pytest.raises(ResolutionError) as caught:
        history.ask(external, "Examples", **{**OTHER, **asked})
    assert caught.value.hint == f"did you mean {near!r}?"


def nothing(query: Query) -> None: ...


def a_name(query: Query) -> str:
    return "model"


@pytest.mark.parametrize(
    ("resolver", "given"), [("nothing", "returned None"), ("a_name", "returned str 'model'")]
)
def test_a_resolver_that_gives_no_artifacts_is_named(
    history: History, resolver: str, given: str
) -> None:
    query = Query(history.store, "p", "r1", "Model")
    with pytest.raises(ResolutionError, match=f"resolver {__name__}:{resolver} {given}") as caught:
        ask_resolver(f"{__name__}:{resolver}", query)
    assert "return a list of artifacts" in caught.value.hint


def test_resolvers_are_found_by_name() -> None:
    assert find_resolver("mlops_pipeline.resolvers:latest") is latest
    with pytest.raises(ResolutionError, match="has no 'newest'") as caught:
        find_resolver("mlops_pipeline.resolvers:newest")
    assert caught.value.hint
    with pytest.raises(ResolutionError, match="cannot import the resolver no_such:x"):
        find_resolver("no_such:x")
