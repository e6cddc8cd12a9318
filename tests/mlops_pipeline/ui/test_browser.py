"""The pages in Chromium: at two widths, dark and light, by keyboard, without scripts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_browser import Served, Window, number, open_going

pytestmark = pytest.mark.browser

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


@pytest.mark.parametrize("hints", [True, False])
def test_a_page_follows_a_run_until_it_is_over(
    chromium: Any, served: Served, going: Any, hints: bool
) -> None:
    window = Window(chromium, served)
    if not hints:
        window.page.route("**/events*", lambda route: route.fulfill(status=204))
    page = open_going(window, going.id)
    assert "running" in page.locator("main").inner_text()
    page.evaluate("window.stayed = true")
    going.end()
    page.locator("#live").wait_for(state="detached")
    assert "complete" in page.locator("main p").first.inner_text()
    assert page.evaluate("window.stayed")
    assert page.evaluate("window.violations") == []
    window.context.close()


def test_tabs_share_one_stream_of_hints(chromium: Any, served: Served, going: Any) -> None:
    window = Window(chromium, served)
    streams: list[str] = []
    window.context.on("request", lambda r: streams.append(r.url) if "/events" in r.url else None)
    first = open_going(window, going.id)
    others = [window.context.new_page() for _ in range(7)]
    for page in others:
        page.goto(first.url)
    going.end()
    # A browser has six connections to one server: with a stream each, the last would hang.
    for page in (first, *others):
        page.locator("#live").wait_for(state="detached")
    # One for the first tab, perhaps again after a reload.
    assert 1 <= len(streams) < len(others)
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
