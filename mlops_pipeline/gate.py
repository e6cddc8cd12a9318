"""Gates: decisions of a component about the nodes after it.

The body of a component says it (`current_task().gate("skip", "3 anomalies")`), the publisher
records it with the outputs in one transaction, and the driver of each node downstream reads it
there. So it holds in any process, and in a result that is taken from the cache.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from mlops_pipeline.errors import ExecutorError, did_you_mean

GATE = "gate"
"""Execution property that holds a gate."""

WARN, SKIP, FAIL = "warn", "skip", "fail"

ACTIONS = (WARN, SKIP, FAIL)
"""Actions of a gate, the mildest first: warn, skip the nodes after it, or fail."""

KEPT = 100
"""Largest number of findings that are kept; those of the strictest action first."""

_LONGEST = 500


class Finding(Struct, frozen=True):
    """One reason for a gate, and what it asks for: `warn`, `skip` or `fail`."""

    action: str
    reason: str


class Gate(Struct, frozen=True, omit_defaults=True):
    """Findings of a node; the strictest of them decides.

    Args:
        node: the node of the gate, with its iteration: `Validator[0]`.
    """

    findings: tuple[Finding, ...]
    node: str = ""

    @property
    def action(self) -> str:
        """Action of the strictest finding: `warn`, `skip` or `fail`."""
        return max((f.action for f in self.findings), key=ACTIONS.index)

    @property
    def reasons(self) -> list[str]:
        """Reasons for that action."""
        return [f.reason for f in self.findings if f.action == self.action]

    def __str__(self) -> str:
        first, *others = self.reasons
        return f"{first} (and {len(others)} more)" if others else first

    def properties(self) -> dict[str, Any]:
        """Return the properties that an execution keeps of it."""
        return {GATE: msgspec.to_builtins(self)}


def finding(action: str, reason: str) -> Finding:
    """Return one finding.

    Raises:
        ExecutorError: there is no such action, or the reason is empty.
    """
    if action not in ACTIONS:
        raise ExecutorError(
            f"a gate cannot {action!r}", hint=did_you_mean(action, ACTIONS), retryable=False
        )
    if not reason.strip():
        raise ExecutorError(
            f"a gate was to {action} without a reason", hint="say what is wrong", retryable=False
        )
    return Finding(action, reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}...")


def gate_from(findings: Iterable[Finding]) -> Gate | None:
    """Return the gate that these findings make; None if there are none."""
    ordered = sorted(findings, key=lambda each: -ACTIONS.index(each.action))
    return Gate(tuple(ordered[:KEPT])) if ordered else None


def read_gate(properties: Mapping[str, Any]) -> Gate | None:
    """Return the gate in the properties of an execution, if there is one."""
    found = properties.get(GATE)
    if found is None:
        return None
    # Two threads that are the first to read a type with msgspec end the process (SIGSEGV).
    with _READING:
        return msgspec.convert(found, Gate)


_READING = threading.Lock()


def closes(properties: Mapping[str, Any]) -> bool:
    """Return True if the nodes after an execution with these properties are to be skipped."""
    gate = read_gate(properties)
    return gate is not None and gate.action == SKIP


def gate_data(gate: Gate | None) -> dict[str, Any] | None:
    """Return a gate as data for JSON."""
    return None if gate is None else {"action": gate.action, **msgspec.to_builtins(gate)}
