"""The application: the guard, the limits, and the interface that a path belongs to."""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping

from mlops_pipeline.serving.metrics import Labels, ServerMetrics
from mlops_pipeline.serving.models import OverloadFailure, ServingFailure, UnknownModelFailure
from mlops_pipeline.serving.router import Router
from mlops_pipeline.serving.web.json_bodies import write_json_body
from mlops_pipeline.serving.web.open_inference import answer_open_inference
from mlops_pipeline.serving.web.requests import (
    AsgiReceive,
    AsgiScope,
    AsgiSend,
    Bodies,
    GoneFailure,
    SlowFailure,
    TooLargeFailure,
    WebOptions,
    WebReply,
    WebRequest,
    named,
    read_request,
)
from mlops_pipeline.serving.web.tf_rest import answer_tf

log = logging.getLogger(__name__)

METRICS_PATH = "/monitoring/prometheus/metrics"
_HEALTH = "/v2/health/"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")

Numbers = Callable[[], Mapping[str, float]]
"""Further numbers of the server, by name, as they are now."""


class ServingApp:
    """An ASGI application that answers for models."""

    def __init__(
        self,
        router: Router,
        metrics: ServerMetrics,
        options: WebOptions,
        numbers: Numbers | None = None,
    ) -> None:
        self._router = router
        self._metrics = metrics
        self._options = options
        self._numbers = numbers
        self._bodies = Bodies(options.max_bodies)

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        reply = self._refusal(scope) or await self._answered(scope, receive)
        seconds = time.perf_counter() - started
        labels = {"model": reply.model, "version": reply.version, "code": str(reply.status)}
        self._metrics.count("mlops_serving_requests_total", labels)
        if reply.model:
            status = {"model_name": reply.model, "status": "OK" if reply.status == 200 else "ERROR"}
            self._metrics.count(":tensorflow:serving:request_count", status)
        if reply.version:
            self._metrics.observe("mlops_serving_request_seconds", labels, seconds)
        headers = [
            (b"content-type", reply.kind.encode()),
            (b"content-length", str(len(reply.body)).encode()),
            *((name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else reply.body
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: AsgiScope) -> WebReply | None:
        """Return the answer to a request that goes no further; None for one that does."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if self._options.hosts:
            match = _HOST.fullmatch(hosts[0].decode("latin-1")) if len(hosts) == 1 else None
            if not match or match[1].lower().rstrip(".") not in self._options.hosts:
                return _error(403, "this server does not go by that name")
        if not self._options.token or scope["path"].startswith(_HEALTH):
            return None
        for name, value in scope["headers"]:
            if name == b"authorization":
                kind, _, token = value.partition(b" ")
                wanted = self._options.token.encode()
                if kind.lower() == b"bearer" and hmac.compare_digest(token.strip(), wanted):
                    return None
        return _error(401, "this server needs its token, as `Authorization: Bearer`", close=True)

    async def _answered(self, scope: AsgiScope, receive: AsgiReceive) -> WebReply:
        request = None
        try:
            request = await read_request(scope, receive, self._options, self._bodies)
            return named(await self._dispatch(request), request)
        except ServingFailure as failure:
            return named(self._failed(failure, scope["path"]), request)
        # A defect of ours: the server goes on, and the log has it.
        except Exception:
            log.exception("a request failed: %s %s", scope["method"], scope["path"])
            return _error(500, "the server has failed; its log says why")
        finally:
            if request is not None:
                self._bodies.held -= len(request.body)

    async def _dispatch(self, request: WebRequest) -> WebReply:
        if request.path.startswith("/v1/"):
            return await answer_tf(self._router, request)
        if request.path.startswith("/v2"):
            return await answer_open_inference(self._router, request)
        if request.path == METRICS_PATH and request.method == "GET":
            text = self._metrics.text(dict(self._gauges()))
            return WebReply(200, text.encode(), kind="text/plain; version=0.0.4")
        raise UnknownModelFailure(f"Malformed request: {request.method} {request.path[:200]}")

    def _failed(self, failure: ServingFailure, path: str) -> WebReply:
        close = isinstance(failure, TooLargeFailure | SlowFailure | GoneFailure)
        reply = _error(failure.status, failure.message, close)
        headers = dict(reply.headers)
        if failure.status in (429, 503):
            after = failure.retry_after if isinstance(failure, OverloadFailure) else 1
            headers["retry-after"] = str(after)
        parts = path.split("/")
        name = parts[3].partition(":")[0] if len(parts) > 3 else ""
        known = name in {model.name for model in self._router.models}
        return WebReply(reply.status, reply.body, headers, model=name if known else "")

    def _gauges(self) -> Iterable[tuple[tuple[str, Labels], float]]:
        for model in self._router.models:
            for version in model.versions:
                labels = (("model", model.name), ("version", str(version.number)))
                batcher, process = model.batcher(version.number), version.process
                numbers = {
                    "available": float(version.is_available),
                    "waiting": batcher.waiting,
                    "batches": batcher.batches,
                    "batch_rows": batcher.rows,
                    "processes_replaced": version.replaced,
                    "memory_megabytes": process.memory_mb if process else 0,
                }
                for name, value in numbers.items():
                    yield (f"mlops_serving_model_{name}", labels), value
        for name, value in (self._numbers() if self._numbers else {}).items():
            yield (f"mlops_serving_{name}", ()), value
        yield ("mlops_serving_routing_generation", ()), self._router.file.table.generation
        yield ("mlops_serving_body_bytes", ()), self._bodies.held


def _error(status: int, message: str, close: bool = False) -> WebReply:
    headers = {"connection": "close"} if close else {}
    return WebReply(status, write_json_body({"error": message}), headers)
