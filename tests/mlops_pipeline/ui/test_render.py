"""Words for times, shares and values on a page."""

from __future__ import annotations

import pytest

from mlops_pipeline.ui.render import FOLDER, STATIC, render
from mlops_pipeline.ui.views.charts import make_chart


def shown(source: str, **facts: object) -> str:
    from mlops_pipeline.ui.render import _environment

    return _environment().from_string(source).render(facts)


def test_whatever_is_printed_is_escaped_and_of_one_size() -> None:
    assert shown("{{ x }}", x="<b>\u202e\x00") == "&lt;b&gt;\\u202e\\x00"
    assert len(shown("{{ x }}", x="y" * 100_000)) < 3_000
    assert shown("{{ x }}", x={"a": [1, float("nan")]}) == "{&#34;a&#34;: [1, &#34;nan&#34;]}"


def test_a_text_that_was_cut_says_how_long_it_is_once() -> None:
    text = shown("{{ x|short }}", x="y" * 1_000)
    assert text == f"{'y' * 80}… (1,000 characters)"
    assert len(shown("{{ x|all }}", x="y" * 100_000)) == 100_000


@pytest.mark.parametrize("moment", [0, -1, float("nan"), float("inf"), 1e300, "x", None])
def test_a_moment_that_is_none_is_a_dash(moment: object) -> None:
    assert shown("{{ x|when }}", x=moment) == "-"


def test_a_moment_is_told_in_words_and_exactly() -> None:
    text = shown("{{ x|when }}", x=86_400.0)
    assert 'datetime="1970-01-02T00:00:00Z"' in text
    assert "days ago" in text


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [(1, 4, "25.00%"), (5, 4, "100.00%"), (-1, 4, "0.00%"), (1, 0, "0.00%"), (1, "x", "0.00%")],
)
def test_a_share_is_between_nothing_and_all(part: object, whole: object, share: str) -> None:
    assert shown("{{ part|percent(whole) }}", part=part, whole=whole) == share


def test_no_template_has_a_style_a_script_or_a_foreign_address_of_its_own() -> None:
    for file in (FOLDER / "templates").glob("*.html"):
        text = file.read_text()
        for word in ("style=", "<style", "onclick", "|safe", "http:", "https:", "autoescape"):
            assert word not in text, f"{file.name}: {word}"


def test_static_files_fetch_nothing_from_elsewhere() -> None:
    for file in STATIC.glob("*.*"):
        assert "http" not in file.read_text().replace("https://www.w3.org", "")


def test_an_error_page_needs_nothing_of_a_store() -> None:
    html = render("error.html", up="../", status=404, message="no <x>", hint="", then="")
    assert "no &lt;x&gt;" in html


def test_a_chart_is_its_table_and_a_spec_that_no_value_can_end() -> None:
    source = "{% import 'charts.html' as charts %}{{ charts.chart(c) }}"
    rows = [["</script><b>", 0.123456789], ["b", None], ["c", float("nan")]]
    chart = make_chart("<i>", ["name", "share"], rows, {"title": "</script><b>"})
    html = shown(source, c=chart)
    assert html.count("</script>") == 1
    assert "\\u003c/script\\u003e" in html
    assert '<th scope="col" data-field="share" class="number">' in html
    assert '<data value="0.123456789">0.1235</data>' in html
    assert "<b>" not in html
    assert "<td></td>" in html
    assert "<summary><bdi>&lt;i&gt;</bdi></summary>" in html


def test_a_chart_without_rows_says_so() -> None:
    source = "{% import 'charts.html' as charts %}{{ charts.chart(c, open=false) }}"
    html = shown(source, c=make_chart("x", ["a"], [], {}))
    assert "nothing to draw" in html
    assert "<details>" in html
