"""Facts of one run that a comparison puts beside those of others."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.inspection.comparison.evaluations import Metric
from mlops_pipeline.inspection.comparison.run_records import Link, NodeRecord, RunRecord
from mlops_pipeline.store import ArtifactRecord, State

KINDS = (
    "model",
    "data",
    "code",
    "parameter",
    "package",
    "carry-over",
    "metric",
    "verdict",
    "decision",
    "duration",
)
"""The kinds of facts, in the order in which a comparison lists them."""

CAUSES = ("data", "code", "parameter", "package", "carry-over")
"""The kinds of facts that can make two models differ, the likeliest first."""

MANIFEST = ("code", "package")
"""The kinds of facts that are known from the cache key of a node only."""

EXAMPLES, MODEL, BLESSING = "Examples", "Model", "ModelBlessing"


@dataclass(frozen=True)
class Fact:
    """One fact of a run.

    Args:
        key: what has to be equal for two runs to agree.
        nodes: the nodes that it is about; none for the whole run.
        document: digest under which the store keeps the source of a part of the code.
        metric: the metric that it is.
    """

    value: Any
    key: Any
    nodes: frozenset[str] = frozenset()
    document: str = ""
    metric: Metric | None = None


Facts = dict[tuple[str, str], Fact]


@dataclass(frozen=True)
class RunFacts:
    """The facts of a run, by kind and name.

    Args:
        known: nodes of which facts of a kind are known; of another one, nothing can be missing.
        toward_model: nodes that made a model, and those that they depended on.
    """

    record: RunRecord
    facts: Facts
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    toward_model: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    def knows(self, kind: str, nodes: frozenset[str]) -> bool:
        """Return True if a fact about these nodes would be there, if it were so."""
        if kind == "decision" or not nodes:
            return True
        return bool(nodes & self.known.get(kind, frozenset()))


def facts_of(record: RunRecord, metrics: Sequence[Metric], problems: Sequence[str]) -> RunFacts:
    """Collect the facts of a run."""
    facts: Facts = {}
    for name, value in _items(record.run.parameters):
        facts["parameter", name] = Fact(value, comparison_key(value))
    with_manifest: set[str] = set()
    for node in record.nodes.values():
        for kind, name, fact in _of_node(node):
            facts[kind, name] = fact
        parts = _manifest(node)
        if parts:
            with_manifest.add(node.name)
            _add_manifest(facts, node, parts)
    if record.seconds is not None:
        facts["duration", "whole run"] = Fact(record.seconds, record.seconds)
    for metric in metrics:
        place = frozenset({metric.evaluation})
        facts["metric", metric_name(metric)] = Fact(
            metric.value, comparison_key(metric.value), place, metric=metric
        )
    ran = frozenset(n.name for n in record.nodes.values() if n.execution.state is not State.SKIPPED)
    known = dict.fromkeys(KINDS, ran) | dict.fromkeys(MANIFEST, frozenset(with_manifest))
    published = [n.name for n in record.nodes.values() if n.execution.published]
    known["data"] = known["model"] = frozenset(published)
    known["metric"] = frozenset(metric.evaluation for metric in metrics)
    return RunFacts(record, facts, known, _toward_model(record), tuple(problems))


def metric_name(metric: Metric) -> str:
    """Return the name of a row of metrics: `Evaluator: auc, country=DE`."""
    where = "".join(f", {key}={value}" for key, value in metric.where)
    label = f"{metric.evaluation}: " if metric.evaluation else ""
    return f"{label}{metric.name}{where}"


def comparison_key(value: Any) -> Any:
    """Return what is equal for equal values: NaN equals NaN, and True is no 1."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ("constant", value)
    if isinstance(value, int | float):
        return "NaN" if isinstance(value, float) and math.isnan(value) else value
    try:
        return ("json", json.dumps(value, sort_keys=True, default=str))
    except (ValueError, TypeError, RecursionError):
        return ("text", repr(type(value)))


def _items(values: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping):
        yield from ((str(name), value) for name, value in values.items())


def _of_node(node: NodeRecord) -> Iterator[tuple[str, str, Fact]]:
    about = frozenset({node.name})
    yield "decision", node.name, Fact(node.decision, node.decision, about)
    if node.decision == "run" and node.seconds is not None:
        yield "duration", node.name, Fact(node.seconds, node.seconds, about)
    for name, value in _items(node.execution.parameters):
        yield "parameter", f"{node.name}.{name}", Fact(value, comparison_key(value), about)
    reads_examples = any(link.artifact.type == EXAMPLES for link in node.inputs)
    is_source = not node.inputs
    counts: dict[str, int] = {}
    for link in node.outputs:
        counts[link.key] = counts.get(link.key, 0) + 1
    for link in node.outputs if node.execution.published else ():
        place = f"[{link.index}]" if counts[link.key] > 1 else ""
        name, kind = f"{node.name}.{link.key}{place}", link.artifact.type
        if link.maker and kind in (MODEL, BLESSING):
            yield "carry-over", name, _carried_fact([link], about)
        elif kind == MODEL:
            yield "model", name, _artifact_fact(link.artifact, about)
        elif kind == BLESSING:
            blessed = link.artifact.properties.get("blessed") in (1, "INFRA_BLESSED")
            yield "verdict", name, Fact("blessed" if blessed else "not blessed", blessed, about)
        elif (kind == EXAMPLES and not reads_examples) or (is_source and kind not in _NO_DATA):
            yield "data", name, _artifact_fact(link.artifact, about)
    yield from _carried(node)


