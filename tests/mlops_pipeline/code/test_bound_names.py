import ast

import pytest

from mlops_pipeline.code.bound_names import scope_of


@pytest.mark.parametrize(
    ("text", "bound", "used"),
    [
        ("a = b", {"a"}, {"b"}),
        ("def f(x=default): return x + outer", {"f"}, {"default", "outer"}),
        ("f = lambda x: x + y", {"f"}, {"y"}),
        ("total = [n for n in items if n > least]", {"total"}, {"items", "least"}),
        ("class A(Base): x = Base", {"A"}, {"Base"}),
        ("import a.b as c", {"c"}, set()),
    ],
)
def test_a_statement_gives_and_takes_names(text: str, bound: set[str], used: set[str]) -> None:
    scope = scope_of(ast.parse(text).body[0])
    assert (scope.bound, scope.used - scope.bound) == (bound, used)


def test_a_local_variable_is_not_taken_from_the_module() -> None:
    scope = scope_of(ast.parse("def f():\n    helper = 1\n    return helper").body[0])
    assert "helper" not in scope.used
