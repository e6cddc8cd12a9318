"""What is said at the end of a run, and while it goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlops_pipeline.cli.progress import Tally, live_lines
from mlops_pipeline.inspection import (
    PipelineRun,
    Screen,
    next_commands,
    read_run,
    run_report,
)
from mlops_pipeline.run_state import Outcome
from mlops_pipeline.runners import NodeEvent
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, Run, State

PLAIN = Screen()


class Story:
    """A run that is written line by line."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def node(
        self,
        name: str,
        *,
        state: State = State.COMPLETE,
        iteration: tuple[int, ...] = (),
        writes: Sequence[ArtifactRecord] = (),
        **facts: str,
    ) -> None:
        execution = Execution(
            name,
            "p",
            "r1",
            name,
            state,
            iteration=iteration,
            started=100.0,
            finished=101.5,
            **facts,  # type: ignore[arg-type]
        )
        self.store.put_execution(execution, outputs={"out": list(writes)} if writes else {})

    def end(self, state: State = State.COMPLETE) -> PipelineRun:
        self.store.put_run(Run("r1", "p", state, started=100.0, finished=103.0))
        return read_run(self.store, "r1")


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_report_lists_nodes_with_decision_time_and_reason(story: Story) -> None:
    story.node("Train")
    story.node("Push", state=State.SKIPPED, reason="condition is false: x")
    assert run_report(story.end(), PLAIN) == [
        "run r1 of p: complete · 3.00 s · 1 run, 1 skipped",
        "",
        "node   decision    time  reason",
        "Train  run       1.50 s",
        "Push   skipped   1.50 s  condition is false: x",
    ]


def test_many_iterations_are_one_row(story: Story) -> None:
    for place in range(48):
        state = State.CACHED if place else State.COMPLETE
        story.node("Mid", iteration=(place,), state=state)
    text = run_report(story.end(), PLAIN)
    assert " ".join(text[3].split()) == "Mid x48 mixed 1 min 12 s 1 run, 47 cached"


def test_metrics_stand_overall_and_by_slice(story: Story, tmp_path: Path) -> None:
    metrics = {
        "overall": {"accuracy": 0.97, "examples": 100},
        "slices": [{"slice": {"island": "Biscoe"}, "metrics": {"accuracy": 0.5}}],
    }
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    story.node("Evaluator", writes=[ArtifactRecord("ModelEvaluation", str(tmp_path))])
    assert run_report(story.end(), PLAIN)[-3:] == [
        "metrics        accuracy  examples",
        "all              0.9700       100",
        "island=Biscoe    0.5000         -",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"overall": {}}'])
def test_an_evaluation_without_readable_metrics_is_not_mentioned(
    story: Story, tmp_path: Path, text: str
) -> None:
    (tmp_path / "metrics.json").write_text(text)
    story.node("Evaluator", writes=[ArtifactRecord("ModelEvaluation", str(tmp_path))])
    assert len(run_report(story.end(), PLAIN)) == 4


def test_what_a_training_and_a_search_came_to_is_said(story: Story) -> None:
    found = {"objective": "loss", "best_score": 0.25, "trials": 5, "failed": 1}
    trained = {"metrics": {"loss": 0.125, "accuracy": 1.0}}
    story.node("Trainer", writes=[ArtifactRecord("ModelRun", "/r", properties=trained)])
    story.node("Tuner", writes=[ArtifactRecord("TunerResults", "/t", properties=found)])
    assert run_report(story.end(), PLAIN)[-3:] == [
        "Tuner: best loss 0.2500 of 5 trials, 1 failed",
        "",
        "Trainer: loss 0.1250, accuracy 1.0000",
    ]


@pytest.mark.parametrize("kind", ["ModelRun", "TunerResults"])
def test_a_training_that_recorded_nothing_is_not_mentioned(story: Story, kind: str) -> None:
    story.node("Trainer", writes=[ArtifactRecord(kind, "/r")])
    assert len(run_report(story.end(), PLAIN)) == 4


