from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from authored_pipelines import Choose, Make, Mode, Net, Notify, Take, Train, _refused, part, value

from mlops_pipeline import (
    ForEach,
    Model,
    Output,
    Secret,
    When,
    compile_pipeline,
    ir,
    pipeline,
)
from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.errors import DefinitionError, ParameterError


def literal(name: str, given: Any) -> Any:
    """The literal that a parameter of `Take` becomes."""

    @pipeline
    def p() -> None:
        Take(**{name: given})

    found = value(compile_pipeline(p), "Take", name)
    return found.value if isinstance(found, ir.Literal) else found


def test_nodes_are_wired_by_their_outputs() -> None:
    @pipeline
    def p() -> None:
        Train(examples=Make().outputs["examples"])

    train = compile_pipeline(p).node("Train")
    assert train.inputs == (
        ir.InputIR("examples", "Examples", (ir.ChannelIR("Make", "examples"),)),
        ir.InputIR("base", "Model", optional=True),
    )


def test_arguments_become_run_parameters() -> None:
    @pipeline(name="named", labels={"team": "a"})
    def p(needed: str, n: int = 3, data: Path = Path("in")) -> None:
        """What it does.

        Args:
            n: how many.
            data: where from,
                in two lines.
        """
        Take(text=f"{needed}{n}", path=data)

    compiled = compile_pipeline(p)
    path = {"type": "string", "format": "path"}
    assert compiled.name == "named"
    assert compiled.labels == {"team": "a"}
    assert compiled.doc.startswith("What it does.")
    assert compiled.parameters == (
        ir.RunParameterIR("needed", {"type": "string"}, required=True),
        ir.RunParameterIR("n", {"type": "integer"}, 3, doc="how many."),
        ir.RunParameterIR("data", path, "in", doc="where from, in two lines."),
    )


def test_given_parameters_replace_defaults() -> None:
    @pipeline
    def p(n: int = 3) -> None:
        Make(n=n)

    assert compile_pipeline(p, {"n": 4}).parameters[0].default == 4
    with pytest.raises(ParameterError, match="'n' of pipeline p takes int, not 'x'"):
        compile_pipeline(p, {"n": "x"})
    with pytest.raises(ParameterError, match="no parameter 'm'") as caught:
        compile_pipeline(p, {"m": 4})
    assert caught.value.hint == "did you mean 'n'?" or "known: n" in caught.value.hint


def test_literals_are_kept_as_json_of_the_declared_type() -> None:
    assert literal("mode", Mode.FAST) == "fast"
    assert literal("net", Net(3)) == {"units": 3, "files": []}
    assert literal("net", {"units": 4}) == {"units": 4, "files": []}
    assert literal("table", {1: 2}) == {"1": 2.0}
    assert literal("anything", {"b", "a"}) == ["a", "b"]
    assert literal("text", "plain") == "plain"


def test_defaults_of_a_component_are_written_out() -> None:
    @pipeline
    def p() -> None:
        Take()

    assert value(compile_pipeline(p), "Take", "mode") == ir.Literal("fast")


def test_paths_below_the_base_are_relative(tmp_path: Path) -> None:
    @pipeline
    def p() -> None:
        Take(path=tmp_path / "x" / ".." / "data.csv", paths=[Path("/elsewhere/a"), Path("b/")])

    compiled = compile_pipeline(p, base_dir=tmp_path)
    assert value(compiled, "Take", "path") == ir.LocalPath("data.csv")
    assert value(compiled, "Take", "paths") == ir.ListOf(
        (ir.LocalPath("/elsewhere/a"), ir.LocalPath("b"))
    )


def test_the_base_is_the_folder_of_the_pipeline() -> None:
    here = Path(__file__).parent
    assert literal("path", here / "data") == ir.LocalPath("data")
    assert literal("path", "data/raw") == ir.LocalPath("data/raw")
    assert literal("path", here.parent / "x") == ir.LocalPath((here.parent / "x").as_posix())


def test_paths_inside_other_values_are_found() -> None:
    inside = literal("anything", {"deep": [Path("a")]})
    assert inside == ir.DictOf({"deep": ir.ListOf((ir.LocalPath("a"),))})
    assert literal("net", Net(1, [Path("b")])) == ir.DictOf(
        {"units": ir.Literal(1), "files": ir.ListOf((ir.LocalPath("b"),))}
    )


def test_secrets_are_kept_by_name() -> None:
    @pipeline
    def p() -> None:
        Notify(text="x", token=Secret("TOKEN"))

    assert value(compile_pipeline(p), "Notify", "token") == ir.SecretName("TOKEN")


