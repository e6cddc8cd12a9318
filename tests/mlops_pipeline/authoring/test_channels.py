from __future__ import annotations

from channel_pipelines import Make, Use, bound, refused

from mlops_pipeline import (
    compile_pipeline,
    ir,
    pipeline,
    run_info,
)


def test_outputs_give_value_place_and_properties() -> None:
    @pipeline
    def p() -> None:
        made = Make().outputs
        Use(value=[made["output"].value, made.examples.uri, made.examples.property("span")])

    use = compile_pipeline(p).node("Use")
    assert use.parameters[0].value == ir.ListOf(
        (
            ir.OutputValue("Make", "output"),
            ir.OutputUri("Make", "examples"),
            ir.OutputProperty("Make", "examples", "span"),
        )
    )


def test_facts_about_the_run_are_values() -> None:
    found = bound(lambda **_: {"text": f"{run_info.pipeline}/{run_info.id}"}, "text")
    assert found == ir.Concat((ir.RunInfo("pipeline"), ir.Literal("/"), ir.RunInfo("id")))


def test_an_artifact_is_no_value() -> None:
    hint = "use .value of it, .property(name) or .uri"
    assert hint in refused(lambda make, **_: make.outputs.examples == 1)
    assert hint in refused(lambda make, **_: make.outputs.output > 1)
    assert hint in refused(lambda make, **_: f"{make.outputs.output}")
    assert hint in refused(lambda make, n, **_: n == make.outputs.output)
    assert "use .value of it" in refused(lambda make, **_: Use(value=[make.outputs.output]))


def test_only_value_artifacts_have_a_value() -> None:
    message = refused(lambda make, **_: make.outputs.examples.value)
    assert "Make.examples is a Examples, which holds no single value" in message


def test_unknown_outputs_are_refused() -> None:
    assert "did you mean 'examples'?" in refused(lambda make, **_: make.outputs["exmples"])
    assert "did you mean 'examples'?" in refused(lambda make, **_: make.outputs.exmples)


def test_outputs_can_be_listed() -> None:
    @pipeline
    def p() -> None:
        outputs = Make().outputs
        assert list(outputs) == ["examples", "output"]
        assert "examples" in outputs
        assert not hasattr(outputs, "_private")

    compile_pipeline(p)
