"""The metadata server: all of MLMD's service, for many clients, whatever some of them do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from mlops_metadata.library import SERVICE, service
from mlops_metadata.server.grpc_server import MetadataServer, ServerOptions

pytestmark = pytest.mark.mlmd


METHODS = [each.name for each in service.DESCRIPTOR.services_by_name[SERVICE].methods]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetadataServer]:
    server = MetadataServer(f"sqlite:///{tmp_path}/metadata.db", ServerOptions(port=0))
    yield server
    server.stop()


@pytest.fixture
def channel(server: MetadataServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.url.removeprefix("grpc://")) as opened:
        yield opened


def call(channel: grpc.Channel, method: str, data: bytes = b"") -> bytes:
    path = f"/{service.DESCRIPTOR.package}.{SERVICE}/{method}"
    return bytes(channel.unary_unary(path)(data, timeout=30))


def test_every_method_of_the_service_is_there(channel: grpc.Channel) -> None:
    codes = {}
    for method in METHODS:
        try:
            call(channel, method)
            codes[method] = "OK"
        except grpc.RpcError as error:
            codes[method] = error.code().name
    assert len(codes) == 52
    assert set(codes.values()) <= {"OK", "INVALID_ARGUMENT", "NOT_FOUND"}, codes


def test_an_old_lineage_question_with_boundaries_is_refused_with_the_reason(
    channel: grpc.Channel,
) -> None:
    wanted = service.GetLineageGraphRequest()
    wanted.options.stop_conditions.boundary_artifacts = "uri = '/x'"
    with pytest.raises(grpc.RpcError, match="use GetLineageSubgraph"):
        call(channel, "GetLineageGraph", wanted.SerializeToString())


def test_bytes_that_are_no_request_are_refused(channel: grpc.Channel) -> None:
    for method in ("GetLineageGraph", "GetParentContextsByContexts", "PutArtifacts"):
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, method, b"\xff\xff\xff")
        assert caught.value.code() in (
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.INTERNAL,
        )
    call(channel, "GetArtifacts")


def stock_calls(url: str, environment: dict[str, str]) -> list[Any]:
    script = Path(__file__).with_name("stock_calls.py")
    done = subprocess.run(
        [sys.executable, str(script), url],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["missing"] == []
    return list(told["calls"])


def differences(ours: list[Any], theirs: list[Any]) -> list[Any]:
    return [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]


@pytest.mark.slow  # the stock client is imported twice, and waits where it is refused
def test_the_whole_stock_client_sees_no_difference_on_sqlite(
    server: MetadataServer, tmp_path: Path, environment: dict[str, str]
) -> None:
    direct = stock_calls(f"sqlite://{tmp_path}/direct.db", environment)
    served = stock_calls(server.url, environment)
    assert len(direct) > 90
    assert differences(served, direct) == []


@pytest.mark.slow  # as above, on a MariaDB
def test_the_whole_stock_client_sees_no_difference_on_mariadb(
    database: str, environment: dict[str, str], passwords: dict[str, str]
) -> None:
    server = MetadataServer(f"{database}s", ServerOptions(port=0))
    try:
        direct = stock_calls(f"{database}d", {**environment, **passwords})
        served = stock_calls(server.url, {**environment, **passwords})
        assert differences(served, direct) == []
    finally:
        server.stop()
