"""Edits of code between two runs: which of them run a node again, and under which name."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from cache_edits import Files, after_edit, told

pytestmark = pytest.mark.slow  # each runs a pipeline twice

PIPELINE = '''
from mlops_pipeline import component, pipeline
import helper
import json
from shapes import Base, area
from texts import hello

LIMIT = 3
UNUSED = 1


def own(rows, scale: float = 1.0):
    """Scale rows."""
    total: float = 0.0
    for row in rows:
        total += row * scale
    kept = [each for each in (1, 2) if each < LIMIT]
    return total + len(kept)


def unused(x):
    return x


class Square(Base):
    side = 2


@component
def C(x: int = 1) -> float:
    """Compute."""
    result = own([x, helper.double(x)]) + area() + len(hello.__doc__ or "")
    return float(result)


@component
def Other(x: int = 1) -> int:
    return unused(x) + UNUSED


@pipeline
def p() -> None:
    C()
    Other()
'''
HELPER = '''
import math

FACTOR = 2
STRANGE = 5


def double(x: int) -> float:
    """Double."""
    answer = x * FACTOR
    return answer + later()


def later():
    return math.floor(0.5)


def strange():
    return STRANGE
'''
SHAPES = """
class Base:
    found = []
    def __init_subclass__(cls):
        Base.found.append(cls)


def area():
    return sum(each.side for each in Base.found)
