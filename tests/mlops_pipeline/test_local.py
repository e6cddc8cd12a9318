"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

import os
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError
from mlops_pipeline.run_state import state_of
from mlops_pipeline.store import Direction, Execution, State

HEAD = """
    from mlops_pipeline import (
        Cache, ExitHandler, ForEach, Importer, Input, Output, Resolver, Secret, When,
        component, latest, pipeline, run_info,
    )
    from mlops_pipeline.artifacts import Examples, Model, Integer


    @component
    def Make(examples: Output[Examples], text: str = "a") -> int:
        (examples.path / "text").write_text(text)
        return len(text)


    @component
    def Join(texts: list[Input[Examples]], model: Output[Model]) -> str:
        joined = "+".join((each.path / "text").read_text() for each in texts)
        (model.path / "text").write_text(joined)
        return joined


    @component
    def Copy(examples: Input[Examples], copy: Output[Examples]) -> None:
        (copy.path / "text").write_text((examples.path / "text").read_text())


    @component
    def Flaky(marks: str, succeed_at: int) -> int:
        from pathlib import Path

        tries = len(list(Path(marks).iterdir())) + 1
        (Path(marks) / str(tries)).touch()
        if tries < succeed_at:
            raise RuntimeError(f"try {tries} failed")
        return tries


    @component
    def Gate(examples: Input[Examples], gate: str) -> int:
        from pathlib import Path

        if not Path(gate).exists():
            raise RuntimeError("closed")
        return 1


    @component
    def Note(place: str, text: str) -> None:
        from pathlib import Path

        with Path(place).open("a") as file:
            file.write(text + "\\n")
"""


def write(project: Any, body: str) -> Any:
    project.write("pipeline.py", HEAD)
    text = project.folder.joinpath("pipeline.py").read_text()
    lines = textwrap.dedent(body).splitlines()
    project.folder.joinpath("pipeline.py").write_text(text + "\n\n" + "\n".join(lines) + "\n")
    return project


def states(result: Any) -> dict[str, str]:
    return {".".join([o.node_id, *map(str, o.iteration)]): str(o.state) for o in result.outcomes}


def value(result: Any, node_id: str, iteration: tuple[int, ...] = ()) -> str:
    found = next(o for o in result.outcomes if (o.node_id, o.iteration) == (node_id, iteration))
    return Path(found.outputs["output"][0].uri).read_text()


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


def test_a_failed_node_is_tried_again_and_leaves_one_result(project: Any) -> None:
    marks = project.folder / "marks"
    marks.mkdir()
    write(
        project,
        f"""
    @pipeline
    def p():
        Flaky.options(retries=2, retry_wait=0.01)(marks={str(marks)!r}, succeed_at=3)
    """,
    )
    result = project.run()
    assert [str(e.state) for e in project.store.all_executions] == ["FAILED", "FAILED", "COMPLETE"]
    assert [e.attempt for e in project.store.all_executions] == [1, 2, 3]
    assert value(result, "Flaky") == "3"
    assert len(project.store.artifacts_by_type("Integer")) == 1


def test_a_failure_is_kept_with_its_traceback_and_log(project: Any) -> None:
    write(
        project,
        """
    @component
    def Bad() -> int:
        print("about to fail")
        raise ValueError("no such luck")

    @pipeline
    def p():
        bad = Bad()
        Make.options(after=[bad])()
    """,
    )
    result = project.run()
    (failed,) = project.store.all_executions
    assert (failed.state, result.run.state) == (State.FAILED, State.FAILED)
    assert "ValueError: no such luck" in failed.error
    assert "pipeline.py" in failed.details
    assert "about to fail" in Path(failed.log).read_text()
    staging = Path(project.workspace.root) / "p" / ".staging"
    assert list(staging.iterdir()) == []


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


def test_resume_executes_only_what_is_missing(project: Any) -> None:
    gate = project.folder / "gate"
    write(
        project,
        f"""
    @pipeline
    def p():
        make = Make()
        copy = Copy(examples=make.outputs["examples"])
        Gate(examples=copy.outputs["copy"], gate={str(gate)!r})
    """,
    )
    assert project.run("r").run.state is State.FAILED
    gate.touch()
    resumed = project.run("r")
    assert resumed.run.state is State.COMPLETE
    assert states(resumed) == {"Gate": "COMPLETE"}
    assert project.run("r").outcomes == ()


