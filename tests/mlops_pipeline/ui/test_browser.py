"""The pages in Chromium: at two widths, dark and light, by keyboard, without scripts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from page_runs import paged

from mlops_pipeline.api import Where, run

pytestmark = pytest.mark.browser

SWITCHES = ("--disable-quic", "--disable-background-networking", "--disable-sync")
WAITING = """
import time
from pathlib import Path
from mlops_pipeline import component, pipeline

@component
def Wait(file: str) -> None:
    while not Path(file).exists():
        time.sleep(0.05)

@pipeline
def waiting(file: str) -> None:
    Wait(file=file)
"""
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    server {{
        listen 127.0.0.1:{port};
        location /cut/off/ {{ proxy_pass {root}; }}
        location /kept/ {{ proxy_pass {root}kept/; }}
        location /renamed/ {{ proxy_pass {root}; proxy_set_header Host ml.example; }}
    }}
}}
"""


@dataclass
class Served:
    """A server of real runs: its address, with the token and without, and its project."""

    url: str
    folder: Path
    root: str = field(init=False)

    def __post_init__(self) -> None:
        # The path in front of all pages may be there or not.
        self.url = self.url.replace("/kept/", "/")
        self.root = self.url.partition("?")[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("browser")
    (folder / "mlops.toml").write_text("")
    (folder / "pipeline.py").write_text(WAITING)
    where = Where(f"sqlite:///{folder}/.mlops/metadata.db", folder / ".mlops" / "artifacts")
    for run_id, steps in (("first", 7), ("second", 9), ("failing", 13)):
        run(paged, {"steps": steps}, run_id=run_id, where=where, check=False, in_process=True)
    command = [sys.executable, "-m", "mlops_pipeline.cli", "ui", "--port", "0"]
    command += ["--base-path", "/kept"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield Served(process.stdout.readline().split()[2], folder)
        process.kill()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    # Chromium's own sandbox refuses to run as root, as CI does.
    switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=switches)
        yield browser
        browser.close()


class Window:
    """A window of the browser, in which nothing may go wrong unseen."""

    def __init__(self, browser: Any, served: Served, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.add_init_script(VIOLATIONS)
        self.served = served
        self.page.goto(served.url)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, request: Any) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.served.url).netloc:
            self.elsewhere.append(request.url)

    def open(self, address: str) -> Any:
        self.page.goto(self.served.root + address)
        return self.page


def number(served: Served, kind: str) -> int:
    from mlops_pipeline.store import open_store

    store = open_store(f"sqlite:///{served.folder}/.mlops/metadata.db")
    found = store.artifacts_by_type(kind)[0].id
    store.close()
    return found


@pytest.fixture(scope="module")
def addresses(served: Served) -> list[str]:
    model, evaluation = number(served, "Model"), number(served, "ModelEvaluation")
    return [
        "",
        "runs",
        "run?id=second",
        "run?id=failing",
        "node?run=failing&name=Train",
        "node?run=second&name=Evaluate",
        f"artifact?id={model}",
        f"artifact?id={evaluation}",
        f"lineage?id={evaluation}&up=3",
        f"file?artifact={model}&path=weights",
        "models",
        f"model?id={model}",
        f"model?id={model}&metric=example_count",
        "data",
        "reuse",
        "datasets",
        "search?q=paged",
    ]


@pytest.fixture(scope="module")
def axe() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_are_accessible_and_keep_to_their_policy(
    chromium: Any, served: Served, addresses: list[str], axe: str, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 900}
    window = Window(chromium, served, viewport=size, color_scheme=scheme)
    problems = []
    for address in addresses:
        page = window.open(address)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            problems.append(f"{address}: {wide} wide")
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        problems += [f"{address}: {each['id']}, {each['nodes'][0]['html']}" for each in found]
        problems += [f"{address}: {each}" for each in page.evaluate("window.violations")]
    window.context.close()
    assert problems == []
    assert (window.errors, window.elsewhere) == ([], [])


def test_error_pages_are_accessible(chromium: Any, served: Served, axe: str) -> None:
    window = Window(chromium, served)
    asking = chromium.new_context().new_page()
    for page, address in ((window.page, "run?id=nope"), (window.page, "a/b"), (asking, "models")):
        page.goto(served.root + address)
        page.evaluate(axe)
        assert page.evaluate("axe.run()")["violations"] == []
    window.context.close()
    asking.context.close()


