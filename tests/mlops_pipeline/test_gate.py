"""Gates: a node warns, has what comes after it skipped, or fails; its outputs are there anyway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gated_runs import CHAIN, STEPS, read

from mlops_pipeline import Output, component
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.cache import why_node
from mlops_pipeline.cli import call
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.executors import current_task
from mlops_pipeline.inspection import Screen, run_data, run_report
from mlops_pipeline.store import ArtifactState, State
from mlops_pipeline.testing import run_component


@pytest.fixture
def chain(project: Any) -> Any:
    project.write("pipeline.py", STEPS + "\n" + CHAIN)
    return project


def states(result: Any) -> dict[str, str]:
    return {".".join([o.node_id, *map(str, o.iteration)]): str(o.state) for o in result.outcomes}


def reasons(result: Any) -> dict[str, str]:
    return {o.node_id: o.execution.reason for o in result.outcomes}


def told(result: Any, node_id: str = "Tell") -> str:
    found = next(o for o in result.outcomes if o.node_id == node_id)
    return Path(found.outputs["output"][0].uri).read_text()


BOTH_WAYS = pytest.mark.parametrize("in_process", [True, False], ids=["in process", "workers"])


@BOTH_WAYS
def test_a_warning_is_recorded_and_shown_and_stops_nothing(chain: Any, in_process: bool) -> None:
    result = chain.run(parameters={"action": "warn"}, in_process=in_process)
    assert set(states(result).values()) == {"COMPLETE"}
    run = read(chain)
    gate = run["Check"].gate
    assert gate is not None
    assert (gate.action, gate.reasons, gate.node) == ("warn", ["only 3 rows"], "Check")
    assert "Check warns:\n  warn: only 3 rows" in "\n".join(run_report(run, Screen()))
    data = next(node for node in run_data(run)["nodes"] if node["name"] == "Check")
    assert data["gate"]["action"] == "warn"
    assert "warn: only 3 rows" in run._repr_html_()
    assert run["Train"].gate is None


@BOTH_WAYS
def test_what_depends_on_a_closed_gate_is_skipped(chain: Any, in_process: bool) -> None:
    result = chain.run(parameters={"action": "skip"}, in_process=in_process, keep_going=True)
    assert states(result) == {
        "Make": "COMPLETE",
        "Check": "COMPLETE",
        "Train": "SKIPPED",
        "Push": "SKIPPED",
        "Read": "SKIPPED",
        "Other": "COMPLETE",
        "Tell": "COMPLETE",
    }
    closed = "the gate of Check is closed: only 3 rows"
    said = reasons(result)
    assert [said[name] for name in ("Train", "Push", "Read")] == [closed] * 3
    assert told(result) == "COMPLETE: 3 rows"
    assert result.run.state is State.COMPLETE


@BOTH_WAYS
def test_a_failed_gate_fails_its_node_for_good_and_leaves_its_outputs(
    chain: Any, in_process: bool
) -> None:
    result = chain.run(parameters={"action": "fail"}, in_process=in_process, keep_going=True)
    assert states(result) == {
        "Make": "COMPLETE",
        "Check": "FAILED",
        "Other": "COMPLETE",
        "Tell": "COMPLETE",
    }
    assert result.run.state is State.FAILED
    assert told(result) == "FAILED: 3 rows"
    node = read(chain)["Check"]
    assert node.attempts == 1
    assert node.execution.error.startswith("its gate failed it: only 3 rows")
    (report,) = chain.store.artifacts([node.artifact("anomalies").id])
    assert report.state is ArtifactState.PENDING
    assert (Path(report.uri) / "found").read_text() == "3 rows"


def test_nothing_takes_up_what_a_failed_gate_left(project: Any) -> None:
    body = """
    @pipeline
    def p(action: str):
        Read(anomalies=latest(ExampleAnomalies))
        Check(examples=Make().outputs["examples"], action=action)
    """
    project.write("pipeline.py", STEPS + "\n" + body)
    project.run(parameters={"action": "fail"}, in_process=True)
    assert told(project.run(parameters={"action": "warn"}, in_process=True), "Read") == "nothing"
    after = project.run(parameters={"action": "skip"}, in_process=True)
    assert told(after, "Read") == ": 3 rows"


def test_a_verdict_is_taken_from_the_cache_with_the_result(chain: Any) -> None:
    chain.run(parameters={"action": "skip"}, in_process=True)
    again = chain.run(parameters={"action": "skip"}, in_process=True)
    assert states(again) == {
        "Make": "CACHED",
        "Check": "CACHED",
        "Train": "SKIPPED",
        "Push": "SKIPPED",
        "Read": "SKIPPED",
        "Other": "CACHED",
        "Tell": "COMPLETE",
    }
    assert reasons(again)["Push"] == "the gate of Check is closed: only 3 rows"
    gate = read(chain)["Check"].gate
    assert gate is not None
    assert gate.action == "skip"
    planned = chain.plan(action="skip")
    assert (planned["Check"].decision, planned["Train"].decision) == ("cached", "skipped")
    assert planned["Push"].reason == "the gate of Check is closed: only 3 rows"


def test_a_warning_is_repeated_by_the_cache(chain: Any) -> None:
    chain.run(parameters={"action": "warn"}, in_process=True)
    chain.run(parameters={"action": "warn"}, in_process=True)
    node = read(chain)["Check"]
    assert node.decision == "cached"
    assert node.gate is not None
    assert node.gate.reasons == ["only 3 rows"]


def test_a_failed_gate_is_never_a_result_to_reuse(chain: Any) -> None:
    for _ in range(3):
        result = chain.run(parameters={"action": "fail"}, in_process=True)
        assert states(result)["Check"] == "FAILED"
    assert chain.plan(action="fail")["Check"].decision == "run"
    # The results of other actions are other results.
    assert states(chain.run(parameters={"action": "warn"}, in_process=True))["Check"] == "COMPLETE"


def test_a_run_goes_on_once_what_a_gate_found_is_mended(project: Any) -> None:
    body = """
    @pipeline
    def p(limit: Path = Path("limit.txt")):
        check = Judge(limit=limit)
        Train(examples=check.outputs["examples"])
    """
    project.write("pipeline.py", STEPS + "\n" + body)
    limit = project.write("limit.txt", "7")
    project.run("r1", in_process=True)
    assert states(project.run("r1", in_process=True)) == {"Judge": "FAILED"}
    said = str(why_node(project.store, "r1", "Judge"))
    assert said.startswith("Judge: failed, its gate failed it: 7 is too much")
    with pytest.raises(NotFoundError, match="r1 has no result of Judge to go on from"):
        project.run(only=("Train",), base_run="r1", in_process=True)
    limit.write_text("5")
    assert states(project.run("r1", in_process=True)) == {"Judge": "COMPLETE", "Train": "COMPLETE"}
    assert read(project, "r1").state is State.COMPLETE


def test_a_partial_run_goes_on_with_the_verdict(chain: Any) -> None:
    chain.run(parameters={"action": "skip"}, in_process=True)
    part = chain.run(parameters={"action": "skip"}, from_nodes=("Train",), in_process=True)
    assert (states(part)["Check"], states(part)["Push"]) == ("CACHED", "SKIPPED")
    deeper = chain.run(parameters={"action": "skip"}, only=("Push",), in_process=True)
    assert (states(deeper)["Train"], states(deeper)["Push"]) == ("SKIPPED", "SKIPPED")
    assert reasons(deeper)["Push"] == "the gate of Check is closed: only 3 rows"


LOOP = """
    @pipeline
    def p(sizes: list[int] = [3, 9]):
        with ForEach(sizes) as rows:
            make = Make(rows=rows)
            check = Check(examples=make.outputs["examples"], action="skip")
            train = Train.options(after=[check])(examples=make.outputs["examples"])
        Collect(models=train.outputs["model"])
