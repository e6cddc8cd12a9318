"""A run as a card of HTML for notebooks: no scripts, no links to elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from mlops_pipeline.inspection.console import one_line, seconds
from mlops_pipeline.inspection.node_run import NodeRun
from mlops_pipeline.store import Run, State

# They turn a text around, or end it where others see more of it.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# Read on light and on dark backgrounds, so the card keeps to one hue a state and inherits the rest.
COLOURS = {
    State.COMPLETE: "#2e9e5b",
    State.CACHED: "#3b82c4",
    State.SKIPPED: "#8a8f98",
    State.FAILED: "#d64545",
    State.CANCELED: "#c98a1b",
    State.RUNNING: "#c98a1b",
}


def card(run: Run, state: State, duration: float, nodes: Sequence[NodeRun]) -> str:
    """Return the HTML of a run: what it was, its nodes with times, and why it failed.

    Args:
        state: the state as it is, where the store still has a dead run as running.
        duration: seconds.
    """
    rows = "".join(_row(node, duration) for node in nodes)
    failed = [node for node in nodes if node.state is State.FAILED]
    parameters = "".join(
        f"<code>{escape(name)}={escape(one_line(value))}</code> "
        for name, value in run.parameters.items()
    )
    html = (
        '<div style="border:1px solid #8884;border-radius:8px;padding:12px 16px;'
        'max-width:60em;font-size:13px">'
        f'<div style="font-size:15px"><b>{escape(run.pipeline)}</b> {_badge(state)} '
        f'<span style="opacity:.7">run {escape(run.id)} · {seconds(duration)}</span></div>'
        f'<div style="margin:4px 0 8px">{parameters}</div>'
        '<table style="width:100%;border-collapse:collapse;color:inherit;font-size:inherit">'
        '<tr style="text-align:left">'
        "<th>node</th><th></th><th>time</th><th></th><th>outputs</th></tr>"
        f"{rows}</table>{''.join(_gate(node) for node in nodes)}"
        f"{''.join(_error(node) for node in failed)}</div>"
    )
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], html)


def _row(node: NodeRun, whole: float) -> str:
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


def _gate(node: NodeRun) -> str:
    """Return the gate of a node as HTML; a failed one is shown as an error instead."""
    if node.gate is None or not node.state.succeeded:
        return ""
    said = "".join(f"<li>{escape(f'{f.action}: {f.reason}')}</li>" for f in node.gate.findings)
    return (
        f'<details style="margin-top:8px"><summary><b>{escape(node.name)}</b>: '
        f"{escape(f'{node.gate.action}: {node.gate}')}</summary><ul>{said}</ul></details>"
    )


def _error(node: NodeRun) -> str:
    details = node.execution.details
    tail = f"<pre style='white-space:pre-wrap'>{escape(details)}</pre>" if details else ""
    return (
        f'<details style="margin-top:8px"><summary><b>{escape(node.name)}</b>: '
        f"{escape(node.execution.error)}</summary>{tail}</details>"
    )
