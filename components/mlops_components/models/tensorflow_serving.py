"""TensorFlow Serving, where it is installed: serves a model, and is asked over REST."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mlops_components.models.process import Limits

BINARY = "tensorflow_model_server"

_POLL_SECONDS = 0.1


class _Refused(Exception):
    """The server does not serve the model, and why."""


def find_server() -> str | None:
    """Return the path of the server's program, if there is one."""
    return shutil.which(BINARY)


def serve(server: str, model: Path, name: str, limits: Limits, scratch: Path) -> list[str]:
    """Serve a model and send it the requests in `scratch`; the reasons why it must not be served.

    A server that ends or does not get ready is started again, `limits.tries` times in all.
    """
    versions = scratch / "serving" / name
    shutil.copytree(model, versions / "1")
    requests = [json.loads(line) for line in (scratch / "requests.jsonl").read_text().splitlines()]
    reason = ""
    for _ in range(limits.tries):
        try:
            with _running(server, versions, name, scratch) as (process, url):
                _wait_until_loaded(process, url, limits.loading)
                for request in requests:
                    _post(f"{url}:{request['verb']}", request["body"], limits.request)
            return []
        except _Refused as refusal:
            reason = f"TensorFlow Serving: {refusal}"
    return [reason]


@contextmanager
def _running(
    server: str, versions: Path, name: str, scratch: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port, rest_port = _free_ports()
    with (scratch / "server.log").open("wb") as output:
        process = subprocess.Popen(
            [
                server,
                f"--port={port}",
                f"--rest_api_port={rest_port}",
                f"--model_name={name}",
                f"--model_base_path={versions}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process, f"http://127.0.0.1:{rest_port}/v1/models/{name}"
    finally:
        process.kill()
        process.wait()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_loaded(process: subprocess.Popen[bytes], url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        code = process.poll()
        if code is not None:
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise _Refused(f"the server ended while it loaded the model: {how}")
        # Not there yet, or the model is unknown to it so far.
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            with urllib.request.urlopen(url, timeout=_POLL_SECONDS * 10) as response:
                versions = json.load(response)["model_version_status"]
            states = {version["state"]: version["status"] for version in versions}
            if "AVAILABLE" in states:
                return
            if "END" in states:
                raise _Refused(f"the model was not loaded: {states['END']['error_message']}")
        time.sleep(_POLL_SECONDS)
    raise _Refused(f"the model was not loaded within {seconds:g} s")


def _post(url: str, body: Any, seconds: float) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:
            response.read()
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        raise _Refused(f"a request was answered with {error.code}: {text[:300]}") from None
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        raise _Refused(f"a request was not answered: {error}") from None
