"""A run as a card of HTML for notebooks: no scripts, no links to elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.gate import Gate
from mlops_pipeline.inspection.console import one_line, seconds
from mlops_pipeline.store import Execution, State

# Read on light and on dark backgrounds, so the card keeps to one hue a state and inherits the rest.
COLOURS = {
    State.COMPLETE: "#2e9e5b",
    State.CACHED: "#3b82c4",
    State.SKIPPED: "#8a8f98",
    State.FAILED: "#d64545",
    State.CANCELED: "#c98a1b",
    State.RUNNING: "#c98a1b",
}


class NodeFacts(Protocol):
    """Facts about a node for a card."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def decision(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def duration(self) -> float: ...
    @property
    def outputs(self) -> Mapping[str, Sequence[Artifact]]: ...
    @property
    def execution(self) -> Execution: ...
    @property
    def gate(self) -> Gate | None: ...


class RunFacts(Protocol):
    """Facts about a run for a card."""

    @property
    def id(self) -> str: ...
    @property
    def pipeline(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def duration(self) -> float: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def failed(self) -> Sequence[NodeFacts]: ...
    def __iter__(self) -> Iterator[NodeFacts]: ...


def card(run: RunFacts) -> str:
    """Return the HTML of a run: what it was, its nodes with times, and why it failed."""
    rows = "".join(_row(node, run.duration) for node in run)
    parameters = "".join(
        f"<code>{escape(name)}={escape(one_line(value))}</code> "
        for name, value in run.parameters.items()
    )
    return (
        '<div style="border:1px solid #8884;border-radius:8px;padding:12px 16px;'
        'max-width:60em;font-size:13px">'
        f'<div style="font-size:15px"><b>{escape(run.pipeline)}</b> {_badge(run.state)} '
        f'<span style="opacity:.7">run {escape(run.id)} · {seconds(run.duration)}</span></div>'
        f'<div style="margin:4px 0 8px">{parameters}</div>'
        '<table style="width:100%;border-collapse:collapse;color:inherit;font-size:inherit">'
        '<tr style="text-align:left">'
        "<th>node</th><th></th><th>time</th><th></th><th>outputs</th></tr>"
        f"{rows}</table>{''.join(_gate(node) for node in run)}"
        f"{''.join(_error(node) for node in run.failed)}</div>"
    )


def _row(node: NodeFacts, whole: float) -> str:
    share = min(100.0, 100 * node.duration / whole) if whole else 0.0
    bar = (
        f'<div style="width:{share:.0f}%;min-width:1px;height:8px;border-radius:2px;'
        f'background:{COLOURS[node.state]}"></div>'
    )
    outputs = ", ".join(
        f'<span title="{escape(artifact.uri)}">{escape(key)}</span>'
        for key, artifacts in node.outputs.items()
        for artifact in artifacts[:1]
    )
    cells = (
        f'<td title="{escape(node.reason)}">{escape(node.name)}</td>',
        f"<td>{_badge(node.state, node.decision)}</td>",
        f'<td style="text-align:right">{seconds(node.duration)}</td>',
        f'<td style="width:25%">{bar}</td>',
        f"<td>{outputs}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _badge(state: State, text: str = "") -> str:
    return (
        f'<span style="color:#fff;background:{COLOURS[state]};border-radius:4px;padding:1px 6px">'
        f"{escape(text or state.value.lower())}</span>"
    )


def _gate(node: NodeFacts) -> str:
    """Return the gate of a node as HTML; a failed one is shown as an error instead."""
    if node.gate is None or not node.state.succeeded:
        return ""
    said = "".join(f"<li>{escape(f'{f.action}: {f.reason}')}</li>" for f in node.gate.findings)
    return (
        f'<details style="margin-top:8px"><summary><b>{escape(node.name)}</b>: '
        f"{escape(f'{node.gate.action}: {node.gate}')}</summary><ul>{said}</ul></details>"
    )


def _error(node: NodeFacts) -> str:
    details = node.execution.details
    tail = f"<pre style='white-space:pre-wrap'>{escape(details)}</pre>" if details else ""
    return (
        f'<details style="margin-top:8px"><summary><b>{escape(node.name)}</b>: '
        f"{escape(node.execution.error)}</summary>{tail}</details>"
    )
