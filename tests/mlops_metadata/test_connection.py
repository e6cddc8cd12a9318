"""Stores behind a server: the same contract, over gRPC and on a real MariaDB."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_server import open_grpc
from mlops_metadata.server.grpc_server import MetadataServer, ServerOptions
from mlops_pipeline.store import (
    Run,
)

pytestmark = pytest.mark.mlmd


def started(folder: Path, **options: Any) -> MetadataServer:
    return MetadataServer(f"sqlite:///{folder}/metadata.db", ServerOptions(port=0, **options))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetadataServer]:
    server = started(tmp_path)
    yield server
    server.stop()


def test_a_client_waits_for_a_server_that_is_restarted(tmp_path: Path) -> None:
    server = started(tmp_path)
    port = server.port
    with contextlib.closing(open_grpc(server.url)) as client:
        client.put_run(Run("r1", "taxi"))
        server.stop()
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(client.get_run, "r1")
            again = MetadataServer(f"sqlite:///{tmp_path}/metadata.db", ServerOptions(port=port))
            try:
                found = asked.result(timeout=60)
            finally:
                again.stop()
    assert found is not None
