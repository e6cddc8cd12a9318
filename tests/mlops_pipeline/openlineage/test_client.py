"""The official client, made from the settings, against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from back_end import back_end

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.openlineage.client import UnwantedError, open_client
from mlops_pipeline.settings import Settings


def test_an_address_is_that_of_marquez() -> None:
    with back_end() as server:
        client = open_client(Settings(openlineage_url=server.url))
        client.emit({"n": 1})
        client.close()
    assert server.events == [{"n": 1}]
    assert server.paths == {"/api/v1/lineage"}
    assert server.tokens == {""}


def test_an_address_may_be_that_of_another_back_end() -> None:
    with back_end() as server:
        url = f"{server.url}/openapi/openlineage/api/v1/lineage"
        open_client(Settings(openlineage_url=url)).emit({"n": 1})
    assert server.paths == {"/openapi/openlineage/api/v1/lineage"}


def test_the_token_of_a_file_is_given(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    with back_end() as server:
        settings = Settings(
            openlineage_url=server.url, openlineage_token_file=str(tmp_path / "token")
        )
        open_client(settings).emit({"n": 1})
    assert server.tokens == {"Bearer abc"}


def test_a_file_has_what_the_client_knows(tmp_path: Path) -> None:
    (tmp_path / "ol.yml").write_text(
        f"transport:\n  type: file\n  log_file_path: {tmp_path}/out\n  append: true\n"
    )
    client = open_client(Settings(openlineage_url=str(tmp_path / "ol.yml")))
    client.emit({"n": 1})
    client.close()
    assert [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()] == [{"n": 1}]


def test_a_transport_that_sends_later_is_waited_for(tmp_path: Path) -> None:
    with back_end() as server:
        (tmp_path / "ol.yml").write_text(f"transport: {{type: async_http, url: {server.url}}}\n")
        client = open_client(Settings(openlineage_url=str(tmp_path / "ol.yml")))
        for n in range(3):
            client.emit({"n": n, "run": {"runId": str(n)}, "eventType": "START"})
        client.flush()
        assert len(server.events) == 3
        client.close()


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_event_may_be_unwanted(status: int) -> None:
    with back_end(lambda event: status) as server:
        client = open_client(Settings(openlineage_url=server.url))
        with pytest.raises(UnwantedError):
            client.emit({"n": 1})
        client.close()


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_a_back_end_may_be_of_no_use_now(status: int) -> None:
    with back_end(lambda event: status) as server:
        client = open_client(Settings(openlineage_url=server.url))
        with pytest.raises(Exception, match=str(status)) as raised:
            client.emit({"n": 1})
        client.close()
    assert not isinstance(raised.value, UnwantedError)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot read"),
        (":\n  - [", "not valid YAML"),
        ("a: 1", "names no transport"),
        ("transport: {type: nonsense.Such}", "cannot be sent"),
        ("\udcff", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "ol.yml"
    if text is not None:
        path.write_text(text, errors="surrogateescape")
    with pytest.raises(SettingsError, match=says):
        open_client(Settings(openlineage_url=str(path)))


@pytest.mark.parametrize("url", ["", "http://", "x://"])
def test_a_wrong_address_is_told(url: str) -> None:
    with pytest.raises(SettingsError):
        open_client(Settings(openlineage_url=url))


@pytest.mark.parametrize("text", [None, "", "\udcff"])
def test_a_wrong_token_file_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text, errors="surrogateescape")
    with pytest.raises(SettingsError, match="token"):
        open_client(Settings(openlineage_url="http://x", openlineage_token_file=str(path)))