def test_a_partial_run_takes_over_the_rest_from_its_base_run(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p(text: str = "a"):
        make = Make(text=text)
        copy = Copy(examples=make.outputs["examples"])
        Join(texts=[copy.outputs["copy"]])
    """,
    )
    project.run("base", in_process=True)
    part = project.run("part", in_process=True, from_nodes=("Join",), force=True)
    assert states(part) == {"Make": "CACHED", "Copy": "CACHED", "Join": "COMPLETE"}
    assert part.run.base_run == "base"
    taken = next(o for o in part.outcomes if o.node_id == "Copy")
    assert taken.execution.reason.startswith("taken over from run base")
    events = project.store.events_by_execution([part.outcomes[-1].execution.id])
    inputs = [e.artifact_id for e in events if e.direction is Direction.INPUT]
    assert inputs == [taken.outputs["copy"][0].id]
    only = project.run("only", in_process=True, to_nodes=("Make",))
    assert states(only) == {"Make": "CACHED"}


def test_a_partial_run_without_a_base_says_so(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p():
        make = Make()
        Copy(examples=make.outputs["examples"])
    """,
    )
    with pytest.raises(NotFoundError, match="no run yet"):
        project.run(in_process=True, only=("Copy",))
    with pytest.raises(ParameterError, match="did you mean 'Copy'"):
        project.run(in_process=True, only=("Cpy",))


def test_an_importer_registers_files_where_they_are(project: Any) -> None:
    project.write("given/text", "hello")
    write(
        project,
        """
    @pipeline
    def p():
        given = Importer("given", Examples, id="Given")
        Copy(examples=given.outputs["result"])
    """,
    )
    first = project.run(in_process=True)
    second = project.run(in_process=True)
    assert states(second) == {"Given": "COMPLETE", "Copy": "CACHED"}
    given = [next(o for o in r.outcomes if o.node_id == "Given") for r in (first, second)]
    ids = [record.id for o in given for records in o.outputs.values() for record in records]
    assert ids[0] == ids[1]


