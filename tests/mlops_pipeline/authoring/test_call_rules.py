from __future__ import annotations

import pytest
from rule_pipelines import Compare, Count, Make, Notify, Train, error, fine

from mlops_pipeline import (
    Examples,
    Importer,
    Input,
    Model,
    Output,
    Schema,
    component,
    latest,
)


class ImageExamples(Examples):
    """Examples that are images."""


@component
def Drift(stats: Input[Examples], before: Input[Examples] | None) -> None: ...


@component
def Images(*, images: Output[ImageExamples]) -> None: ...


def test_an_error_names_the_line_of_the_call() -> None:
    def p() -> None:
        Make()
        Train()

    line = p.__code__.co_firstlineno + 2
    assert error(p).startswith(f"tests/mlops_pipeline/authoring/test_call_rules.py:{line}: ")


@pytest.mark.parametrize("name", ["a.b", "../up", "a/b", "-flag", "_own", "a b", "", "x" * 101])
def test_ids_are_safe_as_names_of_folders(name: str) -> None:
    def p() -> None:
        Make.options(id=name)()

    if name:
        assert "cannot be the id of a node" in error(p)
        assert "letters, digits, _ and -" in error(p)
    else:
        assert fine(p)  # the component's own name


def test_an_id_is_a_plain_text() -> None:
    def p(n: int = 1) -> None:
        Make.options(id=f"make-{n}")()

    assert "cannot depend on a value that is not known" in error(p)


def test_an_id_is_taken_once() -> None:
    def p() -> None:
        Make()
        Make()

    assert (
        "there is a node 'Make' already, from tests/mlops_pipeline/authoring/test_call_rules.py:"
        in error(p)
    )
    assert ".options(id='...')" in error(p)


def test_unknown_arguments_are_refused() -> None:
    def p() -> None:
        Train(exmples=Make().outputs.examples)

    assert "Train has no input or parameter 'exmples'" in error(p)
    assert "did you mean 'examples'?" in error(p)


def test_outputs_are_not_passed_in() -> None:
    def p() -> None:
        Make(examples=3)

    assert "'examples' is an output of Make" in error(p)


def test_missing_inputs_and_parameters_are_refused() -> None:
    def no_input() -> None:
        Train()

    def no_parameter() -> None:
        Notify()

    assert "Train misses its input 'examples' of type Examples" in error(no_input)
    assert "Notify misses its parameter 'text'" in error(no_parameter)


def test_input_without_a_default_may_be_empty_but_not_left_out() -> None:
    def left_out() -> None:
        Drift(stats=Make().outputs["examples"])

    def none() -> None:
        Drift(stats=Make().outputs["examples"], before=None)

    def queried() -> None:
        Drift(stats=Make().outputs["examples"], before=latest(Examples))

    assert "Drift misses its input 'before' of type Examples" in error(left_out)
    assert "or a query such as latest(Examples)" in error(left_out)
    assert "cannot be None" in error(none)
    assert fine(queried)


def test_none_is_for_optional_inputs() -> None:
    def required() -> None:
        Train(examples=None)

    def optional() -> None:
        Compare(models=[], base=None)

    assert "cannot be None: it is not optional" in error(required)
    assert fine(optional)


def test_inputs_take_artifacts() -> None:
    def text() -> None:
        Train(examples="data/")

    def node() -> None:
        Train(examples=Make())

    def value() -> None:
        Count(number=Make().outputs.output.value)

    assert "bring outside files in with Importer" in error(text)
    assert "pass one of its outputs: Make.outputs['examples']" in error(node)
    assert "without .value" in error(value)


def test_a_list_is_for_list_inputs() -> None:
    def given() -> None:
        Train(examples=[Make().outputs.examples])

    def found() -> None:
        Train(examples=latest(Examples, count=2))

    def single() -> None:
        Compare(models=latest(Model))

    assert "takes one artifact, but a list is given" in error(given)
    assert "declare examples: list[Input[Examples]]" in error(found)
    assert fine(single)


def test_artifact_types_must_fit() -> None:
    def wrong() -> None:
        made = Make()
        schema = Importer("s", Schema)
        Train(examples=schema.outputs.result)
        del made

    def query() -> None:
        Train(examples=latest(Model))

    assert "takes Examples, but Importer.result is Schema" in error(wrong)
    assert "did you mean Make.examples?" in error(wrong)
    assert "takes Examples, but the query is Model" in error(query)


def test_subclasses_fit_and_artifact_takes_any() -> None:
    def p() -> None:
        Train(examples=Images().outputs.images)
        Count(number=Make().outputs.output, anything=Importer("s", Schema).outputs.result)

    assert fine(p)
