"""The tables that close a run: nodes, metrics overall and by slice, where the model went."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.gate import FAIL, SKIP, gate_data
from mlops_pipeline.results import KILLED, NodeRun, PipelineRun
from mlops_pipeline.store import MetadataStore, State
from mlops_pipeline.tables import DECISIONS, Screen, Table, lines
from mlops_pipeline.text import number, seconds, shown
from mlops_pipeline.why import why as explain

METRICS_FILE = "metrics.json"
"""What an evaluation leaves for reports, beside its own format:
`{"overall": {metric: value}, "slices": [{"slice": {feature: value}, "metrics": {...}}]}`."""

SPOKEN = (
    "TunerResults",
    "ModelRun",
    "ModelEvaluation",
    "ModelBlessing",
    "InfraBlessing",
    "PushedModel",
)
"""Types of artifacts that a report says more of, in this order."""

EXPLAINED = 12
"""Nodes whose causes are looked up for a report."""

FOUND = 10
"""Reasons of a gate that a report lists."""

FOLD = 4
"""Iterations of a node that are listed one by one; more are one row."""


def run_report(
    run: PipelineRun, screen: Screen, causes: Mapping[str, str] | None = None
) -> list[str]:
    """Everything to say at the end of a run, as lines.

    Args:
        causes: why nodes ran, by their names, where that is known better than by their reasons.
    """
    blocks = [[headline(run, screen)], node_lines(run, screen, causes or {})]
    spoken = [
        (n, artifact) for n in run for artifact in _written(n) if artifact.TYPE_NAME in SPOKEN
    ]
    for node, artifact in sorted(spoken, key=lambda pair: SPOKEN.index(pair[1].TYPE_NAME)):
        blocks.append(_block(node, artifact, screen))
    blocks += [gate_lines(node, screen) for node in run if node.state.succeeded]
    blocks += [error_lines(node, screen) for node in run.failed]
    full = [block for block in blocks if block]
    return list(itertools.chain.from_iterable([*block, ""] for block in full))[:-1]


def headline(run: PipelineRun, screen: Screen) -> str:
    """One line: the run, its state, its time, and how many nodes ran or were cached."""
    counts: dict[str, int] = {}
    for node in run:
        counts[node.decision] = counts.get(node.decision, 0) + 1
    state = screen.paint(run.state.value.lower(), DECISIONS[run.state.value.lower()])
    said = ", ".join(f"{count} {decision}" for decision, count in counts.items())
    parts = [f"run {run.id} of {run.pipeline}: {state}", seconds(run.duration), said]
    return " · ".join(part for part in parts if part)


def causes(store: MetadataStore, run: PipelineRun) -> dict[str, str]:
    """What had changed for each node that ran, if only some did: looking it up takes time."""
    ran = [node for node in run if node.decision == "run" and node.execution.manifest]
    found = {}
    for node in ran if len(ran) <= EXPLAINED else ():
        why = explain(store, run.id, node.execution.node_id, node.execution.iteration)
        if why.previous is None:
            found[node.name] = "first run"
        elif why.changes:
            more = f", and {len(why.changes) - 1} more" if len(why.changes) > 1 else ""
            found[node.name] = f"{why.changes[0]}{more}"
    return found


def node_lines(run: PipelineRun, screen: Screen, causes: Mapping[str, str]) -> list[str]:
    """The table of nodes, with many iterations of one node in one row."""
    rows: list[tuple[str, str, str, str]] = []
    for _, group in itertools.groupby(
        sorted(run, key=lambda n: _first(run, n)), key=lambda n: n.execution.node_id
    ):
        members = list(group)
        rows += (
            [_folded(members)]
            if len(members) > FOLD
            else [_row(node, causes.get(node.name, node.reason)) for node in members]
        )
    if not rows:
        return []
    heading = ("node", "decision", "time", "reason")
    styles = {"decision": DECISIONS}
    return lines(Table(heading, rows, frozenset({"time"}), styles=styles), screen)


def _first(run: PipelineRun, node: NodeRun) -> int:
    """Where the first iteration of the node stands, so that all stand together."""
    return next(i for i, n in enumerate(run) if n.execution.node_id == node.execution.node_id)


def _row(node: NodeRun, reason: str) -> tuple[str, str, str, str]:
    tries = f" ({node.attempts} attempts)" if node.attempts > 1 else ""
    said = "see below" if node.state is State.FAILED else reason
    return node.name, node.decision, seconds(node.duration), f"{said}{tries}".strip()


def _folded(nodes: Sequence[NodeRun]) -> tuple[str, str, str, str]:
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.decision] = counts.get(node.decision, 0) + 1
    name = f"{nodes[0].execution.node_id} x{len(nodes)}"
    decision = next(iter(counts)) if len(counts) == 1 else "mixed"
    said = "" if len(counts) == 1 else ", ".join(f"{n} {what}" for what, n in counts.items())
    return name, decision, seconds(sum(node.duration for node in nodes)), said


def error_lines(node: NodeRun, screen: Screen) -> list[str]:
    """Why a node failed: the message, the end of the traceback, and where its output is."""
    execution = node.execution
    text = [f"{screen.paint(node.name, 'bold')} failed: {execution.error}"]
    text += _found(node)
    text += [f"  {line}" for line in execution.details.rstrip().splitlines()[-12:]]
    if execution.log:
        text.append(screen.paint(f"  output: {execution.log}", "dim"))
    return text


def gate_lines(node: NodeRun, screen: Screen) -> list[str]:
    """What a node said about the nodes after it, if it did."""
    gate = node.gate
    if gate is None:
        return []
    meant = {SKIP: "skips what depends on it", FAIL: "fails"}.get(gate.action, "warns")
    text = [f"{screen.paint(node.name, 'bold')} {screen.paint(meant, 'yellow')}:"]
    return text + _found(node)


def _found(node: NodeRun) -> list[str]:
    findings = node.gate.findings if node.gate else ()
    text = [f"  {each.action}: {each.reason}" for each in findings[:FOUND]]
    return text + ([f"  and {len(findings) - FOUND} more"] if len(findings) > FOUND else [])


def _written(node: NodeRun) -> list[Artifact]:
    return [artifact for artifacts in node.outputs.values() for artifact in artifacts]


def _block(node: NodeRun, artifact: Artifact, screen: Screen) -> list[str]:
    if artifact.TYPE_NAME == "ModelEvaluation":
        return metric_lines(read_metrics(artifact), screen)
    if artifact.TYPE_NAME == "PushedModel":
        return [_pushed(artifact, screen)]
    if artifact.TYPE_NAME == "ModelRun":
        return _training(node, artifact)
    if artifact.TYPE_NAME == "TunerResults":
        return _search(node, artifact)
    return [_blessing(node, artifact, screen)]


def _training(node: NodeRun, artifact: Artifact) -> list[str]:
    """What a training recorded last, if it recorded anything."""
    metrics = artifact.properties.get("metrics")
    if not isinstance(metrics, dict) or not metrics:
        return []
    return [f"{node.name}: " + ", ".join(f"{n} {number(v)}" for n, v in metrics.items())]


def _search(node: NodeRun, artifact: Artifact) -> list[str]:
    """How good the best trial of a search was."""
    said = artifact.properties
    if "best_score" not in said:
        return []
    failed = f", {said['failed']} failed" if said.get("failed") else ""
    best = f"best {said.get('objective', 'score')} {number(said['best_score'])}"
    return [f"{node.name}: {best} of {said.get('trials')} trials{failed}"]


def read_metrics(artifact: Artifact) -> Mapping[str, Any]:
    """The metrics that an evaluation left for reports; empty if there are none."""
    try:
        text = (artifact.path / METRICS_FILE).read_text(encoding="utf-8")
        data = json.loads(text)
    except (OSError, ValueError, PipelineError):
        return {}
    return data if isinstance(data, dict) else {}


def metric_lines(metrics: Mapping[str, Any], screen: Screen) -> list[str]:
    """A table of metrics: a row for all, and one for each slice."""
    overall = metrics.get("overall", {})
    if not overall:
        return []
    names = list(overall)
    rows = [("all", *(number(overall[name]) for name in names))]
    for each in metrics.get("slices", ()):
        where = ", ".join(f"{k}={shown(v)}" for k, v in each.get("slice", {}).items())
        values = each.get("metrics", {})
        rows.append((where, *(number(values[n]) if n in values else "-" for n in names)))
    return lines(Table(("metrics", *names), rows, frozenset(names)), screen)


def _pushed(artifact: Artifact, screen: Screen) -> str:
    said = artifact.properties
    if not said.get("pushed", 1):
        return f"model {screen.paint('not pushed', 'yellow')}"
    place = str(said.get("pushed_destination") or artifact.uri)
    version = str(said.get("pushed_version", ""))
    version = f" as version {version}" if version and not place.endswith(version) else ""
    return f"model {screen.paint('pushed', 'green')} to {place}{version}"


def _blessing(node: NodeRun, artifact: Artifact, screen: Screen) -> str:
    blessed = artifact.properties.get("blessed") in (1, "INFRA_BLESSED")
    verdict = screen.paint("blessed", "green") if blessed else screen.paint("not blessed", "yellow")
    return f"{node.name}: model {verdict}"


def next_commands(run: PipelineRun, flags: str = "") -> list[tuple[str, str]]:
    """Commands that lead on from a run, with what each is for; none while it runs."""
    imported = "imported_from" in run.record.properties
    if run.state is State.RUNNING or (imported and run.state is not State.COMPLETE):
        return []
    if run.state is State.COMPLETE:
        made = run.artifacts("PushedModel") or run.artifacts("Model") or run.artifacts()
        last = list(run)[-1].name if len(run) else ""
        ran = next((n.name for n in reversed(list(run)) if n.decision == "run"), last)
        commands = [(f"mlops show {run.id}{flags}", "this run again, with its artifacts")]
        if ran and not imported:
            verb = "ran" if run[ran].decision == "run" else f"was {run[ran].decision}"
            name = shlex.quote(ran)
            commands.append((f"mlops why {run.id} {name}{flags}", f"why {ran} {verb}"))
        if made:
            what = made[-1]
            about = f"what {what.TYPE_NAME} {what.id} was made from"
            commands.append((f"mlops lineage {what.id}{flags}", about))
        return commands
    mended = ", once it is mended" if any(n.execution.error != KILLED for n in run.failed) else ""
    commands = [(f"mlops resume {run.id}{flags}", f"go on from there{mended}")]
    for node in run.failed[:1] if mended else ():
        # Brackets of an iteration mean files to some shells.
        name = shlex.quote(node.name)
        if node.gate:
            commands.append((f"mlops show {run.id} {name}{flags}", "what it found and wrote"))
            break
        commands.append((f"mlops show {run.id} {name}{flags}", "the whole traceback"))
        commands.append((f"mlops replay {run.id} {name} --pdb{flags}", "debug it on its own"))
    return commands


def command_lines(commands: Sequence[tuple[str, str]], screen: Screen) -> list[str]:
    """Commands under each other, with what each is for."""
    width = max((len(command) for command, _ in commands), default=0)
    return [
        f"  {screen.paint(command.ljust(width), 'cyan')}  {screen.paint(about, 'dim')}"
        for command, about in commands
    ]


def run_data(run: PipelineRun) -> dict[str, Any]:
    """A run as data for JSON."""
    return {
        "id": run.id,
        "pipeline": run.pipeline,
        "state": run.state.value,
        "started": run.record.started,
        "finished": run.record.finished,
        "duration": run.duration,
        "base_run": run.record.base_run,
        "parameters": dict(run.parameters),
        "nodes": [node_data(node) for node in run],
    }


def node_data(node: NodeRun) -> dict[str, Any]:
    """A node of a run as data for JSON."""
    execution = node.execution
    return {
        "name": node.name,
        "id": execution.node_id,
        "iteration": list(execution.iteration),
        "state": execution.state.value,
        "decision": node.decision,
        "reason": execution.reason,
        "error": execution.error,
        "duration": node.duration,
        "attempts": node.attempts,
        "execution_id": execution.id,
        "gate": gate_data(node.gate),
        "parameters": dict(execution.parameters),
        "inputs": _links(node.inputs),
        "outputs": _links(node.outputs),
    }


def _links(links: Mapping[str, Sequence[Artifact]]) -> dict[str, list[dict[str, Any]]]:
    return {key: [artifact_data(artifact) for artifact in found] for key, found in links.items()}


def artifact_data(artifact: Artifact) -> dict[str, Any]:
    """An artifact as data for JSON."""
    return {
        "id": artifact.id,
        "type": artifact.TYPE_NAME,
        "uri": artifact.uri,
        "digest": artifact.digest,
        "properties": dict(artifact.properties),
    }
