"""Writes what a server answers into its request log."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlops_pipeline.deployment import unit_of
from mlops_pipeline.request_log import DROP, OK, RequestLog, RequestRecord
from mlops_pipeline.serving.models import Tensor, to_lists
from mlops_pipeline.serving.router import Observation

_SALT = "request log"
"""Draws the keys that are logged, apart from the arms of any rollout."""


@dataclass(frozen=True)
class AnswerLog:
    """An observer of the router."""

    log: RequestLog

    def __call__(self, seen: Observation) -> None:
        """Take a question into the log, if its key is among those that are."""
        question, found = seen.question, seen.found
        request_id = question.request_id or secrets.token_hex(16)
        policy = self.log.policy
        sample = policy.sample
        if sample < 1 and unit_of(_SALT, question.key or request_id) >= sample:
            return
        # What is not kept is let go of at once: it may be large.
        inputs = {n: t for n, t in found.inputs.items() if policy.of_feature(n) != DROP}
        outputs = {n: t for n, t in found.outputs.items() if policy.of_output(n) != DROP}
        self.log.note(
            RequestRecord(
                model=question.model,
                request_id=request_id,
                at=time.time(),
                key=question.key,
                rollout=found.rollout,
                arm=str(found.arm),
                generation=found.generation,
                assigned=found.assigned,
                version=found.version,
                fallback=found.fallback,
                status=seen.failure or OK,
                seconds=seen.seconds,
                shadow=seen.shadow,
                probability=sample,
                inputs=_rows_of(inputs),
                outputs=_rows_of(outputs),
                size=sum(len(each.data) for each in (*inputs.values(), *outputs.values())),
            )
        )

    def numbers(self) -> Mapping[str, float]:
        """Return what Prometheus is told of the log."""
        return {"log_rows_written": self.log.written, "log_rows_dropped": self.log.dropped}


def _rows_of(tensors: Mapping[str, Tensor]) -> dict[str, Callable[[], Sequence[Any]]]:
    return {name: partial(_rows, tensor) for name, tensor in tensors.items()}


def _rows(tensor: Tensor) -> Sequence[Any]:
    """Return the rows of a tensor; a row of one value is that value."""
    found = to_lists(tensor)
    if not tensor.shape:
        return [found]
    if len(tensor.shape) > 1 and all(size == 1 for size in tensor.shape[1:]):
        for _ in tensor.shape[1:]:
            found = [row[0] for row in found]
    return list(found)
