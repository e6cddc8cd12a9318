"""The report of a run: tables of nodes and metrics, the blessing, the pushed model."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.cache import why_node as explain
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.gate import FAIL, SKIP, gate_data
from mlops_pipeline.inspection.console import (
    DECISIONS,
    Screen,
    Table,
    lines,
    number,
    one_line,
    seconds,
)
from mlops_pipeline.inspection.node_run import NodeRun
from mlops_pipeline.inspection.results import KILLED, PipelineRun
from mlops_pipeline.store import MetadataStore, State

METRICS_FILE = "metrics.json"
"""File that an evaluation writes for reports, beside its own format:
`{"overall": {metric: value}, "slices": [{"slice": {feature: value}, "metrics": {...}}]}`."""

REPORTED = (
    "TunerResults",
    "ModelRun",
    "ModelEvaluation",
    "ExampleAnomalies",
    "ModelBlessing",
    "InfraBlessing",
    "PushedModel",
)
"""Types of artifacts that a report describes, in this order."""

EXPLAINED = 12
"""Largest number of nodes for which a report looks up the cause."""

FINDINGS = 10
"""Largest number of a gate's reasons in a report."""

FOLD = 4
"""Largest number of a node's iterations that are listed one by one; more are one row."""


def run_report(
    run: PipelineRun, screen: Screen, causes: Mapping[str, str] | None = None
) -> list[str]:
    """Return the report at the end of a run, as lines.

    Args:
        causes: better reasons than the recorded ones, by the names of nodes.
    """
    blocks = [[headline(run, screen)], node_lines(run, screen, causes or {})]
    reported = [
        (n, artifact) for n in run for artifact in _written(n) if artifact.TYPE_NAME in REPORTED
    ]
    for node, artifact in sorted(reported, key=lambda pair: REPORTED.index(pair[1].TYPE_NAME)):
        blocks.append(_block(node, artifact, screen))
    blocks += [gate_lines(node, screen) for node in run if node.state.succeeded]
    blocks += [error_lines(node, screen) for node in run.failed]
    blocks.append(damage_lines(run.damage, screen))
    full = [block for block in blocks if block]
    return list(itertools.chain.from_iterable([*block, ""] for block in full))[:-1]


def damage_lines(damage: Sequence[str], screen: Screen) -> list[str]:
    """Return what of records is not as it should be, a line each."""
    return [f"{screen.paint('damaged:', 'red')} {one_line(each, 200)}" for each in damage]


def headline(run: PipelineRun, screen: Screen) -> str:
    """Return one line: the run, its state, its time, and the numbers of nodes by decision."""
    counts: dict[str, int] = {}
    for node in run:
        counts[node.decision] = counts.get(node.decision, 0) + 1
    state = screen.paint(run.state.value.lower(), DECISIONS[run.state.value.lower()])
    summary = ", ".join(f"{count} {decision}" for decision, count in counts.items())
    parts = [f"run {run.id} of {run.pipeline}: {state}", seconds(run.duration), summary]
    return " · ".join(part for part in parts if part)


def causes(store: MetadataStore, run: PipelineRun) -> dict[str, str]:
    """Look up what had changed for each node that ran, if they are few: it takes time."""
    ran = [node for node in run if node.decision == "run" and node.execution.manifest]
    causes = {}
    for node in ran if len(ran) <= EXPLAINED else ():
        why = explain(store, run.id, node.execution.node_id, node.execution.iteration)
        if why.previous is None:
            causes[node.name] = "first run"
        elif why.changes:
            more = f", and {len(why.changes) - 1} more" if len(why.changes) > 1 else ""
            causes[node.name] = f"{why.changes[0]}{more}"
    return causes


def node_lines(run: PipelineRun, screen: Screen, causes: Mapping[str, str]) -> list[str]:
    """Return the table of nodes; many iterations of one node become one row."""
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
    """Return the index of the node's first iteration, to keep its iterations together."""
    return next(i for i, n in enumerate(run) if n.execution.node_id == node.execution.node_id)


def _row(node: NodeRun, reason: str) -> tuple[str, str, str, str]:
    tries = f" ({node.attempts} attempts)" if node.attempts > 1 else ""
    text = "see below" if node.state is State.FAILED else reason
    return node.name, node.decision, seconds(node.duration), f"{text}{tries}".strip()


