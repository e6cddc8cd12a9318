"""The server of models: the catalogue, the router and the application, from start to end."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import logging
import signal
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from mlops_pipeline.deployment import TableFile
from mlops_pipeline.errors import SettingsError
from mlops_pipeline.request_log import LogOptions, LogPolicy, RequestLog
from mlops_pipeline.serving.answer_log import AnswerLog
from mlops_pipeline.serving.known_loaders import find_loader
from mlops_pipeline.serving.metrics import ServerMetrics
from mlops_pipeline.serving.models import ModelCatalogue, ModelSource, ServingOptions
from mlops_pipeline.serving.router import Router
from mlops_pipeline.serving.rpc import make_grpc_server
from mlops_pipeline.serving.web import ServingApp, WebOptions, patient_protocol

log = logging.getLogger(__name__)

_MOST_CONNECTIONS = 1000


LogPlan = tuple[Path, LogPolicy, LogOptions]
"""The folder of the request log, and what is written there and how."""


@dataclass(frozen=True)
class ServerPlan:
    """All that a server is started with.

    Args:
        table: the file of the routing table, if there is one.
        poll_seconds: between two looks at the folders of models, and at the table.
        certificate: files of the certificate and of its key, for TLS.
        head_seconds: for the head of a request to arrive.
        grpc_address: host and port for gRPC; empty for none.
        log: of the requests; None for none.
    """

    sources: Sequence[ModelSource]
    options: ServingOptions = field(default_factory=ServingOptions)
    web: WebOptions = field(default_factory=WebOptions)
    table: Path | None = None
    poll_seconds: float = 1.0
    certificate: tuple[str, str] | None = None
    head_seconds: float = 10.0
    grpc_address: str = ""
    log: LogPlan | None = None


class _Uvicorn(uvicorn.Server):
    """uvicorn's server, which leaves signals to ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def check_certificate(certificate: tuple[str, str]) -> None:
    """Load a certificate and its key.

    Raises:
        SettingsError: they cannot be used.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*certificate)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the certificate {certificate[0]} and the key {certificate[1]} cannot be used: "
            f"{getattr(error, 'reason', None) or getattr(error, 'strerror', None) or error}",
            hint="give two PEM files that belong together, with --tls-cert and --tls-key",
        ) from None


def run_server(plan: ServerPlan, sock: socket.socket) -> None:
    """Serve models until the process is asked to end; then answer what is being asked, and end."""
    # Two to three times as fast as Python's own, where it is installed.
    is_there = importlib.util.find_spec("uvloop") is not None
    loop = importlib.import_module("uvloop").new_event_loop() if is_there else None
    loop = loop or asyncio.new_event_loop()
    try:
        loop.run_until_complete(_serve(plan, sock))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _serve(plan: ServerPlan, sock: socket.socket) -> None:
    models = ModelCatalogue(plan.sources, plan.options, find_loader)
    answers = AnswerLog(RequestLog(*plan.log)) if plan.log else None
    router = Router(models, TableFile(plan.table), answers)
    router.refresh()
    numbers = answers.numbers if answers else None
    server = _Uvicorn(_config(plan, ServingApp(router, ServerMetrics(), plan.web, numbers)))
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    rpc = await _start_grpc(router, plan)
    models.watch(plan.poll_seconds)
    watching = asyncio.create_task(_watch_table(router, plan.poll_seconds))
    try:
        await server.serve(sockets=[sock])
    finally:
        if rpc is not None:
            await rpc.stop(plan.web.request_seconds)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await router.close()
        await models.close()
        if answers:
            answers.log.close()


async def _start_grpc(router: Router, plan: ServerPlan) -> Any:
    if not plan.grpc_address:
        return None
    server = make_grpc_server(router, plan.web)
    if plan.certificate:
        import grpc

        pair = (Path(plan.certificate[1]).read_bytes(), Path(plan.certificate[0]).read_bytes())
        server.add_secure_port(plan.grpc_address, grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(plan.grpc_address)
    await server.start()
    return server


async def _watch_table(router: Router, seconds: float) -> None:
    while True:
        await asyncio.sleep(min(seconds, 0.2))
        router.refresh()


def _config(plan: ServerPlan, app: Any) -> uvicorn.Config:
    certificate, key = plan.certificate or (None, None)
    return uvicorn.Config(
        app,
        http=patient_protocol(plan.head_seconds),
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        ws="none",
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(plan.web.request_seconds) + 1,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
