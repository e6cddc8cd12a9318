"""The ledger of the cache."""

from __future__ import annotations

from compared_runs import Story

from mlops_pipeline.inspection.reuse.ledger import (
    FIRST_RUN,
    UNKNOWN,
    compute_seconds,
    read_ledger,
)
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, Run, State


def execution(run: str, state: State, **facts: object) -> Execution:
    times = {"started": 100.0, "finished": 103.0, "name": f"{run}-{facts.get('node_id', 'T')}"}
    return Execution(**{**_BASE, **times, "run_id": run, "state": state, **facts})  # type: ignore[arg-type]


_BASE = {"component": "T", "pipeline": "p", "node_id": "T"}


def test_a_reused_result_saves_the_time_that_it_took() -> None:
    store = MemoryStore()
    for name in ("a", "b", "c"):
        store.put_run(Run(name, "p", State.COMPLETE, started=100.0))
    _, written = store.put_execution(
        execution("a", State.COMPLETE), outputs={"x": [ArtifactRecord("Model", "/x")]}
    )
    for name in ("b", "c"):
        cached = execution(name, State.CACHED, started=200.0, finished=200.1)
        store.put_execution(cached, outputs={"x": written["x"]})
    found = read_ledger(store, now=300.0)
    (node,) = found.nodes
    assert (node.ran, node.reused, node.spent, node.saved) == (1, 2, 3.0, 6.0)
    assert (found.runs, found.saved, found.misses) == (3, 6.0, ())


def test_runs_before_the_days_do_not_count() -> None:
    story = Story()
    story.run("old")
    assert read_ledger(story.store, days=1, now=100 + 86_401.0).runs == 0
    assert read_ledger(story.store, days=1, now=100 + 86_399.0).runs == 1
    assert read_ledger(MemoryStore()).nodes == ()


def test_times_that_are_none_cost_nothing() -> None:
    for started, finished in ((0.0, float("inf")), (5.0, 1.0), (0.0, float("nan")), (1.0, 0.0)):
        broken = execution("a", State.COMPLETE, started=started, finished=finished)
        assert compute_seconds(broken) == 0.0


def test_a_damaged_key_hides_no_other_miss() -> None:
    store = MemoryStore()
    store.put_run(Run("a", "p", State.COMPLETE, started=100.0))
    for node, manifest in (("A", "{"), ("B", '{"parts": {}, "sources": {}}'), ("C", "[]")):
        store.put_execution(execution("a", State.COMPLETE, node_id=node, manifest=manifest))
    found = read_ledger(store, now=200.0)
    assert len(found.misses) == 3
    assert {each.cause for each in found.misses} <= {FIRST_RUN, UNKNOWN}
    assert found.edits == ()
