from __future__ import annotations

from typing import Any, Literal

import pytest
from channel_pipelines import Make, Use, bound, refused

from mlops_pipeline import (
    ExitHandler,
    ForEach,
    Secret,
    When,
    compile_pipeline,
    component,
    ir,
    pipeline,
    run_info,
)
from mlops_pipeline.errors import DefinitionError, WiringError


@component
def Login(token: Secret) -> None: ...


N, TEXT = ir.RunParameter("n"), ir.RunParameter("text")


def test_run_parameters_are_values() -> None:
    assert bound(lambda n, **_: {"number": n}, "number") == N


def test_values_go_into_lists_and_dicts() -> None:
    found = bound(lambda n, **_: {"value": [1, {"deep": [n]}]}, "value")
    one = ir.ListOf((N,))
    assert found == ir.ListOf((ir.Literal(1), ir.DictOf({"deep": one})))


def test_values_go_into_texts() -> None:
    found = bound(lambda n, text, **_: {"text": f"run {n}-{text}!"}, "text")
    assert found == ir.Concat((ir.Literal("run "), N, ir.Literal("-"), TEXT, ir.Literal("!")))


def test_values_go_into_texts_in_every_way_python_has() -> None:
    whole = ir.Concat((ir.Literal("n="), N))
    assert bound(lambda n, **_: {"text": f"n={n}"}, "text") == whole
    assert bound(lambda n, **_: {"text": "n=%s" % n}, "text") == whole  # noqa: UP031
    assert bound(lambda n, **_: {"text": "n={}".format(n)}, "text") == whole  # noqa: UP032
    assert bound(lambda n, **_: {"text": "n=" + str(n)}, "text") == whole


def test_paths_are_joined() -> None:
    whole = ir.Concat((ir.RunParameter("data"), ir.Literal("/raw")))
    assert bound(lambda data, **_: {"path": data / "raw"}, "path") == whole
    below = ir.Concat((ir.Literal("base/"), TEXT))
    assert bound(lambda text, **_: {"path": f"base/{text}"}, "path") == below


def test_operators_make_operations() -> None:
    def op(operator: str, *arguments: Any) -> ir.Operation:
        return ir.Operation(operator, arguments)

    two = ir.Literal(2)
    cases: list[tuple[Any, ir.Operation]] = [
        (lambda n: n == 2, op("==", N, two)),
        (lambda n: n != 2, op("!=", N, two)),
        (lambda n: n < 2, op("<", N, two)),
        (lambda n: 2 < n, op(">", N, two)),  # noqa: SIM300
        (lambda n: n <= 2, op("<=", N, two)),
        (lambda n: n >= 2, op(">=", N, two)),
        (lambda n: n + 2, op("+", N, two)),
        (lambda n: 2 - n, op("-", two, N)),
        (lambda n: n * 2, op("*", N, two)),
        (lambda n: n / 2, op("/", N, two)),
        (lambda n: n.is_in([1, 2]), op("in", N, ir.Literal([1, 2]))),
        (lambda n: ~(n == 2), op("not", op("==", N, two))),
        (lambda n: (n > 1) & (n < 2), op("and", op(">", N, ir.Literal(1)), op("<", N, two))),
        (lambda n: (n > 1) | (n == 2), op("or", op(">", N, ir.Literal(1)), op("==", N, two))),
    ]
    for write, wanted in cases:
        assert bound(lambda n, write=write, **_: {"value": write(n)}, "value") == wanted


def test_a_choice_is_compared_with_one_that_there_is() -> None:
    @pipeline
    def p(mode: Literal["slow", "fast"] = "slow") -> None:
        with When(mode == "fats"):
            Make()

    @pipeline
    def q() -> None:
        with ExitHandler(), When(run_info.state == "failed"):
            Make()

    for wrong, near in ((p, "fast"), (q, "FAILED")):
        with pytest.raises(WiringError, match=r"is never '(fats|failed)'") as caught:
            compile_pipeline(wrong)
        assert near in caught.value.hint


def test_a_value_has_no_truth() -> None:
    message = refused(lambda n, **_: 1 if n else 2)
    assert "<n> is not known while the pipeline is written: it cannot decide an `if`" in message
    assert "with When(...)" in message
    assert "with When" in refused(lambda n, **_: n > 1 and n < 3)
    assert "with When" in refused(lambda n, **_: 1 < n < 3)
    assert "with When" in refused(lambda n, **_: n in [1, 2])
    assert "with When" in refused(lambda make, **_: not make.outputs.examples)


