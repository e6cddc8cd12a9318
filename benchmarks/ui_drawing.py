"""How long does Chromium take to draw the graph of a run of 500 nodes, folded?

Writes a run of 10 nodes of 50 iterations into a store, serves it with `mlops ui`, and opens its
page again and again. Takes the time from the moment at which the graph is known to that at which
its boxes are in the page. By the clock: other work on the machine counts. Needs what Node builds:

    .venvs/light/bin/python benchmarks/ui_drawing.py --rounds 5
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import arguments, check, machine, save, say
from ui_pages import Server, served

from mlops_pipeline.store import ArtifactRecord, Execution, Run, State, open_store

NODES, ITERATIONS = 10, 50
LIMIT = 200.0
"""Milliseconds from the known graph to the drawn one."""

TIMES = """() => {
    const mark = performance.getEntriesByName("m-graph")[0].startTime;
    const answer = performance.getEntriesByType("navigation")[0].responseEnd;
    const connected = performance.getEntriesByName("m-graph-begun")[0].startTime;
    return [mark - answer, mark - connected];
}"""


def fill(folder: Path) -> None:
    """Write the run."""
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    store.put_run(Run("wide", "wide", State.COMPLETE, started=1.0, finished=600.0))
    before: list[int] = []
    for node in range(NODES):
        written = []
        for index in range(ITERATIONS):
            execution = Execution(
                component="Node",
                pipeline="wide",
                run_id="wide",
                node_id=f"Node{node}",
                iteration=(index,),
                name=f"wide/Node{node}/{index}",
                state=State.COMPLETE,
                started=1.0 + node,
                finished=2.0 + node,
            )
            record = ArtifactRecord("Model", f"/x/{node}/{index}")
            inputs = {"in": before[index : index + 1]} if before else {}
            _, outputs = store.put_execution(execution, inputs=inputs, outputs={"out": [record]})
            written.append(outputs["out"][0].id)
        before = written
    store.close()


def draw(browser: Any, server: Server) -> tuple[float, float]:
    """Open the page once, with nothing kept by the browser; returns milliseconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/run?id=wide")
    page.locator("m-graph .svelte-flow__node").first.wait_for()
    answer, element = page.evaluate(TIMES)
    boxes = page.locator("m-graph .box").count()
    context.close()
    if boxes != NODES:
        raise SystemExit(f"{boxes} boxes are drawn, and not {NODES}")
    return answer, element


def main() -> int:
    chosen = arguments(__doc__).parse_args()
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        fill(folder)
        say(machine())
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with served(chosen.python, folder) as server:
            draw(browser, server)
            rounds = [draw(browser, server) for _ in range(chosen.rounds)]
        browser.close()
    answer, element = (statistics.median(each[i] for each in rounds) for i in range(2))
    say(f"from the answer, with what is loaded: {answer:.0f} ms")
    holds = check("graph of 500 nodes, folded", element, LIMIT, "ms")
    save(chosen.json, {"drawing": rounds})
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
