"""A server of models in a process of its own, and models that fail on request."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TOY = """
import os, sys, time
from pathlib import Path

LEAK = []

def make(folder):
    text = (Path(folder) / "factor.txt").read_text()
    if text == "broken":
        raise ValueError("no number in factor.txt")
    if text == "slow":
        time.sleep(3)
        text = "5"
    factor = float(text)
    print("a toy is loaded", file=sys.stderr, flush=True)

    def predict(inputs):
        values = inputs["x"]
        values = values if isinstance(values, list) else values.tolist()
        if -1.0 in values:
            os._exit(7)
        if -2.0 in values:
            time.sleep(600)
        if -3.0 in values:
            raise ValueError("three is not liked")
        if -4.0 in values:
            return [float("nan")] * len(values)
        if -5.0 in values:
            return [1.0]
        if -6.0 in values:
            LEAK.append(bytearray(b"x") * (200 * 2**20))
        if -7.0 in values:
            time.sleep(0.3)
        if -8.0 in values:
            os.kill(os.getpid(), 9)
        if -9.0 in values:
            return object()
        return [factor * value for value in values]

    if (Path(folder) / "warm.txt").exists():
        predict.warmup = [{"x": [1.0]}, {"x": [2.0]}]
    return predict

def make_mixer(folder):
    def predict(inputs):
        values = list(inputs["x"])
        return [sum(values)] * len(values)

    predict.warmup = [{"x": [1.0]}, {"x": [2.0]}]
    return predict

def make_nothing(folder):
    return 3
"""


class Served:
    """A server of models in a process of its own, and a client of it."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        command = [sys.executable, "-m", "mlops_pipeline.cli", "serve", "--port", "0", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([p for p in sys.path if p])}
        self.errors = (folder / "errors.txt").open("w+")
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=self.errors, env=environment
        )
        assert self.process.stdout
        line = self.process.stdout.readline().decode()
        self.url = next((word for word in line.split() if "://" in word), "")
        self.port = urlsplit(self.url).port or 0

    def ask(self, path: str, body: Any = None, method: str = "", **headers: str) -> Any:
        """Send a request; the status, the headers, and the value or text of the answer."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method or ("GET" if data is None else "POST"), path, data, named)
            answer = connection.getresponse()
            text = answer.read()
            found = json.loads(text) if text[:1] in (b"{", b"[") else text.decode()
            return answer.status, answer.headers, found

    def wait(self, path: str = "/v2/health/ready", status: int = 200) -> None:
        """Wait until a path has a status."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self.ask(path)[0] == status:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{path} has never been {status}: {self.said()}")

    def said(self) -> str:
        """What it has written to standard error."""
        self.errors.seek(0)
        return self.errors.read()

    def end(self) -> int:
        """Ask it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout:
                self.process.stdout.close()
            self.errors.close()
