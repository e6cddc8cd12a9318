import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_pipeline.code.normal_form import read

STATEMENTS = st.sampled_from(
    [
        "x = 1",
        "def f(a, *, b=(1, 2)):\n    'doc'\n    return {a: b, **c}",
        "class C(B):\n    '''doc'''\n    y: int = 0\n    def m(self): return f'{y!r:>{4}}' 'z'",
        "for i in range(3):\n    if i:\n        continue\n    else:\n        print(i)",
        "with a as b, c:\n    pass",
        "try:\n    g()\nexcept (A, B) as e:\n    raise C from e\nfinally:\n    h()",
        "z = [i for i in (1, 2, 3) if i > 1 and not i == 2]",
        "async def k():\n    async for x in y:\n        await x",
        "w = lambda *a, **k: a[1:2, ..., -1]",
        "s = 'a' 'b'\nt = b'x' + rb'\\d'\nn = 0x10 + 1_000 + 1e3 + 2j",
        "match p:\n    case {'a': [1, *b]} | None:\n        q = b\n    case C(y=0) as c: pass",
    ]
)


def _form(text: str) -> str:
    return read(ast.parse(text).body).text


@settings(max_examples=25, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=6), st.data())
def test_normal_form_does_not_see_comments_and_layout(statements, data):
    text = "\n".join(statements)
    lines = []
    for line in text.splitlines():
        if data.draw(st.booleans()):
            lines.append(" " * data.draw(st.integers(0, 8)) + "# note")
        lines.append(line + data.draw(st.sampled_from(["", "  # why", "   "])))
    assert _form("\n".join(lines)) == _form(text)
    assert _form(ast.unparse(ast.parse(text))) == _form(text)


@settings(max_examples=25, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=4), st.lists(STATEMENTS, min_size=1, max_size=4))
def test_normal_form_tells_different_code_apart(one, two):
    same = ast.dump(ast.parse("\n".join(one))) == ast.dump(ast.parse("\n".join(two)))
    assert (_form("\n".join(one)) == _form("\n".join(two))) is same


def test_normal_form_is_the_same_on_every_version_of_python():
    # These texts are what the digests of every stored cache key were made from.
    assert _form(
        "@d(1)\ndef f(a, b=2, *c, **e) -> int:\n    'doc'\n    return f'{a!r:>{b}} {c}'"
    ) == (
        "(FunctionDef name='f' args=(arguments args=[(arg arg='a')(arg arg='b')]"
        " vararg=(arg arg='c') kwarg=(arg arg='e') defaults=[2 ])"
        " body=[(Return value=(JoinedStr (FormattedValue value=<a> conversion=114"
        " format_spec=(JoinedStr '>'(FormattedValue value=<b> conversion=-1)))"
        "' '(FormattedValue value=<c> conversion=-1)))]"
        " decorator_list=[(Call func=<d> args=[1 ])] returns=<int>)"
    )
