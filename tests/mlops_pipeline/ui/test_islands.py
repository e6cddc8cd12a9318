"""What draws on the pages, in Chromium: graphs, charts, tables that sort; and how large it is."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from page_browser import Served, Window, number, open_going

from mlops_pipeline.ui.render import ISLANDS

MOST_BYTES, MOST_PACKED = 1_300_000, 450_000

BUILT = pytest.mark.skipif(not ISLANDS.is_file(), reason="not built here: that takes Node")


def drawn(page: Any) -> Any:
    """Wait until all of a page is drawn."""
    for name in ("m-graph", "m-chart"):
        for element in page.locator(name).all():
            what = ".svelte-flow__node" if name == "m-graph" else ".drawn svg"
            element.locator(what).first.wait_for()
    return page


@BUILT
def test_what_is_built_is_small() -> None:
    files = [file for file in ISLANDS.parent.iterdir() if file.suffix in (".js", ".css")]
    data = [file.read_bytes() for file in files]
    assert sum(map(len, data)) <= MOST_BYTES
    assert sum(len(gzip.compress(each)) for each in data) <= MOST_PACKED


@BUILT
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_drawings_are_accessible_and_keep_to_the_policy(
    chromium: Any, served: Served, axe: str, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 900}
    window = Window(chromium, served, viewport=size, color_scheme=scheme)
    problems = []
    lineage = f"lineage?id={number(served, 'Model')}"
    for address in ("run?id=failing", lineage):
        page = drawn(window.open(address))
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        problems += [f"{address}: {each['id']}, {each['nodes'][0]['html']}" for each in found]
        problems += [f"{address}: {each}" for each in page.evaluate("window.violations")]
        problems += [f"{address}: {wide} wide"] if wide > width else []
    window.context.close()
    assert problems == []
    assert (window.errors, window.elsewhere) == ([], [])


@BUILT
@pytest.mark.browser
def test_the_graph_of_a_run_says_what_its_list_says(chromium: Any, served: Served) -> None:
    window = Window(chromium, served)
    page = drawn(window.open("run?id=failing"))
    boxes = {each.inner_text().split("\n")[0] for each in page.locator("m-graph .box").all()}
    page.locator("#order summary").click()
    items = page.locator("#order li").all_inner_texts()
    assert boxes == {"Gen", "Train", "Evaluate", "Square \u00d7 6"}
    assert len(items) == len(boxes)
    assert "failed" in page.locator("m-graph .box", has_text="Train").inner_text()
    assert any(item.startswith("Train") and "failed" in item for item in items)
    assert any("after Gen" in item for item in items)
    page.locator("m-graph .box a", has_text="Train").click()
    page.get_by_role("heading", name="Train").wait_for()
    window.context.close()


@BUILT
@pytest.mark.browser
def test_the_keyboard_goes_through_the_graph_from_left_to_right(
    chromium: Any, served: Served
) -> None:
    window = Window(chromium, served)
    page = drawn(window.open("run?id=second"))
    page.locator("m-graph .box a").first.focus()
    seen = []
    while page.evaluate("document.activeElement.closest('m-graph .box') !== null"):
        seen.append(page.evaluate("document.activeElement.getBoundingClientRect().x"))
        page.keyboard.press("Tab")
    assert len(seen) == 4
    assert seen == sorted(seen)
    window.context.close()


@BUILT
@pytest.mark.browser
def test_a_table_is_sorted_by_a_heading_and_back_again(chromium: Any, served: Served) -> None:
    window = Window(chromium, served)
    page = window.open("runs")
    heading = page.locator("thead th", has_text="Run")
    heading.get_by_role("button").press("Enter")
    names = page.locator("tbody th").all_inner_texts()
    assert names == sorted(names)
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").press("Enter")
    assert page.locator("tbody th").all_inner_texts() == names[::-1]
    assert heading.get_attribute("aria-sort") == "descending"
    window.context.close()


@BUILT
@pytest.mark.browser
def test_what_is_drawn_stays_as_the_page_changes_around_it(
    chromium: Any, served: Served, going: Any
) -> None:
    window = Window(chromium, served)
    page = drawn(open_going(window, going.id))
    window.errors.clear()
    assert "running" in page.locator("m-graph .box").inner_text()
    page.evaluate("document.querySelector('m-graph .svelte-flow__node').mine = true")
    page.locator("#order summary").click()
    going.end()
    page.locator("#live").wait_for(state="detached")
    page.locator("m-graph .box", has_text="run").wait_for()
    assert page.evaluate("document.querySelector('m-graph .svelte-flow__node').mine")
    assert page.locator("#order[open]").count() == 1
    assert "running" not in page.locator("m-graph").inner_text()
    assert page.locator("m-chart .drawn svg").count() == 1
    assert (window.errors, window.elsewhere) == ([], [])
    window.context.close()


@BUILT
@pytest.mark.browser
def test_a_lineage_unfolds_by_a_click_and_goes_back(chromium: Any, served: Served) -> None:
    window = Window(chromium, served)
    model = number(served, "Model")
    page = drawn(window.open(f"lineage?id={model}"))
    page.evaluate("window.stayed = true")
    before = page.locator("m-graph .box").count()
    step = page.locator("m-graph a[data-step]", has_text="made from").first
    assert step.get_attribute("href") in [
        link.get_attribute("href") for link in page.locator(".tree a[data-step]").all()
    ]
    step.press("Enter")
    page.locator("m-graph a[data-step]", has_text="fold").wait_for()
    assert page.locator("m-graph .box").count() > before
    assert "open=u" in page.url
    assert page.evaluate("document.activeElement.closest('m-graph .box') !== null")
    page.go_back()
    page.locator("m-graph a[data-step]", has_text="fold").wait_for(state="detached")
    assert page.locator("m-graph .box").count() == before
    assert page.evaluate("window.stayed")
    assert (window.errors, window.elsewhere) == ([], [])
    window.context.close()
