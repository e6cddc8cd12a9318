"""The first page and the list of runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from page_runs import page

from mlops_pipeline.run_state import this_process
from mlops_pipeline.store import MemoryStore, Run, State
from mlops_pipeline.ui.views.overview import (
    LATEST,
    read_overview,
    read_run_list,
    run_row,
    seconds_spent,
)
from mlops_pipeline.ui.views.reader import Reader


def test_the_first_page_names_what_needs_attention_in_the_newest_run(reader: Reader) -> None:
    found = read_overview(reader)
    (concern,) = found.concerns
    assert (concern.run, concern.node, concern.kind) == ("failing", "Train", "failed")
    assert "unlucky" in concern.text
    assert concern.command == "mlops resume failing"
    (pipeline,) = found.pipelines
    assert [run.state for run in pipeline.latest] == ["FAILED", "COMPLETE", "COMPLETE"]


def test_a_warning_of_the_newest_run_needs_attention() -> None:
    from mlops_pipeline.store import Execution

    store = MemoryStore()
    store.put_run(Run("r", "p", State.COMPLETE, started=1.0, finished=2.0))
    gate = {"findings": [{"action": "warn", "reason": "drift"}]}
    done = Execution("c", "p", "r", "n", State.COMPLETE, properties={"gate": gate})
    store.put_execution(done)
    (concern,) = read_overview(Reader(store)).concerns
    assert (concern.kind, concern.text, concern.command) == ("warned", "drift", "")


def test_a_run_that_was_stopped_needs_attention() -> None:
    store = MemoryStore()
    store.put_run(Run("r", "p", State.CANCELED, ir="x", started=1.0, finished=2.0))
    (concern,) = read_overview(Reader(store)).concerns
    assert (concern.kind, concern.command) == ("canceled", "mlops resume r")


def test_a_run_whose_process_is_gone_has_failed_on_every_page() -> None:
    store = MemoryStore()
    gone = {key: value.replace("|", "|9") for key, value in this_process().items()}
    store.put_run(Run("r", "p", State.RUNNING, started=1.0, properties=gone))
    reader = Reader(store)
    assert read_overview(reader).runs[0].state == "FAILED"
    assert read_overview(reader).concerns[0].kind == "failed"
    assert page(reader, "run?id=r").state == "FAILED"
    assert not read_run_list(reader).live


def test_lists_are_cut_and_say_that_there_is_more() -> None:
    store = MemoryStore()
    for number in range(LATEST + 5):
        store.put_run(
            Run(f"r{number}", f"p{number % 2}", State.COMPLETE, started=1.0, finished=2.0)
        )
    found = read_overview(Reader(store))
    assert (len(found.runs), found.more, len(found.pipelines)) == (LATEST, True, 2)
    some = read_run_list(Reader(store), "p1", 5)
    assert ([run.pipeline for run in some.runs], some.more) == (["p1"] * 5, True)
    assert len(read_run_list(Reader(store), limit=0).runs) == 1


@pytest.mark.parametrize("idle", ["x", None, [], float("nan")])
def test_a_run_with_odd_times_takes_no_time(idle: object) -> None:
    run = Run("r", "p", State.COMPLETE, started=1.0, finished=2.0, properties={"idle": idle})
    assert seconds_spent(replace(run, started=float("nan"))) == 0.0
    assert seconds_spent(run) >= 0.0
    assert run_row(replace(run, state=State.FAILED, finished=0.0)).seconds is None
