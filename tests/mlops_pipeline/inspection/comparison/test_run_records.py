"""Records of runs: states as they are, links, and who made what was carried over."""

from __future__ import annotations

from compared_runs import Story, model

from mlops_pipeline.inspection.comparison.run_records import RunRecord, read_records
from mlops_pipeline.store import Run, State


def read(story: Story, *names: str) -> list[RunRecord]:
    runs = [story.store.get_run(name) for name in names]
    return read_records(story.store, [run for run in runs if run], lease=60.0)


def test_the_last_attempt_of_a_node_counts(story: Story) -> None:
    story.run("a")
    story.node("a", "Train", state=State.FAILED)
    story.node("a", "Train", attempt=2)
    assert read(story, "a")[0].nodes["Train"].decision == "run"


def test_a_killed_run_has_failed_and_so_has_its_node(story: Story) -> None:
    story.store.put_run(Run("a", "p", State.RUNNING, started=100.0))
    story.node("a", "Train", state=State.RUNNING, started=100.0, finished=0.0)
    (found,) = read_records(story.store, story.store.list_runs(), lease=0.0)
    assert (found.state, found.nodes["Train"].decision) == (State.FAILED, "failed")
    assert found.seconds is None


def test_what_a_run_made_or_reused_is_not_carried_over(story: Story) -> None:
    story.run("old")
    number = story.node("old", "Train", writes={"model": model("m")})["model"]
    (record,) = story.store.artifacts([number])
    story.run("reuses")
    story.node("reuses", "Train", state=State.CACHED, writes={"model": record})
    story.node("reuses", "Push", reads={"model": [number]})
    story.run("carries")
    story.node("carries", "Push", reads={"model": [number]})
    reuses, carries = read(story, "reuses", "carries")
    assert reuses.nodes["Push"].inputs[0].maker == ""
    assert carries.nodes["Push"].inputs[0].maker == "old"


def test_links_without_a_row_are_counted(story: Story) -> None:
    story.run("a")
    story.node("a", "Train", reads={"x": [7, 8]})
    (found,) = read(story, "a")
    assert (found.missing, found.nodes["Train"].inputs) == (2, ())
