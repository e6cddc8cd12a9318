"""Clients that send slowly, hold connections, or send nonsense."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

# One server and its models for all of them, which takes seconds.
pytestmark = pytest.mark.slow

GOOD: Any = ("/v1/models/toy:predict", {"instances": [{"x": 1.0}]})


def raw(served: Any, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send bytes as they are; all that is answered until the server closes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as sock:
        for part in parts:
            sock.sendall(part)
            time.sleep(pause)
        found = b""
        try:
            while data := sock.recv(65536):
                found += data
        except ConnectionResetError:
            pass
        return found


HEAD = b"POST /v1/models/toy:predict HTTP/1.1\r\nhost: localhost\r\n"


def test_a_body_that_does_not_come_is_given_up(served: Any) -> None:
    started = time.monotonic()
    found = raw(served, HEAD + b"content-length: 100\r\n\r\n", b"{")
    assert found.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started < 8
    assert served.ask(*GOOD)[0] == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(served: Any) -> None:
    found = raw(served, HEAD + b"content-length: 99999999999\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 413")
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    found = raw(served, HEAD + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 7)
    assert found.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 1000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200 + b"\r\n\r\n",
        HEAD + b"content-length: -5\r\n\r\n",
        HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n12345",
        HEAD + b"a: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
)
def test_nonsense_is_refused_and_the_server_goes_on(served: Any, data: bytes) -> None:
    found = raw(served, data)
    assert found[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 431", b"")
    assert served.ask(*GOOD)[0] == 200


def test_a_name_that_is_not_the_servers_is_refused(served: Any) -> None:
    found = served.ask(*GOOD, host="evil.example")
    assert found[0] == 403


def test_a_head_that_does_not_come_is_given_up_and_others_are_answered_meanwhile(
    served: Any,
) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nhost: local")
        assert served.ask(*GOOD)[0] == 200
        assert sock.recv(1000).startswith(b"HTTP/1.1 408")
