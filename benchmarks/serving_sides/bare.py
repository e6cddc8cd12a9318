"""uvicorn and the model, with nothing between them: what any server in Python has to pay."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any

import small_model
import uvicorn


class Bare:
    """An ASGI application that reads rows, asks the model and writes its answer."""

    def __init__(self, predict: Any) -> None:
        self.predict = predict

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        found = self.predict({"x": json.loads(body)["instances"]}).tolist()
        answer = json.dumps({"predictions": found}).encode()
        size = str(len(answer)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def main(kind: str, folder: str) -> None:
    """Serve on a free port, and print the address."""
    load = small_model.load_tensorflow if kind == "tensorflow" else small_model.load_numpy
    predict = load(Path(folder))
    predict({"x": [[0.0] * 8]})
    config = uvicorn.Config(
        Bare(predict), log_config=None, access_log=False, lifespan="off", ws="none"
    )
    with socket.create_server(("127.0.0.1", 0)) as sock:
        print(f"serving at http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(uvicorn.Server(config).serve(sockets=[sock]))


if __name__ == "__main__":
    main(*sys.argv[1:])
