"""A server that speaks the JSON API of Google Cloud Storage, in this process: an emulator."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

BUCKET = "artifacts"


@contextlib.contextmanager
def serving_gcs() -> Iterator[dict[str, str]]:
    """The variables by which clients find a running server with an empty bucket."""
    from gcp_storage_emulator.server import create_server

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    try:
        yield {
            "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",
            "GOOGLE_CLOUD_PROJECT": "testing",
        }
    finally:
        server.stop()
