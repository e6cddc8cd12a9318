"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_runs import states, value, write

from mlops_pipeline.inspection import LineageStart, upstream
from mlops_pipeline.run_state import load_links
from mlops_pipeline.store import Direction, State


def test_an_artifact_is_once_in_a_list_but_for_each_iteration(project: Any) -> None:
    write(
        project,
        """
    @component
    def Count(texts: list[Input[Examples]]) -> int:
        return len(texts)

    @pipeline
    def p():
        one = Make().outputs["examples"]
        same = Make.options(id="Same", after=["Make"])().outputs["examples"]
        Count(texts=[one, one, same, latest(Examples)])
        with ForEach(["a", "a"]) as text:
            each = Make.options(id="Each", after=["Same"])(text=text).outputs["examples"]
        Count.options(id="All")(texts=each)
    """,
    )
    result = project.run(in_process=True)
    assert value(result, "Count") == "1"
    assert value(result, "All") == "2"


def test_a_window_with_too_few_spans_skips_the_node_and_those_after_it(project: Any) -> None:
    write(
        project,
        """
    @component
    def Push(model: Input[Model]) -> None:
        ...

    @pipeline
    def p():
        from mlops_pipeline import rolling_window

        joined = Join(texts=rolling_window(Examples, 3, at_least=2))
        Push(model=joined.outputs["model"])
    """,
    )
    result = project.run(in_process=True)
    assert states(result) == {"Join": "SKIPPED", "Push": "SKIPPED"}
    assert result.outcomes[0].execution.reason == "0 spans of Examples are there, 2 are needed"
    assert project.plan()["Join"].decision == "skipped"


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


def read(project: Any, result: Any, node_id: str) -> dict[str, list[str]]:
    """Types of the artifacts that a node of a run has read, by key."""
    execution = next(o.execution for o in result.outcomes if o.node_id == node_id)
    links = load_links(project.store, [execution], Direction.INPUT).get(execution.id, {})
    return {key: [record.type for record in records] for key, records in links.items()}


def test_values_conditions_loops_and_gates_are_inputs_of_the_execution(project: Any) -> None:
    project.write("given/text", "hello")
    write(
        project,
        """
    from mlops_pipeline import current_task

    @component
    def Check(examples: Input[Examples], report: Output[Model], action: str = "") -> int:
        if action:
            current_task().gate(action, "it is wrong")
        return 3

    @component
    def Items() -> list[str]:
        return ["x", "y"]

    @component
    def Show(text: str, more: list[str] | None = None) -> str:
        return text

    @pipeline
    def p():
        made = Make()
        checked = Check(examples=made.outputs["examples"])
        warned = Check.options(id="Warned")(examples=made.outputs["examples"], action="warn")
        closed = Check.options(id="Closed")(examples=made.outputs["examples"], action="skip")
        with When(checked.outputs["output"].value > 2):
            Show.options(id="Pushed", after=[warned])(text="pushed")
        either = (checked.outputs["output"].value > 1) | (warned.outputs["output"].value > 1)
        with When(either):
            Show.options(id="Either")(text="either")
        with When(checked.outputs["output"].value > 5):
            Show.options(id="NotPushed")(text="pushed")
        Show.options(id="Stopped", after=[closed])(text="stopped")
        more = ["a", Make.options(id="B")().outputs["examples"].uri]
        Show.options(id="OfParts")(text=made.outputs["examples"].uri, more=more)
        with ForEach(Items.options(id="Letters")().outputs["output"].value) as letter:
            Show.options(id="Each")(text=letter)
    """,
    )
    expected = {
        "Pushed": {
            "_Check.output": ["Integer"],
            "_Warned.output": ["Integer"],
            "_Warned.report": ["Model"],
        },
        "Either": {"_Check.output": ["Integer"], "_Warned.output": ["Integer"]},
        "NotPushed": {"_Check.output": ["Integer"]},
        "Stopped": {"_Closed.output": ["Integer"], "_Closed.report": ["Model"]},
        "OfParts": {"_B.examples": ["Examples"], "_Make.examples": ["Examples"]},
        "Each": {"_Letters.output": ["JsonValue"]},
        "Check": {"examples": ["Examples"]},
    }
    for _ in ("run", "cached"):
        result = project.run(in_process=True)
        assert not result.failed
        assert {node: read(project, result, node) for node in expected} == expected
    pushed = next(o for o in result.outcomes if o.node_id == "Pushed")
    found = upstream(project.store, LineageStart(executions=(pushed.execution.id,)))
    assert {e.node_id for e in found.executions.values()} == {"Pushed", "Check", "Warned", "Make"}


def test_a_result_that_is_taken_over_keeps_its_inputs(project: Any) -> None:
    write(
        project,
        """
    @component
    def Show(text: str) -> str:
        return text

    @pipeline
    def p():
        shown = Show(text=Make().outputs["examples"].uri)
        Show.options(id="Again")(text=shown.outputs["output"].value)
    """,
    )
    project.run("base", in_process=True)
    result = project.run(in_process=True, only=("Again",), base_run="base")
    assert read(project, result, "Show") == {"_Make.examples": ["Examples"]}
    assert read(project, result, "Again") == {"_Show.output": ["String"]}
