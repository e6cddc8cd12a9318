import pytest

from mlops_pipeline.code.source_file import parse


def form(text: str) -> str:
    return parse(text.encode(), "/module.py").whole.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def f(x: int) -> int: return x", "def f(x): return x"),
        ("def f(x: int, *a: int, **k: int): return x", "def f(x, *a, **k): return x"),
        ("X: int = 1", "X = 1"),
        ("def f():\n    x: int = 1\n    return x", "def f():\n    x = 1\n    return x"),
        ("class A:\n    def f(self, x: int): pass", "class A:\n    def f(self, x): pass"),
    ],
)
def test_annotations_that_nothing_reads_leave_no_trace(old: str, new: str) -> None:
    assert form(old) == form(new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@d\ndef f(x: int): pass", "@d\ndef f(x: float): pass"),
        ("def f(x: int): pass\ng(f)", "def f(x: float): pass\ng(f)"),
        ("class A:\n    x: int = 1", "class A:\n    x: float = 1"),
        ("class A:\n    def execute(self) -> int: pass", "class A:\n    def execute(self): pass"),
        ("def f(x: int): f.__annotations__", "def f(x: float): f.__annotations__"),
        ("import inspect\ndef f(x: int): inspect.signature(f)",
         "import inspect\ndef f(x: str): inspect.signature(f)"),
    ],
)  # fmt: skip
def test_annotations_that_may_be_read_count(old: str, new: str) -> None:
    assert form(old) != form(new)