"""


def test_a_gate_in_a_loop_closes_its_own_iteration(project: Any) -> None:
    project.write("pipeline.py", STEPS + "\n" + LOOP)
    result = project.run(in_process=True)
    found = states(result)
    assert (found["Train.0"], found["Train.1"]) == ("SKIPPED", "COMPLETE")
    assert told(result, "Collect") == "1"
    none = project.run(parameters={"sizes": [1, 2]}, in_process=True)
    assert states(none)["Collect"] == "SKIPPED"
    assert reasons(none)["Collect"] == "the gate of Check[0] is closed: only 1 rows"


@component
def Look(findings: list[list[str]], examples: Output[Examples]) -> None:
    for action, reason in findings:
        current_task().gate(action, reason)


def test_the_strictest_finding_decides() -> None:
    gate = run_component(
        Look, findings=[["warn", "a"], ["skip", "b"], ["warn", "c"], ["skip", "d"]]
    ).gate
    assert gate is not None
    assert (gate.action, str(gate)) == ("skip", "b (and 1 more)")
    assert [each.reason for each in gate.findings] == ["b", "d", "a", "c"]


def test_a_gate_that_cannot_be_says_what_can() -> None:
    with pytest.raises(ExecutorError, match="cannot 'stop'") as wrong:
        run_component(Look, findings=[["stop", "a"]])
    assert wrong.value.hint == "known: fail, skip, warn"
    with pytest.raises(ExecutorError, match="to fail without a reason"):
        run_component(Look, findings=[["fail", " "]])


def test_no_secret_gets_into_a_gate(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_SECRET", "hunter2")
    project.write("pipeline.py", f"{STEPS}\n\n    @pipeline\n    def p():\n        Leak()\n")
    project.run(in_process=True)
    gate = read(project)["Leak"].gate
    assert gate is not None
    assert gate.reasons == ["the key *** is old"]


def test_commands_tell_what_a_gate_said(
    chain: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(chain.folder)
    assert call(["run", ".", "--store", "memory://", "-p", "action=fail", "--in-process"]) == 1
    shown = capsys.readouterr()
    assert "Check failed: its gate failed it: only 3 rows" in shown.out
    assert "Check: its gate failed it: only 3 rows" in shown.err
    arguments = ["run", ".", "--store", "memory://", "-p", "action=skip", "--in-process", "--json"]
    assert call(arguments) == 0
    nodes = {each["name"]: each for each in json.loads(capsys.readouterr().out)["nodes"]}
    assert nodes["Check"]["gate"]["findings"] == [{"action": "skip", "reason": "only 3 rows"}]
    assert nodes["Push"]["gate"]["node"] == "Check"
