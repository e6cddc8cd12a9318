"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_runs import states, value, write

from mlops_pipeline.store import State


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
