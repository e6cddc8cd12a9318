"""The guard: names of the host, tokens and cookies, paths in front, headers of every answer."""

from __future__ import annotations

from typing import Any

import pytest
from asgi_client import Answer, Asking

from mlops_pipeline.ui.guard import HEADERS, Access
from mlops_pipeline.ui.views import Reader

TOKEN = "a-token-that-is-long-enough"


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.fixture
def guarded(reader: Reader, client: Any) -> Asking:
    made: Asking = client(reader, Access(TOKEN))
    return made


@pytest.mark.parametrize(
    "host", ["127.0.0.1:1", "localhost", "LOCALHOST.", "[::1]:8700", "127.0.0.1:99999"]
)
def test_names_of_this_machine_are_ours_whatever_the_port(
    reader: Reader, client: Any, host: str
) -> None:
    assert client(reader, host=host).get("/models").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "localhost,evil.example",
        "127.0.0.1:80:80",
        "<script>",
        "",
    ],
)
def test_any_other_name_is_refused_and_told_the_option(
    reader: Reader, client: Any, host: str
) -> None:
    answer = client(reader, host=host).get("/models")
    assert answer.status_code == 403
    assert "--allowed-host" in answer.text
    assert "<script>" not in answer.text


def test_a_name_that_was_allowed_is_ours(reader: Reader, client: Any) -> None:
    access = Access(hosts=frozenset({"ml.example"}))
    assert client(reader, access, "ml.example:443").get("/models").status_code == 200


def test_nothing_is_shown_without_the_token_but_the_form_that_asks_for_it(guarded: Asking) -> None:
    for address in ("/", "/run?id=second", "/raw?artifact=1", "/nothing"):
        answer = guarded.get(address)
        assert answer.status_code == 401
        assert "second" not in answer.text.replace("run?id=second", "")
        assert 'action="login"' in answer.text
    assert guarded.get("/static/style.css").status_code == 200
    api = guarded.get("/api/models")
    assert (api.status_code, api.headers["content-type"]) == (401, "application/problem+json")


def test_the_token_of_an_address_becomes_a_cookie_and_leaves_the_address(guarded: Asking) -> None:
    answer = guarded.get(f"/run?id=second&token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "run?id=second")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Lax" in answer.headers["set-cookie"]
    assert TOKEN not in answer.headers["set-cookie"]
    assert guarded.get("/run?id=second", cookie=cookie_of(answer)).status_code == 200
    assert guarded.get(f"/?token={TOKEN}").headers["location"] == "./"


@pytest.mark.parametrize("token", ["", "wrong", f"{TOKEN}x", TOKEN[:-1], "%00", "é"])
def test_a_wrong_token_opens_nothing(guarded: Asking, token: str) -> None:
    answer = guarded.get(f"/models?token={token}")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_program_brings_the_token_in_a_header(guarded: Asking) -> None:
    assert guarded.get("/api/models", authorization=f"Bearer {TOKEN}").status_code == 200
    for wrong in ("Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer é"):
        assert guarded.get("/api/models", authorization=wrong).status_code == 401


def test_the_cookie_of_another_token_opens_nothing(guarded: Asking, client: Any) -> None:
    own = cookie_of(guarded.get(f"/?token={TOKEN}"))
    name, _, value = own.partition("=")
    for cookie in (f"{name}=x", f"other={value}", f"{name}={TOKEN}", "=;=;", 'a="', name):
        assert guarded.get("/models", cookie=cookie).status_code == 401
    assert guarded.get("/models", cookie=f"a=b; {own}").status_code == 200


def test_the_form_takes_the_token_and_leads_back_to_the_page(guarded: Asking) -> None:
    asked = guarded.get("/run?id=second").text
    assert 'value="run?id=second"' in asked
    answer = guarded.request("POST", "/login", f"token={TOKEN}&next=run%3Fid%3Dsecond")
    assert (answer.status_code, answer.headers["location"]) == (303, "run?id=second")
    assert guarded.request("POST", "/login", "token=wrong").status_code == 401
    assert guarded.request("POST", "/login", "x" * 5_000).status_code == 413


@pytest.mark.parametrize(
    "page", ["//evil.example", "https://evil.example", "/x", "javascript:x", "a?\r\nset-cookie: b"]
)
def test_the_form_leads_to_no_other_server(guarded: Asking, page: str) -> None:
    from urllib.parse import quote

    answer = guarded.request("POST", "/login", f"token={TOKEN}&next={quote(page)}")
    assert answer.headers["location"] == "./"


def test_pages_work_below_a_path_that_a_proxy_has_cut_or_not(reader: Reader, client: Any) -> None:
    asking = client(reader, Access(base="/a/b"))
    assert asking.get("/a/b/models").text == asking.get("/models").text
    assert asking.get("/a/b").headers["location"] == "b/"
    assert asking.get("/a/bc").status_code == 404


def test_every_answer_has_the_headers_that_browsers_hold_to(guarded: Asking) -> None:
    token = {"authorization": f"Bearer {TOKEN}"}
    for address in ("/", "/models", "/nope", "/api/models", "/static/live.js"):
        for answer in (guarded.get(address), guarded.get(address, **token)):
            assert {k: answer.headers.get(k) for k in HEADERS} == HEADERS
    policy = HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy


def test_a_web_socket_is_closed(reader: Reader, client: Any) -> None:
    import asyncio

    sent = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(client(reader).app({"type": "websocket"}, None, send))
    assert sent == ["websocket.close"]
