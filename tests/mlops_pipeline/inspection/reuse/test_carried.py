"""State of earlier runs."""

from __future__ import annotations

from lineage_history import History

from mlops_pipeline.inspection.reuse.carried import DEEPEST, read_carried
from mlops_pipeline.store import Run, State


def started(history: History, count: int) -> None:
    """Runs whose models are each started from the one before."""
    model: list[int] = []
    for number in range(count):
        run = f"n{number:04}"
        history.store.put_run(Run(run, "p", State.COMPLETE, started=float(number + 1)))
        model = [history.make("Train", reads=model, writes="Model", run=run)]


def test_a_warm_start_is_as_deep_as_its_chain() -> None:
    history = History()
    started(history, 4)
    found = read_carried(history.store)
    assert [(each.run, each.maker, each.kind, each.depth) for each in found] == [
        ("n0003", "n0002", "warm start", 3),
        ("n0002", "n0001", "warm start", 2),
        ("n0001", "n0000", "warm start", 1),
    ]


def test_a_long_chain_is_cut_and_says_so() -> None:
    history = History()
    started(history, DEEPEST + 30)
    first = read_carried(history.store)[0]
    assert (first.depth, first.is_whole) == (DEEPEST, False)


def test_what_was_made_in_the_run_is_not_carried() -> None:
    history = History()
    history.store.put_run(Run("r1", "p", State.COMPLETE))
    data = history.make("Gen", writes="Examples")
    history.make("Train", reads=[data], writes="Model")
    assert read_carried(history.store) == ()
