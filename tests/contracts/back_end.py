"""A back end of OpenLineage for tests: a real server that keeps what it is sent."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], int]


class BackEnd:
    """What a server was sent.

    Args:
        answer: returns the status for an event.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.events: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self.tokens: set[str] = set()
        self.url = ""


@contextlib.contextmanager
def back_end(answer: Answer = lambda event: 201) -> Iterator[BackEnd]:
    """Serve until the block ends."""
    found = BackEnd(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status = found.answer(event)
            found.paths.add(self.path)
            found.tokens.add(self.headers.get("authorization", ""))
            if status < 300:
                found.events.append(event)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
