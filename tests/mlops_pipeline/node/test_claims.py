"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from local_runs import states, write


@pytest.mark.slow  # Work of half a second.
def test_the_same_work_of_two_runs_at_once_is_done_once(project: Any) -> None:
    write(
        project,
        """
    @component
    def Slow(examples: Output[Examples]) -> None:
        import time

        time.sleep(0.5)
        (examples.path / "text").write_text("slow")

    @pipeline
    def p():
        Slow()
    """,
    )
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda run_id=run_id: results.append(project.run(run_id)))
        for run_id in ("one", "two")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(state for r in results for state in states(r).values()) == ["CACHED", "COMPLETE"]
    assert len(project.store.artifacts_by_type("Examples")) == 1