"""
TEXTS = '''
def hello():
    """Say hello."""
    return 1
'''
FILES: Files = {
    "pipeline.py": PIPELINE,
    "helper.py": HELPER,
    "shapes.py": SHAPES,
    "texts.py": TEXTS,
    "lone.py": "K = 1\n",
}
TWO = "def double(x: int) -> float:"

COUNT = [
    ("pipeline.py", "row * scale", "row + scale", "pipeline.py::own changed"),
    ("pipeline.py", "scale: float = 1.0", "scale: float = 2.0", "pipeline.py::own changed"),
    ("pipeline.py", "total: float = 0.0", "total: float = 1.0", "pipeline.py::own changed"),
    ("pipeline.py", "LIMIT = 3", "LIMIT = 2", "pipeline.py::LIMIT changed"),
    ("pipeline.py", "each < LIMIT", "each <= LIMIT", "pipeline.py::own changed"),
    ("pipeline.py", "(1, 2)", "(1, 2, 3)", "pipeline.py::own changed"),
    ("pipeline.py", "[x, helper", "[x + 1, helper", "pipeline.py::C changed"),
    ("pipeline.py", "def C(x: int = 1)", "def C(x: int = 2)", "parameter x"),
    ("pipeline.py", "side = 2", "side = 3", "pipeline.py::Square changed"),
    ("pipeline.py", "class Square", "class Round(Base):\n    side = 1\n\n\nclass Square",
        "pipeline.py::Round is new"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 1\nhelper.FACTOR = 9", "pipeline.py::<top level>"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 1\nfrom lone import K as LIMIT", "lone.py::K"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 1\nown = len", "pipeline.py::own"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 1\nimport lone as helper", "pipeline.py::C"),
    ("helper.py", "FACTOR = 2", "FACTOR = 3", "helper.py::FACTOR changed"),
    ("helper.py", "x * FACTOR", "FACTOR * x * 1", "helper.py::double changed"),
    ("helper.py", "math.floor", "math.ceil", "helper.py::later changed"),
    ("helper.py", "STRANGE = 5", "STRANGE = 5\nFACTOR += 1", "helper.py::FACTOR changed"),
    ("helper.py", "STRANGE = 5", "STRANGE = 5\nprint(1)", "helper.py::<top level> is new"),
    ("helper.py", "STRANGE = 5", "STRANGE = 5\nif STRANGE: FACTOR = 4", "helper.py::FACTOR"),
    ("helper.py", "import math", "import cmath as math", "helper.py::later"),
    ("helper.py", "import math", "import math, lone\nlone.K = 2", "helper.py::<top level>"),
    ("helper.py", "    return answer", "    answer = 1\n    return answer", "helper.py::double"),
    ("helper.py", TWO, f"import functools\n@functools.cache\n{TWO}", "helper.py::double"),
    ("helper.py", "return math", "global FACTOR\n    FACTOR = 5\n    return math",
        "helper.py::later changed"),
    ("shapes.py", "each.side", "each.side * 2", "shapes.py::area changed"),
    ("shapes.py", "found = []", "found = [int]", "shapes.py::Base changed"),
    ("texts.py", "Say hello.", "Say hello again.", "texts.py::hello changed"),
]  # fmt: skip

COUNT_NOT = [
    ("pipeline.py", "    total: float = 0.0", "    # The sum.\n    total: float = 0.0"),
    ("pipeline.py", "total", "amount"),
    ("pipeline.py", "for row in rows", "for line in rows", "row * scale", "line * scale"),
    ("pipeline.py", "[each for each in (1, 2) if each <", "[n for n in (1, 2) if n <"),
    ("pipeline.py", "kept", "left"),
    ("pipeline.py", "result", "value"),
    ("pipeline.py", "total: float = 0.0", "total = 0.0"),
    ("pipeline.py", "scale: float = 1.0", "scale: int | float = 1.0"),
    ("pipeline.py", "scale: float = 1.0", "scale=1.0"),
    ("pipeline.py", "LIMIT = 3", "LIMIT: int = 3"),
    ("pipeline.py", "import json", "import json, math"),
    ("pipeline.py", "import json", ""),
    ("pipeline.py", "import json", "import lone"),
    ("pipeline.py", "import json", "from lone import K"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 2"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 1\nMORE = 2"),
    ("pipeline.py", "LIMIT = 3\nUNUSED = 1", "UNUSED = 1\nLIMIT = 3"),
    ("pipeline.py", "def unused(x):\n    return x", "def unused(x):\n    return -x"),
    ("pipeline.py", "def Other(x: int = 1)", "def Other(x: int = 2)"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 1\nif __name__ == '__main__': print(1)"),
    ("pipeline.py", "UNUSED = 1", "UNUSED = 1\nclass Alone: x = 1"),
    ("pipeline.py", "import helper\nimport json", "import json\nimport helper"),
    ("helper.py", "STRANGE = 5", "STRANGE = 6"),
    ("helper.py", "return STRANGE", "return -STRANGE"),
    ("helper.py", "answer", "doubled"),
    ("helper.py", TWO, "def double(x):"),
    ("helper.py", TWO, "def double(x: 'int') -> 'int | float':"),
    ("helper.py", "FACTOR = 2\nSTRANGE = 5", "STRANGE = 5\nFACTOR = 2"),
    ("helper.py", "import math", "import math\nimport json"),
    ("helper.py", "def strange", "def new():\n    return 1\n\n\ndef strange"),
    ("helper.py", "FACTOR = 2", "FACTOR = 0x2"),
    ("helper.py", "return answer + later()", "return (answer + later())  # Both."),
    ("lone.py", "K = 1", "K = 2"),
]  # fmt: skip
WITHOUT_TEXTS = ' + len(hello.__doc__ or "")'
DOCSTRINGS = [
    ("pipeline.py", '    """Scale rows."""\n', ""),
    ("pipeline.py", '"""Compute."""', '"""Compute it."""'),
    ("helper.py", '"""Double."""', '"""Twice."""'),
    ("texts.py", "Say hello.", "Say hello again."),
    ("helper.py", "import math", '"""A module."""\nimport math'),
]


def edited(files: Files, name: str, *pairs: str) -> Files:
    text = textwrap.dedent(files[name] or "")
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    return {name: text}


@pytest.mark.parametrize("case", COUNT, ids=lambda case: f"{case[1]} -> {case[2]}")
def test_an_edit_that_changes_what_runs_counts(case: tuple[str, ...], project: Any) -> None:
    name, old, new, reason = case
    found = told(after_edit(project, FILES, edited(FILES, name, old, new)))
    assert found.startswith("run")
    assert reason in found


@pytest.mark.parametrize("case", COUNT_NOT, ids=lambda case: f"{case[1]} -> {case[2]}")
def test_an_edit_that_changes_nothing_runs_nothing(case: tuple[str, ...], project: Any) -> None:
    assert told(after_edit(project, FILES, edited(FILES, *case))) == "cached"


@pytest.mark.parametrize("case", DOCSTRINGS, ids=lambda case: f"{case[1]} -> {case[2]}")
def test_docstrings_count_only_where_code_reads_them(case: tuple[str, ...], project: Any) -> None:
    quiet = {**FILES, **edited(FILES, "pipeline.py", WITHOUT_TEXTS, "")}
    assert told(after_edit(project, quiet, edited(quiet, *case))) == "cached"


REGISTRIES: dict[str, str] = {
    "by a metaclass": """
        class Meta(type):
            known = []
            def __init__(cls, *a): Meta.known.append(cls)
        class Base(metaclass=Meta): side = 0
        def found(): return Meta.known[1:]
        """,
    "by __subclasses__": """
        class Base: pass
        def found(): return Base.__subclasses__()
        """,
    "by a decorator": """
        KNOWN = []
        def plugin(c): KNOWN.append(c); return c
        class Base: pass
        def found(): return KNOWN
        """,
    "by the class of a class": """
        class Root:
            known = []
            def __init_subclass__(cls): Root.known.append(cls)
        class Base(Root): side = 0
        def found(): return Root.known[1:]
        """,
}


@pytest.mark.parametrize("how", REGISTRIES)
@pytest.mark.parametrize("where", ["pipeline.py", "plugins.py"])
def test_classes_that_register_themselves_count(how: str, where: str, project: Any) -> None:
    mark = "@plugin\n" if "decorator" in how else ""
    plugin = (
        f"from base import Base{', plugin' if mark else ''}\n{mark}class One(Base):\n    side = 1\n"
    )
    files: Files = {
        "base.py": REGISTRIES[how],
        "plugins.py": plugin,
        "pipeline.py": "from mlops_pipeline import component, pipeline\nimport base\n"
        + ("import plugins\n" if where == "plugins.py" else plugin)
        + "@component\ndef C() -> int:\n    return base.found()[0].side\n"
        "@pipeline\ndef p() -> None:\n    C()\n",
    }
    found = told(after_edit(project, files, edited(files, where, "side = 1", "side = 2")))
    assert found.startswith("run")
    assert f"{where}::{'<top level>' if mark else 'One'} changed" in found


def test_the_order_of_statements_counts_where_a_value_depends_on_it(project: Any) -> None:
    files: Files = {
        "pipeline.py": "from mlops_pipeline import component, pipeline\nimport helper\n"
        "@component\ndef C() -> int:\n    return helper.B\n"
        "@pipeline\ndef p() -> None:\n    C()\n",
        "helper.py": "A = 1\nB = A\nA = 2\n",
    }
    found = told(after_edit(project, files, {"helper.py": "A = 1\nA = 2\nB = A\n"}))
    assert "helper.py::B changed" in found
