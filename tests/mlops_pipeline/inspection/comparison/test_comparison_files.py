"""Comparisons as JUnit XML, Markdown and HTML, also of hostile names."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from compared_runs import Story, manifest, model
from page_runs import HOSTILE, Tree

from mlops_pipeline.inspection.comparison import (
    Comparison,
    Judged,
    as_html,
    as_junit,
    as_markdown,
    judge,
    parse_criterion,
)

NASTY = HOSTILE + "|`````\n# x @you http://x.example www.x.example ]]>"


def compared(story: Story, name: str) -> tuple[Comparison, list[Judged]]:
    """Compare two runs in which everything that can have a name has this one."""
    for number, run_id in enumerate((f"{name}1", f"{name}2")):
        story.run(run_id, pipeline=f"{name}{number}", parameters={name: f"{name}{number}"})
        source = f"x = {number}  # {name!r}\n"
        story.node(
            run_id,
            f"{name}T",
            writes={f"{name}m": model(f"{name}{number}")},
            manifest=manifest(story.store, {"s.py::x": source, f"s.py::{name}": source}),
        )
        slices = [{"slice": {name: name}, "metrics": {"auc": number}}]
        story.evaluate(run_id, {"overall": {"auc": 1 - number, name: number}, "slices": slices})
    found = story.compare(f"{name}1", f"{name}2")
    criteria = [parse_criterion(text) for text in ("auc < 0", "auc < -2", "other < 0")]
    return found, judge(found, criteria)


def test_html_has_the_elements_of_a_harmless_name_whatever_the_names() -> None:
    trees = [Tree(as_html(*compared(Story(), name))) for name in ("harmless", NASTY)]
    assert trees[0].elements == trees[1].elements
    assert trees[1].links == []
    assert "<script>x</script>" in trees[1].text
    assert not re.search("[\x00\u202e\x1b]", trees[1].text)


def test_html_says_what_differs_and_loads_nothing(story: Story) -> None:
    text = as_html(*compared(story, "n"))
    assert "default-src 'none'" in text
    assert "<script" not in text
    for said in ("the models differ", "-x = 0", "failed: fails if auc &lt; 0"):
        assert said in text


@pytest.mark.parametrize("name", ["harmless", NASTY])
def test_junit_has_a_case_for_each_criterion(story: Story, name: str) -> None:
    root = ElementTree.fromstring(as_junit(*compared(story, name)).encode())
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "1"}
    cases = root.findall("testsuite/testcase")
    assert [case[0].tag for case in cases] == ["failure", "system-out", "error"]
    assert "auc: 1.0000 -> 0.0000" in (cases[0][0].text or "")
    assert cases[2][0].get("message") == "there is no metric 'other' in these runs"


def test_markdown_keeps_names_out_of_the_markup(story: Story) -> None:
    text = as_markdown(*compared(story, NASTY))
    outside = re.sub(r"(?s)(`{3,})\w*\n.*?\n\1\n", "", text)
    assert not re.search(r"(?<!\\)<script|@you|http://|(?<!\\)`", outside)
    headings = [line for line in outside.splitlines() if line.startswith("#")]
    assert [line for line in headings if line.strip("# ") == "x"] == []
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    assert cells <= {4, 5, 6}


def test_markdown_has_the_change_and_the_code(story: Story) -> None:
    text = as_markdown(*compared(story, "n"))
    assert "```diff\n--- s.py:1" in text
    assert "failed: fails if auc < 0, 1 checked" in text
    assert "| auc | 1 | 0 | \\-1.0000 |" in text


def test_files_of_equal_runs_say_that_nothing_differs(story: Story) -> None:
    for run_id in ("a", "b"):
        story.run(run_id)
    found = story.compare("a", "b")
    assert as_markdown(found).endswith("Nothing differs.\n")
    assert "<p>Nothing differs.</p>" in as_html(found)