def _folded(nodes: Sequence[NodeRun]) -> tuple[str, str, str, str]:
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.decision] = counts.get(node.decision, 0) + 1
    name = f"{nodes[0].execution.node_id} x{len(nodes)}"
    decision = next(iter(counts)) if len(counts) == 1 else "mixed"
    parts = ", ".join(f"{count} {each}" for each, count in counts.items())
    reason = "" if len(counts) == 1 else parts
    return name, decision, seconds(sum(node.duration for node in nodes)), reason


def error_lines(node: NodeRun, screen: Screen) -> list[str]:
    """Return the error of a node: the message, the end of the traceback, the path of its log."""
    execution = node.execution
    text = [f"{screen.paint(node.name, 'bold')} failed: {execution.error}"]
    text += _findings(node)
    text += [f"  {line}" for line in execution.details.rstrip().splitlines()[-12:]]
    if execution.log:
        text.append(screen.paint(f"  output: {execution.log}", "dim"))
    return text


def gate_lines(node: NodeRun, screen: Screen) -> list[str]:
    """Return the gate of a node and its reasons, or nothing if it has none."""
    gate = node.gate
    if gate is None:
        return []
    effect = {SKIP: "skips the nodes that depend on it", FAIL: "fails"}.get(gate.action, "warns")
    text = [f"{screen.paint(node.name, 'bold')} {screen.paint(effect, 'yellow')}:"]
    return text + _findings(node)


def _findings(node: NodeRun) -> list[str]:
    findings = node.gate.findings if node.gate else ()
    text = [f"  {each.action}: {each.reason}" for each in findings[:FINDINGS]]
    more = len(findings) - FINDINGS
    return text + ([f"  and {more} more"] if more > 0 else [])


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
    if artifact.TYPE_NAME == "ExampleAnomalies":
        return [f"{node.name}: {text}" for text in verdict_reasons(artifact)]
    return [
        _blessing(node, artifact, screen),
        *(f"  {reason}" for reason in verdict_reasons(artifact)),
    ]


def verdict_reasons(artifact: Artifact) -> list[str]:
    """Return why a model is not blessed, or something was not compared, as far as it is known."""
    reasons = artifact.properties.get("reasons") or []
    lacking = artifact.properties.get("not_compared") or []
    found = [str(each) for each in reasons] if isinstance(reasons, list) else []
    if baseline := artifact.properties.get("baseline_error"):
        found.append(f"the baseline was left out: {one_line(baseline)}")
    if isinstance(lacking, list):
        found += [f"not compared: {each}" for each in lacking]
    more = len(found) - FINDINGS
    return found[:FINDINGS] + ([f"and {more} more"] if more > 0 else [])


def _training(node: NodeRun, artifact: Artifact) -> list[str]:
    """Return a line with the last metrics of a training, or nothing if it has none."""
    metrics = artifact.properties.get("metrics")
    if not isinstance(metrics, dict) or not metrics:
        return []
    return [f"{node.name}: " + ", ".join(f"{n} {number(v)}" for n, v in metrics.items())]


def _search(node: NodeRun, artifact: Artifact) -> list[str]:
    """Return a line with the score of the best trial of a search."""
    facts = artifact.properties
    if "best_score" not in facts:
        return []
    failed = f", {facts['failed']} failed" if facts.get("failed") else ""
    best = f"best {facts.get('objective', 'score')} {number(facts['best_score'])}"
    return [f"{node.name}: {best} of {facts.get('trials')} trials{failed}"]


def read_metrics(artifact: Artifact) -> Mapping[str, Any]:
    """Read the metrics that an evaluation wrote for reports; empty if there are none."""
    try:
        text = (artifact.path / METRICS_FILE).read_text(encoding="utf-8")
        data = json.loads(text)
    except (OSError, ValueError, PipelineError):
        return {}
    return data if isinstance(data, dict) else {}


def metric_lines(metrics: Mapping[str, Any], screen: Screen) -> list[str]:
    """Return a table of metrics: a row for all examples, and one for each slice."""
    overall = metrics.get("overall", {})
    if not overall:
        return []
    names = list(overall)
    rows = [("all", *(number(overall[name]) for name in names))]
    for each in metrics.get("slices", ()):
        where = ", ".join(f"{k}={one_line(v)}" for k, v in each.get("slice", {}).items())
        values = each.get("metrics", {})
        rows.append((where, *(number(values[n]) if n in values else "-" for n in names)))
    return lines(Table(("metrics", *names), rows, frozenset(names)), screen)


