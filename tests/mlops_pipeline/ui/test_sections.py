"""Pages cut down to parts of a file."""

from __future__ import annotations

import pytest
from page_runs import HOSTILE

from mlops_pipeline.ui.sections import section_of

PAGE = """<html><head><link href="x"><script>x</script></head><body>
<nav><a href="runs">Runs</a></nav>
<main id="main">{}</main><footer>end</footer></body></html>"""


def cut(body: str) -> str:
    def target(name: str, query: dict[str, str]) -> str:
        return "#p7" if (name, query) == ("run", {"id": "r&1"}) else ""

    return section_of(PAGE.format(body), "p1", 'Run "1', target)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('<h1 class="a">x</h1>', '<h1 class="a">x</h1>'),
        ('<a href="run?id=r%261">r</a>', '<a href="#p7">r</a>'),
        ('<a href="run?id=other">r</a>', "<span>r</span>"),
        ('<a href="#up">r</a><h2 id="up">u</h2>', '<a href="#p1-up">r</a><h2 id="p1-up">u</h2>'),
        ('<a href="https://elsewhere/">r</a>', "<span>r</span>"),
        ('<a href="javascript:alert(1)">r</a>', "<span>r</span>"),
        ('<p aria-label="x">y</p>', '<p aria-label="x, Run &quot;1">y</p>'),
        (
            '<time datetime="d" title="at noon">5 s ago</time>x',
            '<time datetime="d" title="at noon">at noon</time>x',
        ),
        ("a &amp; b &#60; &lt;b&gt;", "a &amp; b &#60; &lt;b&gt;"),
        ('<img src="raw?artifact=1">x<iframe src="raw">y</iframe>z', "xz"),
        ('<script type=\'application/json\'>{"a": "</b>"}</script>x', "x"),
        ('<b onclick="x" title="a&quot;b">x</b>', '<b title="a&quot;b">x</b>'),
        (
            "<details open><summary>s</summary></details>",
            "<details open><summary>s</summary></details>",
        ),
        ("<form><input name=x><button>b</button></form>x", "x"),
        ('<svg><rect x="1%"/></svg>', '<svg><rect x="1%"/></svg>'),
    ],
)
def test_what_leads_away_is_gone_and_the_rest_stays(body: str, left: str) -> None:
    assert cut(body) == left


def test_a_text_that_looks_like_markup_stays_a_text() -> None:
    import html

    said = html.escape(HOSTILE.replace("\x00", ""))
    assert cut(f"<p>{said}</p>") == f"<p>{said}</p>"