def test_the_verdict_and_the_place_of_the_model_are_named(story: Story) -> None:
    pushed = {"pushed": 1, "pushed_destination": "/serving/penguin", "pushed_version": "7"}
    story.node(
        "Evaluator", writes=[ArtifactRecord("ModelBlessing", "/b", properties={"blessed": 1})]
    )
    story.node("Pusher", writes=[ArtifactRecord("PushedModel", "/p", properties=pushed)])
    text = run_report(story.end(), PLAIN)
    assert "Evaluator: model blessed" in text
    assert "model pushed to /serving/penguin as version 7" in text


def test_report_says_why_a_verdict_is_none(story: Story) -> None:
    reasons = [f"auc of slice {n} is 0.1" for n in range(12)]
    blessing = ArtifactRecord("ModelBlessing", "/b", properties={"blessed": 0, "reasons": reasons})
    lacking = {"not_compared": ["there are no baseline_statistics yet"]}
    story.node("Evaluator", writes=[blessing])
    story.node("Drift", writes=[ArtifactRecord("ExampleAnomalies", "/a", properties=lacking)])
    story.node("Clean", writes=[ArtifactRecord("ExampleAnomalies", "/c")])
    text = run_report(story.end(), PLAIN)
    assert "Drift: not compared: there are no baseline_statistics yet" in text
    at = text.index("Evaluator: model not blessed")
    assert text[at + 1] == "  auc of slice 0 is 0.1"
    assert text[at + 11] == "  and 2 more"
    assert not any("Clean:" in line for line in text)


def test_a_failed_node_is_reported_with_the_end_of_its_traceback(story: Story) -> None:
    details = "\n".join(f"line {n}" for n in range(30))
    story.node("Train", state=State.FAILED, error="ValueError: no rows", details=details)
    text = run_report(story.end(State.FAILED), PLAIN)
    assert "Train failed: ValueError: no rows" in text
    assert text[-1] == "  line 29"
    assert "  line 3" not in text


def test_after_a_failure_the_first_command_goes_on_from_there(story: Story) -> None:
    story.node("Train", state=State.FAILED, error="x")
    commands = [command for command, _ in next_commands(story.end(State.FAILED), " --store s")]
    assert commands == [
        "mlops resume r1 --store s",
        "mlops show r1 Train --store s",
        "mlops replay r1 Train --pdb --store s",
    ]


def event(kind: str, node: str, *iteration: int, state: State = State.COMPLETE) -> NodeEvent:
    execution = Execution(node, "p", "r", node, state, started=1.0, finished=3.0)
    outcome = Outcome(node, iteration, execution) if kind == "finished" else None
    return NodeEvent(kind, node, iteration, outcome)


def test_the_live_list_folds_a_fan_out_and_shows_what_runs() -> None:
    tally = Tally(["Head", "Mid", "Tail"])
    tally.take(event("started", "Head"))
    tally.take(event("finished", "Head"))
    for place in range(5):
        tally.take(event("started", "Mid", place))
    for place in range(3):
        tally.take(event("finished", "Mid", place))
    now = max(tally.running.values()) + 2.0
    head, mid, tail = live_lines(tally, PLAIN, now=now)
    assert head == "✓ Head  run · 2.00 s"
    assert mid.startswith("▸ Mid   2.0")
    assert mid.endswith("3 run · 2 running")
    assert tail == "· Tail"
    assert tally.done == 1


def test_the_live_list_of_many_nodes_keeps_failures_and_what_runs() -> None:
    tally = Tally([f"n{i}" for i in range(70)])
    for place in range(40):
        tally.take(event("started", f"n{place}"))
        state = State.FAILED if place == 3 else State.COMPLETE
        tally.take(event("finished", f"n{place}", state=state))
    tally.take(event("started", "n40"))
    text = live_lines(tally, PLAIN)
    assert len(text) == 25
    assert any(line.startswith("✗ n3 ") for line in text)
    assert any(line.startswith("▸ n40") for line in text)
    assert text[-1] == "  … 46 more nodes"
