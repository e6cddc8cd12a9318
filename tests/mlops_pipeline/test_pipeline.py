from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from mlops_pipeline import (
    Artifact,
    Channel,
    Examples,
    ExitHandler,
    ForEach,
    Importer,
    Input,
    Model,
    Output,
    Resolver,
    Schema,
    Secret,
    When,
    compile_pipeline,
    component,
    external,
    ir,
    latest,
    latest_blessed_model,
    pipeline,
    query,
    rolling_window,
    run_info,
    span_range,
)
from mlops_pipeline.errors import DefinitionError, ParameterError, WiringError


class Mode(enum.Enum):
    FAST = "fast"


@dataclass
class Net:
    units: int = 8
    files: list[Path] = field(default_factory=list)


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> list[dict[str, float]]: ...


@component
def Train(
    examples: Input[Examples],
    base: Input[Model] | None = None,
    *,
    model: Output[Model],
    rate: float = 0.1,
) -> float: ...


@component
def Choose(models: list[Input[Model]], *, best: Output[Model]) -> None: ...


@component
def Take(
    mode: Mode = Mode.FAST,
    net: Net = Net(),  # noqa: B008
    kind: Literal["a", "b"] = "a",
    path: Path = Path("data"),
    paths: list[Path] | None = None,
    table: dict[int, float] | None = None,
    anything: Any = None,
    text: str = "",
) -> None: ...


@component
def Notify(text: str, token: Secret | None = None) -> None: ...


def value(compiled: ir.PipelineIR, node: str, name: str) -> ir.Expression:
    return next(p.value for p in compiled.node(node).parameters if p.name == name)


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


def test_conditions_nest() -> None:
    @pipeline
    def p(n: int = 1) -> None:
        made = Make()
        with When(n > 1):
            with When(made.outputs.examples.property("span") == 2):
                Take()
            Notify(text="x")

    compiled = compile_pipeline(p)
    assert [len(node.conditions) for node in compiled.nodes] == [0, 2, 1]


def test_an_error_inside_a_block_leaves_the_block() -> None:
    @pipeline
    def p(n: int = 1) -> None:
        with pytest.raises(WiringError), When(n > 1):
            Notify()
        Make()

    assert compile_pipeline(p).node("Make").conditions == ()


def test_a_loop_runs_over_a_list() -> None:
    @pipeline
    def p() -> None:
        made = Make()
        with ForEach([0.1, 0.2]) as rate:
            Train(examples=made.outputs.examples, rate=rate)

    compiled = compile_pipeline(p)
    assert compiled.loops == (ir.LoopIR("loop-1", ir.Literal([0.1, 0.2])),)
    assert compiled.node("Train").loops == ("loop-1",)
    assert value(compiled, "Train", "rate") == ir.LoopItem("loop-1")


def test_a_loop_runs_over_a_run_parameter_or_an_output() -> None:
    @pipeline
    def p(rates: list[float] = [0.1]) -> None:  # noqa: B006
        made = Make()
        with ForEach(rates, id="rates") as rate:
            Train(examples=made.outputs.examples, rate=rate)
        with ForEach(made.outputs.output.value, id="plans") as plan:
            Train.options(id="again")(examples=made.outputs.examples, rate=plan["rate"])

    compiled = compile_pipeline(p)
    assert [loop.items for loop in compiled.loops] == [
        ir.RunParameter("rates"),
        ir.OutputValue("Make", "output"),
    ]
    assert value(compiled, "again", "rate") == ir.LoopItem("plans", ("rate",))


def test_loops_nest_and_keep_the_conditions_around_them() -> None:
    @pipeline
    def p(n: int = 1) -> None:
        with When(n > 1), ForEach([{"sizes": [1, 2]}], id="outer") as outer:
            Notify(text="x")
            with When(n < 5), ForEach(outer.sizes, id="inner") as size:
                Make(n=size)

    compiled = compile_pipeline(p)
    inner = compiled.loops[1]
    assert (inner.items, inner.loops) == (ir.LoopItem("outer", ("sizes",)), ("outer",))
    assert len(inner.conditions) == 2
    assert compiled.node("Make").loops == ("outer", "inner")


