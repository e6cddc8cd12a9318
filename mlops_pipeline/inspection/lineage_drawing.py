"""Lineage as text: a tree for the terminal, Graphviz DOT and Mermaid for documents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from mlops_pipeline.inspection.console import one_line
from mlops_pipeline.inspection.lineage import Lineage
from mlops_pipeline.inspection.results import node_name
from mlops_pipeline.store import ArtifactRecord, Direction, Event, Execution

FOLD = 6
"""Alike branches that a tree shows in full; of more it shows three and a count."""

Kind = Literal["artifact", "execution"]
_Item = tuple[str, str, "_Ref"]


@dataclass(frozen=True)
class _Ref:
    kind: Kind
    id: int


def tree(lineage: Lineage) -> str:
    """Return a tree that starts at the start of the walk; what appears twice is drawn once."""
    branches = _branches(lineage)
    roots = [("", _label(lineage, ref), ref) for ref in _roots(lineage)]
    lines: list[str] = []
    drawn: set[_Ref] = set()
    # Not recursive: chains of warm starts are deeper than Python's stack.
    stack = [("", "", item) for item in reversed(roots)]
    while stack:
        prefix, joint, (_, text, ref) = stack.pop()
        again = ref in drawn and bool(branches[ref])
        lines.append(f"{prefix}{joint}{text}{' (see above)' if again else ''}")
        if again or ref in drawn:
            continue
        drawn.add(ref)
        below = prefix + {"": "", "├─ ": "│  ", "└─ ": "   "}[joint]
        items = _folded(branches[ref])
        for index, item in reversed(list(enumerate(items))):
            stack.append((below, "└─ " if index == len(items) - 1 else "├─ ", item))
    if not lineage.whole:
        lines.append("… more follows: ask for more levels")
    return "\n".join(lines)


def dot(lineage: Lineage) -> str:
    """Return a Graphviz graph: boxes are executions, rounded ones artifacts."""
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for artifact in lineage.artifacts.values():
        text = _quoted(f"{artifact.type} #{artifact.id}")
        lines.append(f"  a{artifact.id} [label={text}, shape=box, style=rounded];")
    for execution in lineage.executions.values():
        text = _quoted(f"{node_name(execution)}\nrun {execution.run_id}")
        lines.append(
            f"  e{execution.id} [label={text}, shape=box, style=filled, fillcolor=lightgrey];"
        )
    for event in lineage.events:
        source, target = _ends(event)
        lines.append(f"  {source} -> {target} [label={_quoted(event.key)}];")
    return "\n".join([*lines, "}"])


def mermaid(lineage: Lineage) -> str:
    """Return a Mermaid flowchart: boxes are executions, rounded ones artifacts."""
    lines = ["flowchart LR"]
    for artifact in lineage.artifacts.values():
        lines.append(f'  a{artifact.id}(["{mermaid_text(artifact.type)} #35;{artifact.id}"])')
    for execution in lineage.executions.values():
        name, run = mermaid_text(node_name(execution)), mermaid_text(execution.run_id)
        lines.append(f'  e{execution.id}["{name}<br/>run {run}"]')
    for event in lineage.events:
        source, target = _ends(event)
        lines.append(f'  {source} -->|"{mermaid_text(event.key)}"| {target}')
    return "\n".join(lines)


def _roots(lineage: Lineage) -> list[_Ref]:
    refs = [_Ref("artifact", i) for i in lineage.start.artifacts if i in lineage.artifacts]
    return refs + [
        _Ref("execution", i) for i in lineage.start.executions if i in lineage.executions
    ]


def _branches(lineage: Lineage) -> dict[_Ref, list[_Item]]:
    """Return the items below each artifact and execution: (group, text, reference)."""
    branches: dict[_Ref, list[_Item]] = defaultdict(list)
    leave = Direction.INPUT if lineage.upstream else Direction.OUTPUT
    ordered = sorted(lineage.events, key=lambda e: (e.execution_id, e.key, e.index))
    for event in ordered:
        artifact = _Ref("artifact", event.artifact_id)
        execution = _Ref("execution", event.execution_id)
        if event.direction is leave:
            text = f"{event.key}: {_label(lineage, artifact)}"
            branches[execution].append((event.key, text, artifact))
        else:
            text = _label(lineage, execution)
            branches[artifact].append((_group(lineage, execution.id), text, execution))
    return branches


def _group(lineage: Lineage, execution_id: int) -> str:
    execution = lineage.executions.get(execution_id)
    return f"{execution.run_id}/{execution.node_id}" if execution else ""


def _folded(items: list[_Item]) -> list[_Item]:
    """Return the branches, of which many alike are cut to three and a count."""
    groups: dict[str, list[_Item]] = defaultdict(list)
    for item in items:
        groups[item[0]].append(item)
    shown: list[_Item] = []
    for name, members in groups.items():
        if len(members) <= FOLD:
            shown += members
            continue
        rest = f"… {len(members) - 3} more of {name}"
        shown += [*members[:3], (name, rest, _Ref("artifact", 0))]
    return shown


def _label(lineage: Lineage, ref: _Ref) -> str:
    if ref.kind == "artifact":
        artifact = lineage.artifacts.get(ref.id)
        return _artifact_text(artifact) if artifact else f"artifact #{ref.id} (not in the store)"
    execution = lineage.executions.get(ref.id)
    return _execution_text(execution) if execution else f"execution #{ref.id} (not in the store)"


def _artifact_text(artifact: ArtifactRecord) -> str:
    state = "" if artifact.state == "LIVE" else f" {artifact.state.lower()}"
    damage = f" damaged: {one_line(artifact.damage, 100)}" if artifact.damage else ""
    return f"{artifact.type or 'artifact'} #{artifact.id}{state}{damage}"


def _execution_text(execution: Execution) -> str:
    state = "" if execution.state == "COMPLETE" else f" · {execution.state.lower()}"
    damage = f" · damaged: {one_line(execution.damage, 100)}" if execution.damage else ""
    name = node_name(execution) or f"execution #{execution.id}"
    return f"{name} · run {execution.run_id}{state}{damage}"


def _ends(event: Event) -> tuple[str, str]:
    artifact, execution = f"a{event.artifact_id}", f"e{event.execution_id}"
    return (artifact, execution) if event.direction is Direction.INPUT else (execution, artifact)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def mermaid_text(text: str) -> str:
    """Escape a text for Mermaid, which knows entity codes and no backslashes."""
    return "".join(c if c.isalnum() or c in " _-./,[]" else f"#{ord(c)};" for c in text)