def test_values_inside_a_record_are_bound() -> None:
    @pipeline
    def p(units: int = 3) -> None:
        Take(net=Net(units=units))  # type: ignore[arg-type]

    assert value(compile_pipeline(p), "Take", "net") == ir.DictOf(
        {"units": ir.RunParameter("units"), "files": ir.ListOf(())}
    )


def test_a_pipeline_in_a_pipeline_is_inlined() -> None:
    @pipeline
    def p(n: float = 1.0) -> None:
        made = Make()
        one = part(examples=made.outputs.examples)
        two = part.options(id="second")(examples=made.outputs.examples, rate=n)
        Choose(models=[one, two])

    compiled = compile_pipeline(p)
    assert [node.id for node in compiled.nodes] == [
        "Make",
        "part.Train",
        "part.Notify",
        "second.Train",
        "second.Notify",
        "Choose",
    ]
    assert compiled.node("second.Train").group == ("second",)
    assert value(compiled, "part.Train", "rate") == ir.Literal(0.5)
    assert value(compiled, "second.Train", "rate") == ir.RunParameter("n")
    assert value(compiled, "part.Notify", "text") == ir.Literal("rate 0.5")
    sources = compiled.node("Choose").inputs[0].sources
    assert [s.node for s in sources if isinstance(s, ir.ChannelIR)] == [
        "part.Train",
        "second.Train",
    ]


def test_a_pipeline_in_a_loop_and_a_condition_stands_in_them() -> None:
    @pipeline
    def inner(m: int = 1) -> None:
        Make(n=m)

    @pipeline
    def p(n: int = 1) -> None:
        with When(n > 1), ForEach([1, 2]) as m:
            inner(m=m)

    node = compile_pipeline(p).node("inner.Make")
    assert (len(node.conditions), node.loops) == (1, ("loop-1",))


def test_wrong_names_of_pipelines_are_refused() -> None:
    with pytest.raises(DefinitionError, match=r"'a\.b' cannot be the name of a pipeline"):
        pipeline(name="a.b")(part.function)


def test_secret_and_output_arguments_of_pipelines_are_refused() -> None:
    def secret(token: Secret) -> None: ...
    def output(model: Output[Model]) -> None: ...

    assert "has the secret 'token' as an argument" in str(_refused(secret))
    assert "has the output 'model' as an argument" in str(_refused(output))


def test_a_pipeline_with_inputs_does_not_run_alone() -> None:
    with pytest.raises(DefinitionError, match="has the input 'examples'"):
        compile_pipeline(part)


def test_a_pipeline_is_not_called_outside_of_one() -> None:
    with pytest.raises(DefinitionError, match="pipeline part is used outside a pipeline") as caught:
        part(examples=None)
    assert "mlops run" in caught.value.hint


def test_wrong_calls_of_sub_pipelines_are_refused() -> None:
    def unknown() -> None:
        part(examples=Make().outputs.examples, rte=1)

    def missing() -> None:
        part()

    def wrong() -> None:
        part(examples=Make().outputs.examples, rate="x")

    def twice() -> None:
        made = Make().outputs.examples
        part(examples=made)
        part(examples=made)

    def position() -> None:
        part(Make().outputs.examples)

    assert _refused(unknown).hint == "did you mean 'rate'?"
    assert "part misses its input 'examples'" in str(_refused(missing))
    assert "parameter 'rate' of part takes float, not 'x'" in str(_refused(wrong))
    assert "part.options(id='...')" in _refused(twice).hint
    assert "by position" in str(_refused(position))


@pipeline
def endless() -> None:
    endless()


def test_a_pipeline_that_calls_itself_is_refused() -> None:
    with pytest.raises(DefinitionError, match="pipeline endless calls itself"):
        compile_pipeline(endless)


def test_pipelines_are_nested_only_so_deep(tmp_path: Path) -> None:
    lines = [
        "from mlops_pipeline import component, pipeline",
        "@component",
        "def One() -> int: ...",
    ]
    lines += ["@pipeline", "def p0() -> None:", "    One()"]
    for n in range(1, 200):
        lines += ["@pipeline", f"def p{n}() -> None:", f"    p{n - 1}()"]
    (tmp_path / "deep.py").write_text("\n".join(lines))
    assert len(load_pipeline(f"{tmp_path}/deep.py:p50", project=tmp_path).compile().nodes) == 1
    with pytest.raises(DefinitionError, match="51 pipelines deep; 50 are the limit"):
        load_pipeline(f"{tmp_path}/deep.py:p199", project=tmp_path).compile()
