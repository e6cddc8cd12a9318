import ast

import pytest

from mlops_pipeline.code.normal_form import read

CODE = """
def f(x, *rest, k=2):
    total = 0
    for i, (a, b) in enumerate(rest):
        total += i * a
    with open(x) as file:
        if (n := len(rest)) > 1:
            total -= n
    def inner():
        nonlocal total
        total = k
        return total
    return [j * total for j in range(3)], inner(), lambda q: q + total
"""


def form(text: str) -> str:
    return read(ast.parse(text).body).text


@pytest.mark.parametrize("name", ["total", "i", "a", "b", "file", "n", "j"])
def test_names_of_local_variables_leave_no_trace(name: str) -> None:
    tree = ast.parse(CODE)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name:
            node.id = "other"
        if isinstance(node, ast.Nonlocal):
            node.names = ["other" if each == name else each for each in node.names]
    assert form(ast.unparse(tree)) == form(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("k=2", "m=2"),
        ("(x, *rest", "(y, *rest"),
        ("i * a", "i * b"),
        ("total += i", "i += total"),
        ("nonlocal total", "nonlocal a"),
        ("def inner", "def outer"),
        ("j * total", "total * total"),
        ("nonlocal total", "global total"),
    ],
)
def test_which_variable_is_used_counts(old: str, new: str) -> None:
    assert form(CODE.replace(old, new)) != form(CODE)


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    {} = 1\n    return locals()",
        "def f():\n    {} = 1\n    return eval('a')",
        "def f():\n    global {}\n    {} = 1",
        "def f():\n    import {}\n    return {}",
        "def f():\n    class A:\n        {} = 1\n    return A",
        "def f():\n    a = 1\n    return f'{{{}=}}'",
        "{} = 1",
        "class A:\n    {} = 1",
    ],
)
def test_names_that_code_can_see_count(code: str) -> None:
    assert form(code.replace("{}", "a")) != form(code.replace("{}", "b"))