def test_a_secret_reaches_the_executor_and_nothing_else(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2-very-secret")
    write(
        project,
        """
    @component
    def Login(password: str, model: Output[Model]) -> int:
        print("password", password)
        (model.path / "length").write_text(str(len(password)))
        return len(password)

    @pipeline
    def p():
        Login(password=Secret("PASSWORD"))
    """,
    )
    result = project.run()
    assert value(result, "Login") == "19"
    kept = repr(project.store.all_executions) + repr(vars(project.store))
    kept += "".join(f.read_text() for f in project.folder.rglob("*.log"))
    assert "hunter2" not in kept


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


def test_an_execution_whose_process_died_is_reaped_and_its_files_go(project: Any) -> None:
    write(project, "@pipeline\ndef p():\n    Make()\n")
    finished = project.run("first", in_process=True, force=True)
    ir, store = project.compile(), project.store
    store.put_run(replace(finished.run, id="again", state=State.RUNNING, properties={}))
    dead = Execution(
        component=ir.nodes[0].component,
        pipeline="p",
        run_id="again",
        node_id="Make",
        state=State.RUNNING,
        host="elsewhere",
        pid=1,
        properties={"process": "", "staging": "abcd"},
    )
    stored, _ = store.put_execution(dead)
    staged = Path(project.workspace.root) / "p" / ".staging" / f"{stored.id}-abcd" / "examples"
    staged.mkdir(parents=True)
    with pytest.raises(PipelineError, match="is being run: Make by process 1 on elsewhere"):
        project.run("again", in_process=True)
    store._executions[stored.id] = Execution(
        **{**vars(store._executions[stored.id]), "heartbeat": 0.0}
    )
    again = project.run("again", in_process=True, force=True)
    assert states(again) == {"Make": "COMPLETE"}
    assert store.executions([stored.id])[0].state is State.FAILED
    assert not staged.exists()
    assert (
        finished.outcomes[0].outputs["examples"][0].uri
        != again.outcomes[0].outputs["examples"][0].uri
    )


def test_a_custom_driver_changes_a_parameter_and_sets_properties(project: Any) -> None:
    project.write(
        "drivers.py",
        """
        from mlops_pipeline.node.driver import drive


        def shout(request):
            text = request.value("text").upper()
            return drive(request.replace_parameters(text=text).set_properties("examples", span=7))


        def announce(done):
            from mlops_pipeline.node.publisher import publish

            outcome = publish(done)
            print("published", outcome.node_id)
            return outcome
        """,
    )
    write(
        project,
        """
    @component(driver="drivers:shout", publisher="drivers:announce")
    def Shout(examples: Output[Examples], text: str) -> None:
        (examples.path / "text").write_text(text)

    @pipeline
    def p():
        Shout(text="hey")
    """,
    )
    result = project.run(in_process=True)
    record = result.outcomes[0].outputs["examples"][0]
    assert (Path(record.uri) / "text").read_text() == "HEY"
    assert record.properties["span"] == 7
    assert result.outcomes[0].execution.parameters == {"text": "HEY"}


def test_a_resolver_takes_the_latest_artifact_of_earlier_runs(project: Any) -> None:
    write(
        project,
        """
    @component
    def Warm(
        examples: Input[Examples], model: Output[Model], base: Input[Model] | None = None
    ) -> int:
        old = (base.path / "text").read_text() if base else ""
        (model.path / "text").write_text(old + "*")
        return len(old)

    @pipeline
    def p(text: str = "a"):
        make = Make(text=text)
        Warm(examples=make.outputs["examples"], base=latest(Model))
    """,
    )
    assert value(project.run(in_process=True), "Warm") == "0"
    assert value(project.run(in_process=True), "Warm") == "1"
    assert value(project.run(in_process=True), "Warm") == "2"


def test_a_required_input_that_finds_nothing_fails_the_run_by_name(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p():
        Copy(examples=latest(Examples))
    """,
    )
    result = project.run(in_process=True)
    assert result.run.state is State.FAILED
    assert "input examples of Copy is empty" in result.outcomes[0].execution.error


def test_a_run_parameter_of_the_wrong_type_is_refused_before_anything_runs(project: Any) -> None:
    write(project, "@pipeline\ndef p(steps: int = 1):\n    Make(text=f'{steps}')\n")
    with pytest.raises(ParameterError, match="'many' is not an integer"):
        project.run(parameters={"steps": "many"})
    with pytest.raises(ParameterError, match="did you mean 'steps'"):
        project.run(parameters={"step": 1})
    assert project.store.all_executions == []


def test_workers_are_other_processes_and_in_process_is_this_one(project: Any) -> None:
    write(
        project,
        """
    @component
    def Pid() -> int:
        import os

        return os.getpid()

    @pipeline
    def p():
        Pid()
    """,
    )
    assert value(project.run(force=True), "Pid") != str(os.getpid())
    assert value(project.run(force=True, in_process=True), "Pid") == str(os.getpid())


def test_a_run_whose_process_is_gone_has_failed_whatever_the_store_says(project: Any) -> None:
    write(project, "@pipeline\ndef p():\n    Make()\n")
    ended = project.run("r", in_process=True).run
    held = replace(ended, state=State.RUNNING)
    assert state_of(held) is State.RUNNING
    machine = str(held.properties["process"]).partition("|")[0]
    killed = replace(held, properties={**held.properties, "process": f"{machine}|1|never"})
    assert state_of(killed) is State.FAILED
    elsewhere = replace(held, properties={**held.properties, "process": "other|1|2"})
    assert state_of(elsewhere) is State.RUNNING


def test_a_partial_run_that_is_resumed_stays_partial(project: Any) -> None:
    gate = project.folder / "gate"
    write(
        project,
        f"""
    @pipeline
    def p():
        make = Make()
        gate = Gate(examples=make.outputs["examples"], gate={str(gate)!r})
        Make.options(id="After", after=[gate])(text="z")
    """,
    )
    project.run("base", in_process=True, to_nodes=("Make",))
    assert project.run("part", in_process=True, only=("Gate",)).run.state is State.FAILED
    gate.touch()
    resumed = project.run("part", in_process=True)
    assert states(resumed) == {"Gate": "COMPLETE"}


def test_a_run_that_cannot_take_over_from_its_base_has_failed(project: Any) -> None:
    write(
        project,
        """
    @pipeline
    def p():
        make = Make()
        copy = Copy(examples=make.outputs["examples"])
        Join(texts=[copy.outputs["copy"]])
    """,
    )
    project.run("base", in_process=True, to_nodes=("Make",))
    with pytest.raises(NotFoundError, match="run base has no result of Copy"):
        project.run("part", in_process=True, only=("Join",))
    assert project.store.get_run("part").state is State.FAILED


def test_a_value_artifact_may_be_written_instead_of_returned(project: Any) -> None:
    write(
        project,
        """
    @component
    def Count(size: Output[Integer]) -> None:
        size.write(7)

    @component
    def Twice(size: Input[Integer]) -> int:
        return 2 * size.read()

    @pipeline
    def p():
        Twice(size=Count().outputs["size"])
    """,
    )
    assert value(project.run(in_process=True), "Twice") == "14"