def _pushed(artifact: Artifact, screen: Screen) -> str:
    facts = artifact.properties
    if not facts.get("pushed", 1):
        return f"model {screen.paint('not pushed', 'yellow')}"
    target = str(facts.get("pushed_destination") or artifact.uri)
    version = str(facts.get("pushed_version", ""))
    version = f" as version {version}" if version and not target.endswith(version) else ""
    return f"model {screen.paint('pushed', 'green')} to {target}{version}"


def _blessing(node: NodeRun, artifact: Artifact, screen: Screen) -> str:
    blessed = artifact.properties.get("blessed") in (1, "INFRA_BLESSED")
    verdict = screen.paint("blessed", "green") if blessed else screen.paint("not blessed", "yellow")
    return f"{node.name}: model {verdict}"


def next_commands(run: PipelineRun, flags: str = "") -> list[tuple[str, str]]:
    """Return useful commands after a run, each with its purpose; none while the run goes on."""
    imported = "imported_from" in run.record.properties
    if run.state is State.RUNNING or (imported and run.state is not State.COMPLETE):
        return []
    if run.state is State.COMPLETE:
        made = run.artifacts("PushedModel") or run.artifacts("Model") or run.artifacts()
        last = list(run)[-1].name if len(run) else ""
        ran = next((n.name for n in reversed(list(run)) if n.decision == "run"), last)
        commands = [(f"mlops show {run.id}{flags}", "show the run, with its artifacts")]
        if ran and not imported:
            verb = "ran" if run[ran].decision == "run" else f"was {run[ran].decision}"
            name = shlex.quote(ran)
            commands.append((f"mlops why {run.id} {name}{flags}", f"explain why {ran} {verb}"))
        if made:
            what = made[-1]
            about = f"trace the sources of {what.TYPE_NAME} {what.id}"
            commands.append((f"mlops lineage {what.id}{flags}", about))
        return commands
    errors = any(node.execution.error != KILLED for node in run.failed)
    about = "continue the run, after fixing the error" if errors else "continue the run"
    commands = [(f"mlops resume {run.id}{flags}", about)]
    for node in run.failed[:1] if errors else ():
        # Brackets of an iteration mean files to some shells.
        name = shlex.quote(node.name)
        if node.gate:
            commands.append((f"mlops show {run.id} {name}{flags}", "show its findings and outputs"))
            break
        commands.append((f"mlops show {run.id} {name}{flags}", "show the whole traceback"))
        commands.append((f"mlops replay {run.id} {name} --pdb{flags}", "debug only this node"))
    return commands


def command_lines(commands: Sequence[tuple[str, str]], screen: Screen) -> list[str]:
    """Return commands as aligned lines, each with its purpose."""
    width = max((len(command) for command, _ in commands), default=0)
    return [
        f"  {screen.paint(command.ljust(width), 'cyan')}  {screen.paint(about, 'dim')}"
        for command, about in commands
    ]


def run_data(run: PipelineRun) -> dict[str, Any]:
    """Return a run as data for JSON."""
    return {
        "id": run.id,
        "pipeline": run.pipeline,
        "state": run.state.value,
        "started": run.record.started,
        "finished": run.record.finished,
        "duration": run.duration,
        "base_run": run.record.base_run,
        "parameters": dict(run.parameters),
        "damage": run.damage,
        "nodes": [node_data(node) for node in run],
    }


def node_data(node: NodeRun) -> dict[str, Any]:
    """Return a node of a run as data for JSON."""
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
        "damage": node.damage,
        "inputs": _links(node.inputs),
        "outputs": _links(node.outputs),
    }


def _links(links: Mapping[str, Sequence[Artifact]]) -> dict[str, list[dict[str, Any]]]:
    return {
        key: [artifact_data(artifact) for artifact in artifacts] for key, artifacts in links.items()
    }


def artifact_data(artifact: Artifact) -> dict[str, Any]:
    """Return an artifact as data for JSON."""
    return {
        "id": artifact.id,
        "type": artifact.TYPE_NAME,
        "uri": artifact.uri,
        "digest": artifact.digest,
        "deleted": artifact.deleted,
        "damage": artifact.damage,
        "properties": dict(artifact.properties),
    }
