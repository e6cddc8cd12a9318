"""A server that speaks S3 over HTTP, in a process of its own: moto's, with multipart and ETags."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

BUCKET = "artifacts"


@dataclass
class S3Server:
    """One server, which can be killed and started again, empty, at the same port.

    Args:
        environment: how clients find it.
    """

    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/moto-api/data.json", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
        self.make_bucket()

    def make_bucket(self, name: str = BUCKET) -> None:
        """Make a bucket, as anybody: moto asks for no signature."""
        request = urllib.request.Request(f"{self.url}/{name}", method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            pass

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def serving_s3() -> Iterator[S3Server]:
    """A running server with an empty bucket; its clients' variables are not set."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = S3Server(port)
    server.environment = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        # A server that was killed is not waited for.
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        # Nothing between here and there.
        "NO_PROXY": "127.0.0.1",
    }
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def variables_set(variables: dict[str, str]) -> Iterator[None]:
    """Set variables of this process meanwhile, and forget the clients that it has made before."""
    before = dict(os.environ)
    os.environ.update(variables)
    forget_clients()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        forget_clients()


def forget_clients() -> None:
    """Have s3fs make new clients: those that it keeps do not see other variables."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