_NO_DATA = (
    *("Integer", "Float", "String", "Boolean", "JsonValue", "Bytes"),
    *("ModelEvaluation", "InfraBlessing", "ModelRun", "PushedModel", "TunerResults"),
)
"""Types of what a node without inputs may write and that is no data."""


def _carried(node: NodeRecord) -> Iterator[tuple[str, str, Fact]]:
    """Yield the inputs that were made by other runs; a node that only hands them on has none."""
    written = {link.artifact.id for link in node.outputs}
    found: dict[str, list[Link]] = {}
    for link in node.inputs:
        if link.maker and link.artifact.id not in written:
            found.setdefault(link.key, []).append(link)
    for key, links in found.items():
        fact = _carried_fact(links, frozenset({node.name}))
        yield "carry-over", f"{node.name}.{key}", fact


def _carried_fact(links: Sequence[Link], about: frozenset[str]) -> Fact:
    value = [{**artifact_facts(link.artifact), "run": link.maker} for link in links]
    return Fact(value, tuple(_content(link.artifact) for link in links), about)


def _artifact_fact(record: ArtifactRecord, about: frozenset[str]) -> Fact:
    return Fact(artifact_facts(record), _content(record), about)


def _content(record: ArtifactRecord) -> str:
    return record.digest or f"#{record.id}"


def artifact_facts(record: ArtifactRecord) -> dict[str, Any]:
    """Return an artifact as a comparison shows it: number, type, digest, rows, span."""
    facts: dict[str, Any] = {"artifact": record.id, "type": record.type, "digest": record.digest}
    counts = record.properties.get("num_examples")
    if isinstance(counts, Mapping):
        facts["rows"] = {str(name): count for name, count in counts.items()}
    for name in ("span", "version"):
        if name in record.properties:
            facts[name] = record.properties[name]
    return facts


def _manifest(node: NodeRecord) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the parts of a node's cache key and its sources; None where they cannot be read."""
    try:
        data = json.loads(node.execution.manifest or "null")
    except (ValueError, RecursionError):
        return None
    parts = data.get("parts") if isinstance(data, dict) else None
    if not isinstance(parts, dict):
        return None
    sources = data.get("sources")
    return parts, sources if isinstance(sources, dict) else {}


def _add_manifest(
    facts: Facts, node: NodeRecord, manifest: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> None:
    parts, sources = manifest
    about = frozenset({node.name})
    for name, digest in _items(parts.get("code")):
        fact = Fact(str(digest)[:12], str(digest), about, str(sources.get(name, "")))
        _add_shared(facts, ("code", name), fact)
    for name, version in _items(parts.get("packages")):
        _add_shared(facts, ("package", name), Fact(version, comparison_key(version), about))
    if lock := parts.get("lock"):
        _add_shared(facts, ("package", "lock file"), Fact(str(lock)[:12], str(lock), about))
    for part, kind in (("executor", "package"), ("component", "code"), ("salt", "parameter")):
        if value := parts.get(part):
            facts[kind, f"{node.name} ({part})"] = Fact(value, comparison_key(value), about)
    for name, value in _items(parts.get("parameters")):
        if '"content"' in (text := json.dumps(value, sort_keys=True)):
            shown = {"digest": _digest_in(value), "path": node.execution.parameters.get(name)}
            facts["data", f"{node.name}.{name}"] = Fact(shown, text, about)


def _digest_in(value: Any) -> str:
    return str(value.get("content", ""))[:12] if isinstance(value, dict) else ""


def _add_shared(facts: Facts, place: tuple[str, str], fact: Fact) -> None:
    """Add a fact that several nodes share, or beside it one on which they do not agree."""
    known = facts.get(place)
    if known is None:
        facts[place] = fact
    elif known.key == fact.key:
        nodes = known.nodes | fact.nodes
        facts[place] = Fact(known.value, known.key, nodes, known.document)
    else:
        facts[place[0], f"{place[1]} of {', '.join(fact.nodes)}"] = fact


def _toward_model(record: RunRecord) -> frozenset[str]:
    makers: dict[int, str] = {}
    frontier: set[str] = set()
    for node in record.nodes.values():
        read = {link.artifact.id for link in node.inputs}
        for link in node.outputs:
            if link.artifact.id not in read:
                makers.setdefault(link.artifact.id, node.name)
            if link.artifact.type == MODEL and not link.maker:
                frontier.add(node.name)
    found: set[str] = set()
    while frontier:
        found |= frontier
        inputs = {link.artifact.id for name in frontier for link in record.nodes[name].inputs}
        frontier = {makers[each] for each in inputs if each in makers} - found
    return frozenset(found)
