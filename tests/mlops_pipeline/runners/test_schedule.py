"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from local_runs import states, value, write

from mlops_pipeline.store import ArtifactState, State


def test_a_condition_skips_its_nodes_and_those_that_need_them(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p(text: str = "a"):
        make = Make(text=text)
        with When(make.outputs["output"].value > 2):
            copy = Copy(examples=make.outputs["examples"])
        Copy.options(id="Below")(examples=copy.outputs["copy"])
        Join(texts=[make.outputs["examples"], copy.outputs["copy"]])
    """,
    )
    short = project.run(in_process=True)
    assert states(short) == {
        "Make": "COMPLETE",
        "Copy": "SKIPPED",
        "Below": "SKIPPED",
        "Join": "COMPLETE",
    }
    assert value(short, "Join") == "a"
    reasons = {o.node_id: o.execution.reason for o in short.outcomes}
    assert reasons["Copy"] == "condition is false: Make.output > 2"
    assert reasons["Below"] == "Copy was skipped"
    long = project.run(in_process=True, parameters={"text": "abc"})
    assert value(long, "Join") == "abc+abc"
    assert states(long)["Copy"] == "COMPLETE"


def test_a_loop_over_a_run_parameter_runs_once_an_item(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p(texts: list[str] = ["x", "y"]):
        with ForEach(texts) as text:
            make = Make(text=text)
            copy = Copy(examples=make.outputs["examples"])
        Join(texts=copy.outputs["copy"])
    """,
    )
    result = project.run(parameters={"texts": ["p", "q", "r"]})
    assert value(result, "Join") == "p+q+r"
    assert sum(o.node_id == "Copy" for o in result.outcomes) == 3


def test_a_loop_over_an_empty_list_skips_what_needs_it(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p(texts: list[str] = ["x"]):
        with ForEach(texts) as text:
            make = Make(text=text)
        Join(texts=make.outputs["examples"])
    """,
    )
    result = project.run(in_process=True, parameters={"texts": []})
    assert states(result) == {"Make": "SKIPPED", "Join": "SKIPPED"}


def test_a_loop_over_what_a_node_returned(project: Any) -> None:
    write(
        project,
        """
    @component
    def List(count: int) -> list[dict[str, str]]:
        return [{"text": "t" * (n + 1)} for n in range(count)]

    @pipeline
    def p(count: int = 2):
        items = List(count=count)
        with ForEach(items.outputs["output"].value) as item:
            make = Make(text=item["text"])
        Join(texts=make.outputs["examples"])
    """,
    )
    assert value(project.run(in_process=True), "Join") == "t+tt"
    assert value(project.run(in_process=True, parameters={"count": 3}), "Join") == "t+tt+ttt"


def test_keep_going_runs_what_does_not_need_the_failed_node(project: Any) -> None:
    body = """
    @component
    def Bad(examples: Output[Examples]) -> None:
        raise ValueError("no")

    @pipeline
    def p():
        bad = Bad()
        Copy(examples=bad.outputs["examples"])
        make = Make()
        Copy.options(id="Other")(examples=make.outputs["examples"])
    """
    write(project, body)
    result = project.run(keep_going=True, in_process=True)
    assert states(result) == {"Bad": "FAILED", "Make": "COMPLETE", "Other": "COMPLETE"}
    stopped = project.run(in_process=True, force=True)
    assert "Other" not in states(stopped)


def test_exit_handlers_run_whatever_happened_and_know_how_it_ended(project: Any) -> None:
    place = project.folder / "notes.txt"
    write(
        project,
        f"""
    @component
    def Bad(fail: bool) -> int:
        if fail:
            raise ValueError("no")
        return 1

    @pipeline
    def p(fail: bool = False):
        Bad(fail=fail)
        with ExitHandler():
            Note(place={str(place)!r}, text=f"{{run_info.id}} ended {{run_info.state}}")
    """,
    )
    project.run("good")
    project.run("bad", parameters={"fail": True})
    assert place.read_text().splitlines() == ["good ended COMPLETE", "bad ended FAILED"]


def test_an_exit_handler_in_a_loop_runs_for_each_item(project: Any) -> None:
    place = project.folder / "notes.txt"
    write(
        project,
        f"""
    @pipeline
    def p(names: list[str] = ["a", "b"]):
        Make()
        with ExitHandler():
            with ForEach(names) as name:
                Note(place={str(place)!r}, text=f"{{name}} {{run_info.state}}")
    """,
    )
    assert project.run("r1", in_process=True).run.state is State.COMPLETE
    assert place.read_text().splitlines() == ["a COMPLETE", "b COMPLETE"]
    nothing = project.run("r2", in_process=True, parameters={"names": []})
    assert states(nothing)["Note"] == "SKIPPED"


def test_a_run_that_goes_on_makes_again_what_was_deleted_and_is_needed(
    project: Any, tmp_path: Path
) -> None:
    write(
        project,
        """
    @pipeline
    def p(gate: str = ""):
        unused = Make.options(id="Unused")(text="u")
        make = Make(text="m")
        copy = Copy(examples=make.outputs["examples"])
        Join.options(id="Done")(texts=[copy.outputs["copy"]])
        Gate(examples=copy.outputs["copy"], gate=gate)
    """,
    )
    gate = tmp_path / "gate"
    first = project.run("r", in_process=True, keep_going=True, parameters={"gate": str(gate)})
    assert states(first)["Gate"] == "FAILED"
    for outcome in first.outcomes:
        if outcome.node_id in ("Unused", "Make", "Copy"):
            for (record,) in outcome.outputs.values():
                project.store.set_artifact_state(record.id, ArtifactState.DELETED)
                place = Path(record.uri)
                shutil.rmtree(place) if place.is_dir() else place.unlink()
    gate.touch()
    resumed = project.run("r", in_process=True)
    assert states(resumed) == {"Make": "COMPLETE", "Copy": "COMPLETE", "Gate": "COMPLETE"}
    assert resumed.run.state is State.COMPLETE
    assert project.states(in_process=True, parameters={"gate": str(gate)}) == {
        "Unused": "COMPLETE",
        "Make": "CACHED",
        "Copy": "CACHED",
        "Done": "CACHED",
        "Gate": "CACHED",
    }