def test_the_form_lets_in_whoever_has_the_token(chromium: Any, served: Served) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{served.root}run?id=second")
    page.get_by_label("Token").fill(served.url.partition("token=")[2])
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Run second").wait_for()
    assert page.url == f"{served.root}run?id=second"
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    context.close()


def test_the_keyboard_alone_leads_from_the_first_page_to_a_node(
    chromium: Any, served: Served
) -> None:
    window = Window(chromium, served)
    page = window.open("")

    def go(to: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == to:
                page.keyboard.press("Enter")
                return
        raise AssertionError(f"Tab does not reach {to!r}")

    go("Skip to the page")
    assert page.evaluate("document.activeElement.id") == "main"
    go("second")
    page.get_by_role("heading", name="Run second").wait_for()
    go("all of them, below")
    go("Square \u00d7 6")
    assert page.locator("details[open]").count() == 1
    go("Train")
    page.get_by_role("heading", name="Train").wait_for()
    window.context.close()


def test_all_facts_are_there_without_scripts(
    chromium: Any, served: Served, addresses: list[str]
) -> None:
    window = Window(chromium, served, java_script_enabled=False)
    for address in addresses:
        assert window.open(address).locator("h1").inner_text()
    assert "Square[5]" in window.open("run?id=second").locator("main").text_content()
    window.context.close()


def test_a_page_of_an_artifact_is_shown_and_none_of_its_scripts_runs(
    chromium: Any, served: Served
) -> None:
    window = Window(chromium, served)
    page = window.open(f"file?artifact={number(served, 'Model')}&path=report.html")
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").inner_text() == "fine"
    titles = [each.title() for each in page.frames]
    assert "x" not in titles
    window.context.close()


@pytest.fixture
def going(served: Served) -> Iterator[Path]:
    """A run that goes on until a file is there."""
    gate = served.folder / "gate"
    command = [sys.executable, "-m", "mlops_pipeline.cli", "run", "-p", f"file={gate}"]
    with subprocess.Popen(
        [*command, "--run-id", "going"], cwd=served.folder, stderr=subprocess.PIPE, text=True
    ) as process:
        yield gate
        gate.touch()
        process.communicate(timeout=30)


def test_a_page_follows_a_run_until_it_is_over(chromium: Any, served: Served, going: Path) -> None:
    window = Window(chromium, served)
    page, deadline = window.open("run?id=going"), time.monotonic() + 30
    while not page.get_by_role("link", name="Wait").count():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.reload()
    assert "running" in page.locator("main").inner_text()
    page.evaluate("window.stayed = true")
    going.touch()
    page.locator("#live").wait_for(state="detached")
    assert "complete" in page.locator("main p").first.inner_text()
    assert page.evaluate("window.stayed")
    assert page.evaluate("window.violations") == []
    window.context.close()


@pytest.fixture
def behind_nginx(served: Served, tmp_path: Path) -> Iterator[str]:
    """The address of a real nginx in front of the server."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "nginx.conf"
    file.write_text(NGINX.format(folder=tmp_path, port=port, root=served.root))
    with subprocess.Popen([program, "-p", tmp_path, "-c", file], stderr=subprocess.PIPE) as nginx:
        deadline = time.monotonic() + 20
        while not (tmp_path / "nginx.pid").exists():
            assert nginx.poll() is None, nginx.stderr and nginx.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/"
        nginx.terminate()
        nginx.communicate(timeout=20)


@pytest.mark.parametrize("path", ["cut/off/", "kept/"])
def test_pages_work_below_a_path_of_nginx(
    chromium: Any, served: Served, behind_nginx: str, path: str
) -> None:
    token = served.url.partition("?")[2]
    window = Window(chromium, Served(f"{behind_nginx}{path}?{token}", served.folder))
    page = window.page
    page.goto(f"{behind_nginx}{path}?{token}")
    page.get_by_role("link", name="second").first.click()
    page.get_by_role("heading", name="Run second").wait_for()
    assert page.url == f"{behind_nginx}{path}run?id=second"
    page.get_by_role("link", name="These facts as JSON").click()
    assert page.url == f"{behind_nginx}{path}api/run?id=second"
    (cookie,) = [each for each in window.context.cookies() if each["path"] != "/"]
    assert cookie["path"] == f"/{path.rstrip('/')}"
    page.goto(f"{behind_nginx}renamed/")
    assert "ml.example" in page.locator("main").inner_text()
    window.context.close()
