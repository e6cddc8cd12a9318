"""Asks a server as fast as it answers, over connections that stay; prints what it took as JSON.

Standard library only, and a process of its own: the load is the same for all sides.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlsplit


class Load:
    """Connections that ask one after the other, until a moment.

    Args:
        rows: of a request.
        until: by the monotonic clock.
    """

    def __init__(self, url: str, rows: int, until: float) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        body = json.dumps({"instances": [[0.25 * n for n in range(8)]] * rows}).encode()
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: application/json\r\nx-mlops-key: somebody\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.request = head.encode() + body
        self.rows = rows
        self.until = until
        self.seconds: list[float] = []
        self.errors = 0

    async def connection(self) -> None:
        """Ask over one connection."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        while time.monotonic() < self.until:
            begun = time.perf_counter()
            writer.write(self.request)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length:")[2].split()[0])
            body = await reader.readexactly(size)
            self.seconds.append(time.perf_counter() - begun)
            is_sound = head.startswith(b"HTTP/1.1 200") and body.count(b"],") >= self.rows - 1
            self.errors += not is_sound
        writer.close()


async def measured(url: str, connections: int, rows: int, seconds: float) -> dict[str, Any]:
    """Return requests a second, and milliseconds of the middle and of the 99th of a hundred."""
    load = Load(url, rows, time.monotonic() + seconds)
    results = await asyncio.gather(
        *(load.connection() for _ in range(connections)), return_exceptions=True
    )
    lost = [result for result in results if result is not None]
    cuts = statistics.quantiles(load.seconds, n=100)
    return {
        "requests": len(load.seconds),
        "errors": load.errors + len(lost),
        "per second": len(load.seconds) / seconds,
        "p50 ms": cuts[49] * 1000,
        "p99 ms": cuts[98] * 1000,
        "lost": [repr(each) for each in lost[:3]],
    }


if __name__ == "__main__":
    url, connections, rows, seconds = sys.argv[1:]
    found = asyncio.run(measured(url, int(connections), int(rows), float(seconds)))
    print(json.dumps(found))
