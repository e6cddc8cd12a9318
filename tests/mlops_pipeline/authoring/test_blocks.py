from __future__ import annotations

import pytest
from authored_pipelines import Choose, Make, Notify, Take, Train, _refused, value

from mlops_pipeline import (
    ExitHandler,
    ForEach,
    When,
    compile_pipeline,
    ir,
    pipeline,
    run_info,
)
from mlops_pipeline.errors import DefinitionError, WiringError


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
