"""Reports opened from disk in Chromium: they ask for nothing, fit, and lead to their parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from mlops_pipeline.ui.notebook import PageCard
from mlops_pipeline.ui.report import compare_parts, one_file, run_parts, zip_file
from mlops_pipeline.ui.views import Reader

pytestmark = pytest.mark.browser

VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


@pytest.fixture
def files(reader: Reader, tmp_path: Path) -> dict[str, Path]:
    """A report of each kind, by name; the pages of a ZIP file are unpacked."""
    texts = {
        "run": one_file(reader, run_parts(reader, "second")),
        "failing": one_file(reader, run_parts(reader, "failing")),
        "compare": one_file(reader, compare_parts(reader, ["first", "second"])),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.html").write_text(text)
    (tmp_path / "run.zip").write_bytes(zip_file(reader, run_parts(reader, "second")))
    ZipFile(tmp_path / "run.zip").extractall(tmp_path / "zip")
    pages = {name: tmp_path / f"{name}.html" for name in texts}
    return {**pages, "zip": tmp_path / "zip" / "index.html", "part": tmp_path / "zip" / "p2.html"}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_reports_ask_for_nothing_fit_and_are_accessible(
    chromium: Any, files: dict[str, Path], scheme: str, width: int
) -> None:
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
    problems: list[str] = []
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.add_init_script(VIOLATIONS)
    page.on("console", lambda said: problems.append(said.text))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, path in files.items():
        asked.clear()
        page.goto(path.as_uri())
        problems += [f"{name}: {url}" for url in asked if url not in (path.as_uri(), "data:,")]
        wide = page.evaluate("document.documentElement.scrollWidth")
        problems += [f"{name}: {wide} wide"] if wide > width else []
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        problems += [f"{name}: {each['id']}, {each['nodes'][0]['html']}" for each in found]
        problems += [f"{name}: {each}" for each in page.evaluate("window.violations")]
    context.close()
    assert problems == []


def test_links_lead_to_the_parts_without_scripts(chromium: Any, files: dict[str, Path]) -> None:
    context = chromium.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(files["run"].as_uri())
    page.get_by_role("link", name="Train").first.click()
    section = page.locator("section:target")
    assert section.locator("h1").inner_text() == "Train"
    page.goto(files["zip"].as_uri())
    page.get_by_role("link", name="Node Evaluate").click()
    assert page.locator("h1").inner_text() == "Evaluate"
    page.get_by_role("link", name="Run second of paged").first.click()
    page.get_by_role("heading", name="Run second of paged").wait_for()
    context.close()


def test_a_frame_in_a_notebook_runs_nothing_and_its_links_work(
    chromium: Any, reader: Reader
) -> None:
    frame = PageCard("run", {"id": "second"}, reader).interactive()
    context = chromium.new_context(offline=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text))
    page.set_content(f"<h1>A notebook</h1>{frame._repr_html_()}")
    inner = page.frame_locator("iframe")
    inner.get_by_role("heading", name="Run second of paged").wait_for()
    inner.get_by_role("link", name="Node Train").click()
    assert inner.locator("section:target h1").inner_text() == "Train"
    context.close()
    assert problems == []