def test_outputs_of_a_loop_are_collected_outside() -> None:
    @pipeline
    def p() -> None:
        with ForEach([1, 2]) as n:
            trained = Train(examples=Make(n=n).outputs.examples)
        Choose(models=trained.outputs.model)

    choose = compile_pipeline(p).node("Choose")
    assert choose.inputs[0] == ir.InputIR(
        "models", "Model", (ir.ChannelIR("Train", "model"),), many=True
    )


@pipeline
def part(examples: Input[Examples], rate: float = 0.5) -> Channel:
    trained = Train(examples=examples, rate=rate)
    Notify(text=f"rate {rate}")
    return trained.outputs["model"]


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


def test_order_is_made_explicit_by_node_or_id() -> None:
    @pipeline
    def inner() -> None:
        Make.options(after=["Notify"])()
        Notify(text="x")

    @pipeline
    def p() -> None:
        first = Notify(text="x")
        Take.options(after=[first, "inner.Make"])()
        inner()

    compiled = compile_pipeline(p)
    assert [node.id for node in compiled.nodes] == ["Notify", "inner.Notify", "inner.Make", "Take"]
    assert compiled.node("inner.Make").after == ("inner.Notify",)
    assert compiled.node("Take").after == ("Notify", "inner.Make")


def test_exit_handlers_come_last_and_know_the_state() -> None:
    @pipeline
    def p() -> None:
        with ExitHandler(), When(run_info.state == "FAILED"):
            Notify(text=f"{run_info.state}")
        Make()

    compiled = compile_pipeline(p)
    assert [(node.id, node.on_exit) for node in compiled.nodes] == [
        ("Make", False),
        ("Notify", True),
    ]


def test_importers_bring_artifacts_in() -> None:
    @pipeline
    def p(place: str = "s3://b/m") -> None:
        schema = Importer("schema", Schema, id="local", properties={"by": "hand"}, reimport=True)
        assert list(schema.outputs) == ["result"]
        Importer(f"{place}/1", Model, id="remote")
        Importer(Path("/abs/m"), Model)

    compiled = compile_pipeline(p)
    local = compiled.node("local")
    assert local.executor == ir.ImporterExecutor(ir.LocalPath("schema"), reimport=True)
    assert local.outputs == (ir.OutputIR("result", "Schema", properties={"by": "hand"}),)
    remote = ir.Concat((ir.RunParameter("place"), ir.Literal("/1")))
    assert compiled.node("remote").executor == ir.ImporterExecutor(remote)
    assert compiled.node("Importer").executor == ir.ImporterExecutor(ir.LocalPath("/abs/m"))


def my_resolver(query: Any) -> list[Any]:
    return []


def test_queries_are_inputs() -> None:
    @pipeline
    def p(n: int = 1) -> None:
        Train(examples=latest(Examples, pipeline="ingest"), base=latest_blessed_model())
        Choose(models=[latest(Model, count=3), query(my_resolver, Model, many=True, least=n)])

    compiled = compile_pipeline(p)
    run = "mlops_pipeline.resolvers:"
    sources = [source for node in compiled.nodes for i in node.inputs for source in i.sources]
    one, ingest = ir.Literal(1), ir.Literal("ingest")
    assert sources == [
        ir.QueryIR(f"{run}latest", {"count": one, "pipeline": ingest}, "Examples"),
        ir.QueryIR(f"{run}latest_blessed_model", {}, "Model"),
        ir.QueryIR(f"{run}latest", {"count": ir.Literal(3)}, "Model"),
        ir.QueryIR(f"{__name__}:my_resolver", {"least": ir.RunParameter("n")}, "Model"),
    ]


