"""The process of a model: imports, loads, warms up, answers; one order after another.

It ends with the server, however that ends, and takes its limits from the server's arguments.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.serving.models import wire
from mlops_pipeline.serving.models.failures import BadInputFailure, ModelFailure
from mlops_pipeline.serving.models.signatures import (
    LoadedModel,
    Tensors,
    check_inputs,
    check_outputs,
)
from mlops_pipeline.serving.models.tensors import joined, split, to_lists
from mlops_pipeline.tracebacks import summary
from mlops_pipeline.user_code import load_target

_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_NEAR = 1e-4


def main() -> None:
    """Answer on the socket that the first argument names; limits are the second."""
    handle, limits, parent = int(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
    _limit(limits)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    # The terminal's Ctrl-C is for the server, which ends its processes when they have answered.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Child(socket.socket(fileno=handle)).run()


def _limit(limits: dict[str, int]) -> None:
    # If memory runs out, this is the process to end, not the server.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in (
        (resource.RLIMIT_AS, limits.get("address_space_mb", 0) * 2**20),
        (resource.RLIMIT_NOFILE, limits.get("files", 0)),
    ):
        hard = resource.getrlimit(name)[1]
        if value:
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(name, (most, most))


class _Child:
    """The model of this process, and the server at the other end of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._model: LoadedModel | None = None
        self._finite = False

    def run(self) -> None:
        """Answer orders until the server closes the socket."""
        while (prefix := self._receive(wire.PREFIX.size)) is not None:
            length, size = wire.PREFIX.unpack(prefix)
            head, data = self._receive(length), self._receive(size)
            if head is None or data is None:
                return
            self._sock.sendall(self._answer(wire.orders.decode(head), data))

    def _receive(self, size: int) -> bytes | None:
        found = bytearray(size)
        view = memoryview(found)
        while view:
            count = self._sock.recv_into(view)
            if not count:
                return None
            view = view[count:]
        return bytes(found)

    def _answer(self, order: wire.Order, data: bytes) -> bytes:
        try:
            match order:
                case wire.LoadOrder():
                    return wire.frame(self._load(order))
                case wire.ReadyOrder():
                    loader = load_target(order.loader, order.import_paths)
                    getattr(loader, "prepare", lambda: None)()
                    return wire.frame(wire.ModelFacts({}))
                case wire.PredictOrder():
                    inputs = wire.tensors_in(order.tensors, data)
                    outputs = self._predict(order.signature, inputs)
                    return wire.frame(wire.PredictReply(wire.places(outputs)), outputs)
        except BadInputFailure as failure:
            return wire.frame(wire.Trouble("input", failure.message))
        except ModelFailure as failure:
            return wire.frame(wire.Trouble(failure.kind, failure.message))
        except PipelineError as error:
            hint = f" ({error.hint})" if error.hint else ""
            return wire.frame(wire.Trouble("raised", f"{error.message}{hint}"))
        except MemoryError:
            return wire.frame(wire.Trouble("memory", "the model ran out of memory"))
        # Models fail in as many ways as there are models.
        except Exception as error:  # noqa: BLE001
            return wire.frame(wire.Trouble("raised", f"the model failed: {summary(error)}"))

    def _predict(self, signature: str, inputs: Tensors) -> Tensors:
        if self._model is None:
            raise ModelFailure("no model is loaded", "raised")
        known = self._model.signatures
        check_inputs(known[signature], inputs)
        outputs = self._model.predict(signature, inputs)
        check_outputs(known[signature], inputs, outputs, self._finite)
        return outputs

    def _load(self, order: wire.LoadOrder) -> wire.ModelFacts:
        loader = load_target(order.loader, order.import_paths)
        self._model = model = loader(order.folder, order.options)
        self._finite = order.finite
        alone = [(name, each, self._predict(name, each)) for name, each in model.warmup]
        splits = all(self._rows_stay(name, alone) for name in {name for name, _, _ in alone})
        return wire.ModelFacts(dict(model.signatures), len(alone), splits)

    def _rows_stay(self, signature: str, alone: list[tuple[str, Tensors, Tensors]]) -> bool:
        """Return False if requests that are put together get other answers than alone."""
        asked = [(i, o) for name, i, o in alone if name == signature]
        kinds = {tuple(sorted((n, t.kind) for n, t in i.items())) for i, _ in asked}
        if not self._model or not self._model.signatures[signature].is_batchable:
            return True
        if len(asked) < 2 or len(kinds) > 1:
            return True
        together = self._predict(
            signature, {name: joined([i[name] for i, _ in asked]) for name in asked[0][0]}
        )
        for name, tensor in together.items():
            rows = [next(iter(i.values())).rows for i, _ in asked]
            for part, (_, outputs) in zip(split(tensor, rows), asked, strict=True):
                if not _is_near(to_lists(part), to_lists(outputs[name])):
                    return False
        return True


def _is_near(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_near, one, other))
    if isinstance(one, float) and isinstance(other, float):
        same = one == other or (one != one and other != other)
        return same or abs(one - other) <= _NEAR * max(1.0, abs(one), abs(other))
    return one == other
