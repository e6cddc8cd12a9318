"""A request as it goes into the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OK = "ok"
"""Status of a request that was answered."""

RowValues = Mapping[str, Callable[[], Sequence[Any]]]
"""Functions by feature or output that give its values, one a row; called by the log's thread."""


@dataclass(frozen=True)
class RequestRecord:
    """A request for predictions, and its answer.

    Args:
        at: seconds since 1970 when it was answered.
        key: whose request it is, as the client says; only its pseudonym is kept.
        rollout: the salt of the routing table, which is the name of the rollout; empty for none.
        assigned: the version that the arm has; `version` the one that answered, 0 for the rule.
        status: `OK`, or the kind of failure.
        seconds: until the answer.
        shadow: True for the answer of a shadow, which nobody got.
        probability: with which requests of this key are logged.
        size: bytes that its values hold until they are written.
    """

    model: str
    request_id: str
    at: float
    key: str = ""
    rollout: str = ""
    arm: str = "champion"
    generation: int = 0
    assigned: int = 0
    version: int = 0
    fallback: str = ""
    status: str = OK
    seconds: float = 0.0
    shadow: bool = False
    probability: float = 1.0
    inputs: RowValues = field(default_factory=dict, repr=False)
    outputs: RowValues = field(default_factory=dict, repr=False)
    size: int = 0
