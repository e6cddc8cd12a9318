"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_runs import states, value, write

from mlops_pipeline.store import State


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
