from mlops_pipeline.ir import (
    Concat,
    ListOf,
    Literal,
    Operation,
    OutputProperty,
    OutputValue,
    RunParameter,
)
from mlops_pipeline.ir_graph import ancestors, descendants, describe, parts, producers, users

EDGES = {"a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset({"b"}), "d": frozenset({"a"})}


def test_ancestors_are_all_that_a_node_needs_and_the_node() -> None:
    assert ancestors(EDGES, ["c"]) == {"a", "b", "c"}


def test_descendants_are_all_that_needs_a_node_and_the_node() -> None:
    assert descendants(EDGES, ["b"]) == {"b", "c"}
    assert users(EDGES) == {"a": {"b", "d"}, "b": {"c"}, "c": set(), "d": set()}


def test_the_parts_of_an_expression_include_what_is_nested() -> None:
    inner = OutputValue("Make", "output")
    expression = ListOf((Concat((Literal("a"), inner)), RunParameter("n")))
    assert inner in list(parts(expression))
    assert producers(parts(expression)) == {"Make"}


def test_an_expression_reads_as_it_is_written() -> None:
    least = Operation(">=", (OutputProperty("Check", "blessing", "score"), Literal(3)))
    assert describe(least) == "Check.blessing.score >= 3"
    assert describe(Operation("not", (RunParameter("dry"),))) == "not dry"
