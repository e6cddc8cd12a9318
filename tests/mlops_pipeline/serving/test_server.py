"""The server from start to end: reloads, kills, TLS, and requests answered before it ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from serving_process import Served

from mlops_pipeline.deployment import Arm, arm_of
from mlops_pipeline.serving import ModelRoutes, RoutingTable, write_table

# Each starts a server and its models, which takes seconds.
pytestmark = pytest.mark.slow

ROW: Any = {"instances": [{"x": 1.0}]}
PREDICT = "/v1/models/toy:predict"


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def is_there(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_reload_under_load_loses_no_request(push: Any, serve: Any) -> None:
    served = serve(str(push(1)), "--poll", "0.1", "--max-requests", "200")
    answers: list[Any] = []
    over = threading.Event()

    def client() -> None:
        while not over.is_set():
            status, _, found = served.ask(PREDICT, ROW)
            answers.append((status, found["predictions"][0] if status == 200 else found))

    threads = [threading.Thread(target=client) for _ in range(3)]
    for thread in threads:
        thread.start()
    push(2, "3")
    served.wait("/v1/models/toy/versions/2/metadata")
    served.wait("/v1/models/toy/versions/1/metadata", 404)
    over.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {200}
    assert {value for _, value in answers} == {2.0, 3.0}
    assert served.ask(PREDICT, ROW)[2] == {"predictions": [3.0]}


def test_a_killed_server_takes_its_models_along_even_one_that_hangs(push: Any, serve: Any) -> None:
    served = serve(str(push(1)))
    hanging = threading.Thread(target=lambda: _ignore(served, {"instances": [{"x": -2.0}]}))
    hanging.start()
    time.sleep(0.3)
    pids = children(served.process.pid)
    assert pids
    served.process.kill()
    served.process.wait()
    hanging.join()
    deadline = time.monotonic() + 20
    while any(map(is_there, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if is_there(pid)] == []


def _ignore(served: Any, body: Any) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        served.ask(PREDICT, body)


def test_a_killed_model_is_replaced(push: Any, serve: Any) -> None:
    served = serve(str(push(1)))
    for pid in children(served.process.pid):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while served.ask(PREDICT, ROW)[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.ask(PREDICT, ROW)[2] == {"predictions": [2.0]}


def test_a_server_that_is_asked_to_end_answers_first(push: Any, serve: Any) -> None:
    served = serve(str(push(1)))
    found: list[Any] = []
    slow = threading.Thread(
        target=lambda: found.append(served.ask(PREDICT, {"instances": [{"x": -7.0}]}))
    )
    slow.start()
    time.sleep(0.15)
    assert served.end() == 0
    slow.join()
    assert found[0][0] == 200


def test_a_full_queue_is_answered_with_when_to_come_again(push: Any, serve: Any) -> None:
    served = serve(str(push(1)), "--max-waiting", "1")
    found: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(served.ask(PREDICT, {"instances": [{"x": -7.0}]}))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(status for status, _, _ in found)
    assert statuses[0] == 200
    assert statuses[-1] == 429
    refused = next(headers for status, headers, _ in found if status == 429)
    assert int(refused["retry-after"]) >= 1


def test_a_server_speaks_tls(push: Any, serve: Any, toys: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=toys,
        check=True,
        capture_output=True,
    )
    from mlops_pipeline.serving.server import check_certificate

    check_certificate((str(toys / "cert.pem"), str(toys / "key.pem")))
    served = serve_tls(push(1), toys)
    try:
        context = ssl.create_default_context(cafile=str(toys / "cert.pem"))
        deadline = time.monotonic() + 60
        while True:
            try:
                url = f"{served.url}/toy"
                with urllib.request.urlopen(url, context=context, timeout=20) as answer:
                    assert answer.status == 200
                break
            except urllib.error.HTTPError:
                assert time.monotonic() < deadline
        assert served.url.startswith("https://")
    finally:
        served.end()


def serve_tls(folder: Path, toys: Path) -> Any:
    arguments = [str(folder), "--tls-cert", "cert.pem", "--tls-key", "key.pem"]
    return Served([*arguments, "--predict", "toy_models:make"], toys)


@pytest.mark.ml  # Parquet.
def test_what_is_answered_goes_into_the_request_log(push: Any, serve: Any, tmp_path: Path) -> None:
    from mlops_pipeline.request_log import read_requests

    push(1)
    folder, table = tmp_path / "log", tmp_path / "table.json"
    policy = tmp_path / "log.toml"
    policy.write_text('[features]\nx = "keep"\n')
    write_table(table, RoutingTable(3, {"toy": ModelRoutes(2, 1, 0.5, "toy-1", shadow=(1,))}))
    options = ["--keep", "2", "--table", str(table), "--log", str(folder)]
    served = serve(str(push(2, "3")), *options, "--log-policy", str(policy))
    served.wait("/v1/models/toy/versions/1/metadata")
    key = next(key for key in map(str, range(99)) if arm_of(key, 0.5, "toy-1") == Arm.CANDIDATE)
    _, headers, _ = served.ask(PREDICT, ROW, x_mlops_key=key, x_mlops_request_id="mine-1")
    assert headers["x-mlops-request-id"] == "mine-1"
    _, headers, _ = served.ask(PREDICT, {"instances": [{"x": -3.0}]}, x_mlops_request_id="a b\t")
    assert len(headers["x-mlops-request-id"]) == 32
    text = served.ask("/monitoring/prometheus/metrics")[2]
    assert "mlops_serving_log_rows_dropped 0" in text
    assert served.end() == 0
    found = read_requests(folder, "toy", 0, time.time() + 60).to_pylist()
    (mine,) = [row for row in found if row["request_id"] == "mine-1" and not row["shadow"]]
    assert (mine["arm"], mine["rollout"], mine["version"]) == ("candidate", "toy-1", 1)
    assert (mine["in.x"], mine["out.outputs"], mine["generation"]) == (1.0, 2.0, 3)
    assert mine["key"] not in ("", key)
    failed = [row for row in found if row["status"] != "ok" and not row["shadow"]]
    assert [(row["assigned"], row["arm"]) for row in failed] == [(2, "champion")]
    assert {row["version"] for row in found if row["shadow"]} == {1}