def test_a_resolver_node_hands_queries_on() -> None:
    @pipeline
    def p() -> None:
        found = Resolver("past", models=rolling_window(Model, 2), base=latest_blessed_model(Model))
        Choose(models=found.outputs.models)
        Train(examples=external("ingest", "Make", "examples", Examples), base=found.outputs["base"])

    past = compile_pipeline(p).node("past")
    assert past.executor == ir.ResolverExecutor()
    assert [(i.name, i.optional, i.many) for i in past.inputs] == [
        ("models", True, True),
        ("base", True, True),
    ]
    assert [(o.name, o.type) for o in past.outputs] == [("models", "Model"), ("base", "Model")]


def test_another_pipeline_is_named_by_itself() -> None:
    @pipeline
    def p() -> None:
        Train(examples=external(part, "Make", "examples", Examples, run_id="r1"))

    source = compile_pipeline(p).node("Train").inputs[0].sources[0]
    assert isinstance(source, ir.QueryIR)
    assert source.arguments["pipeline"] == ir.Literal("part")


def test_span_queries_take_run_parameters() -> None:
    @pipeline
    def p(last: int = 3) -> None:
        Choose(models=span_range(Model, last - 2, last))

    source = compile_pipeline(p).node("Choose").inputs[0].sources[0]
    assert isinstance(source, ir.QueryIR)
    assert source.arguments["end"] == ir.RunParameter("last")


def _refused(write: Any, **arguments: Any) -> DefinitionError:
    """The error of a pipeline function that is written wrongly."""
    with pytest.raises(DefinitionError) as caught:
        compile_pipeline(pipeline(write), **arguments)
    assert "test_pipeline.py:" in caught.value.where
    return caught.value


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


def test_what_is_known_already_is_no_condition() -> None:
    def known(n: int = 1) -> None:
        with When(True):
            Make()

    assert "write a plain `if`" in _refused(known).hint


def test_a_condition_reads_only_what_is_there() -> None:
    def outside() -> None:
        with ForEach([1, 2]) as n:
            made = Make(n=n)
        with When(made.outputs.examples.property("span") == 1):
            Take()

    def state() -> None:
        with When(run_info.state == "FAILED"):
            Make()

    assert "the condition uses one value of Make.examples" in str(_refused(outside))
    assert "inside `with ExitHandler():`" in _refused(state).hint


def test_wrong_loops_are_refused() -> None:
    def number(n: int = 1) -> None:
        with ForEach(n):
            Make()

    def mapping() -> None:
        with ForEach({"a": 1}):
            Make()

    def named() -> None:
        with ForEach([1], id="a b"):
            Make()

    def twice() -> None:
        with ForEach([1], id="a"):
            Make()
        with ForEach([1], id="a"):
            Take()

    assert "ForEach takes a list, not an integer" in str(_refused(number))
    assert "list(mapping.items())" in _refused(mapping).hint
    assert "'a b' cannot be the id of a loop" in str(_refused(named))
    assert "there is a loop 'a' already" in str(_refused(twice))


def test_an_exit_handler_stands_at_the_top() -> None:
    def inside(n: int = 1) -> None:
        with When(n > 1), ExitHandler():
            Make()

    assert "turn it round" in _refused(inside).hint


def test_blocks_stand_in_a_pipeline() -> None:
    with pytest.raises(DefinitionError, match="ForEach is used outside a pipeline"):
        ForEach([1])


def test_wrong_importers_and_resolvers_are_refused() -> None:
    def properties() -> None:
        Importer("x", Schema, properties={"a": object()})  # type: ignore[dict-item]

    def no_query() -> None:
        Resolver("r", model=3)  # type: ignore[arg-type]

    assert "cannot be kept" in str(_refused(properties))
    assert "which is no query" in str(_refused(no_query))


def test_wrong_queries_are_refused() -> None:
    with pytest.raises(DefinitionError, match="latest has count=0"):
        latest(Model, count=0)
    with pytest.raises(DefinitionError, match="looks for 'Model', which is no artifact type"):
        latest("Model")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="is a lambda"):
        query(lambda q: [], Artifact)
