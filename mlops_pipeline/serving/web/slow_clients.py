"""Connections whose requests do not come: closed after a while, so that they cost no more."""

from __future__ import annotations

import asyncio
from typing import Any

_ANSWER = (
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: application/json\r\n"
    b'content-length: 47\r\n\r\n{"error": "the request did not arrive in time"}'
)


def _parser_class() -> type[Any]:
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol
    return HttpToolsProtocol


def patient_protocol(seconds: float) -> type[asyncio.Protocol]:
    """Return a protocol for uvicorn that waits so long for the head of a request, and no longer."""
    parser = _parser_class()

    class Patient(parser):  # type: ignore[misc, valid-type]
        """uvicorn's protocol with a clock from the first byte to the end of the head."""

        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._start()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            cycle = self.cycle
            if cycle is not None and not cycle.response_complete:
                self._stop()
            elif self._head_timer is None:
                self._start()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _start(self) -> None:
            self._head_timer = self.loop.call_later(seconds, self._give_up)

        def _stop(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _give_up(self) -> None:
            self._head_timer = None
            if not self.transport.is_closing():
                self.transport.write(_ANSWER)
                self.transport.close()

    return Patient