def test_a_value_is_neither_list_nor_number() -> None:
    assert "with ForEach" in refused(lambda n, **_: list(n))
    assert "with ForEach" in refused(lambda make, **_: [*make.outputs.examples])
    assert "have a length" in refused(lambda n, **_: len(n))
    assert "be searched" in refused(lambda text, **_: "a" in text)
    assert "become a number" in refused(lambda n, **_: range(n))
    assert "become a number" in refused(lambda n, **_: float(n))


def test_a_format_cannot_be_applied_yet() -> None:
    assert "be formatted with '.2f'" in refused(lambda n, **_: f"{n:.2f}")


def test_comparisons_that_never_hold_are_refused() -> None:
    assert "never equals 'x'" in refused(lambda n, **_: n == "x")
    assert "never equals '1'" in refused(
        lambda make, **_: make.outputs.examples.property("span") == "1"
    )


def test_secrets_stay_out_of_texts_and_conditions() -> None:
    secret = Secret("TOKEN")
    assert "cannot be part of a text" in refused(lambda **_: f"{secret}")
    assert "cannot be part of a text" in refused(lambda text, **_: text == secret)
    assert "cannot be part of a text" in refused(lambda text, **_: text.is_in([secret]))
    assert "cannot be part of a text" in refused(lambda text, **_: text.is_in([{"b": secret}]))
    assert "cannot be compared" in refused(lambda **_: secret == "x")
    assert repr(secret) == "Secret('TOKEN')"


def test_a_secret_is_a_name() -> None:
    with pytest.raises(DefinitionError, match="takes the name of an environment variable"):
        Secret("not a name")


def test_secrets_in_clear_are_refused_and_not_shown() -> None:
    plain = refused(lambda **_: Login(token="hunter2"))
    assert "give Secret('NAME')" in plain
    assert "hunter2" not in plain
    url = "postgresql://me:hunter2@host/db"
    embedded = refused(lambda **_: Use(text=url))
    assert "parameter 'text' of Use is a URL with a password in it" in embedded
    assert "hunter2" not in embedded


def test_items_of_a_loop_are_reached_into() -> None:
    @pipeline
    def p() -> None:
        with ForEach([{"lr": 0.1, "sizes": [1, 2]}], id="grid") as item:
            Use(value=[item, item["lr"], item.lr, item.sizes[1]])

    use = compile_pipeline(p).node("Use")
    assert use.parameters[0].value == ir.ListOf(
        (
            ir.LoopItem("grid"),
            ir.LoopItem("grid", ("lr",)),
            ir.LoopItem("grid", ("lr",)),
            ir.LoopItem("grid", ("sizes", 1)),
        )
    )


def test_a_key_that_an_item_does_not_have_is_refused() -> None:
    @pipeline
    def p() -> None:
        with ForEach([{"rate": 0.1}, {"rate": 0.2}]) as item:
            Use(number=item.rates)

    with pytest.raises(WiringError, match="not every item of loop loop-1 has 'rates'") as caught:
        compile_pipeline(p)
    assert caught.value.hint == "did you mean 'rate'?"


def test_what_json_cannot_hold_is_no_operand() -> None:
    assert "cannot be used here" in refused(lambda n, **_: n == object())


def test_values_of_two_pipelines_do_not_mix() -> None:
    kept: list[Any] = []

    @pipeline
    def other(n: int = 1) -> None:
        kept.append(n)
        Use(number=n)

    compile_pipeline(other)
    assert "two different pipelines" in refused(lambda n, **_: n + kept[0])
    assert "belongs to another pipeline" in refused(lambda **_: Use(number=kept[0]))
    assert "belongs to another pipeline" in refused(lambda **_: Use(text=f"{kept[0]}"))
    assert "belongs to another pipeline" in refused(lambda **_: When(kept[0] > 1))


def test_entries_of_values_are_values() -> None:
    entry = ir.Operation("[]", (ir.RunParameter("table"), ir.Literal("a")))
    found = entries(lambda table: table["a"][0])
    assert found == ir.Operation("[]", (entry, ir.Literal(0)))


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda table: table[0], "is an object: it has no entry 0"),
        (lambda table: table["a"]["b"], "it has no entry 'b'"),
        (lambda table: table[1.5], "cannot be looked up by 1.5"),
        (lambda table: table["a"][0:1], "cannot be looked up by slice"),
    ],
)
def test_entries_that_cannot_be_are_refused(take: Any, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        entries(take)
    assert words in str(caught.value)


@component
def Count(number: int) -> None: ...


def entries(take: Any) -> ir.Expression:
    @pipeline
    def counted(table: dict[str, list[int]]) -> None:
        Count(number=take(table))

    return compile_pipeline(counted).nodes[0].parameters[0].value
