"""Compiles a pipeline to IR: the same pipeline gives the same bytes, on every machine."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mlops_pipeline import ir
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.authoring.draft import Draft
from mlops_pipeline.authoring.pipeline_rules import PIPELINE_RULES, Problem, Written
from mlops_pipeline.authoring.pipelines import Pipeline
from mlops_pipeline.errors import ParameterError, did_you_mean
from mlops_pipeline.ir_graph import dependencies

_PROPERTY_KINDS = {int: "INT", bool: "INT", float: "DOUBLE"}


def compile_pipeline(
    pipeline: Pipeline,
    parameters: Mapping[str, Any] | None = None,
    base_dir: Path | None = None,
    on_warning: Callable[[Problem], None] | None = None,
) -> ir.PipelineIR:
    """Turn a pipeline into plain data that can be run.

    Args:
        parameters: values that replace the defaults of the run parameters.
        base_dir: what paths are relative to; the folder of the pipeline's file if left out.
        on_warning: is called with each warning: a probable mistake.

    Raises:
        DefinitionError: the pipeline is written wrongly.
        ParameterError: a parameter is unknown or of the wrong type.
    """
    written = _write(pipeline, parameters or {}, base_dir)
    for problem in _problems(written):
        if not problem.warning:
            raise problem.error()
        if on_warning is not None:
            on_warning(problem)
    return ir.PipelineIR(
        name=written.ir.name,
        nodes=tuple(written.draft.nodes[name].ir for name in written.order),
        parameters=written.ir.parameters,
        loops=written.ir.loops,
        artifact_types=written.ir.artifact_types,
        labels=written.ir.labels,
        doc=written.ir.doc,
    )


def check_pipeline(
    pipeline: Pipeline, parameters: Mapping[str, Any] | None = None, base_dir: Path | None = None
) -> list[Problem]:
    """Return all that is wrong with a pipeline as a whole, warnings too.

    Raises:
        DefinitionError: a call in it is wrong, so that there is no whole to look at.
    """
    return list(_problems(_write(pipeline, parameters or {}, base_dir)))


def _write(pipeline: Pipeline, parameters: Mapping[str, Any], base_dir: Path | None) -> Written:
    for name in parameters:
        if name not in pipeline.interface.parameters:
            raise ParameterError(
                f"pipeline {pipeline.name} has no parameter {name!r}",
                hint=did_you_mean(name, pipeline.interface.parameters),
            )
    draft = pipeline.write(base_dir, parameters)
    whole = ir.PipelineIR(
        name=pipeline.name,
        nodes=tuple(node.ir for node in draft.nodes.values()),
        parameters=tuple(draft.parameters.values()),
        loops=tuple(draft.loops.values()),
        artifact_types=tuple(_types(draft)),
        labels=pipeline.labels,
        doc=pipeline.doc,
    )
    # A name in `after` may be wrong: a rule says so.
    known = draft.nodes.keys()
    edges = {name: needed & known for name, needed in dependencies(whole).items()}
    return Written(draft, whole, edges, _topological(whole, edges))


def _problems(written: Written) -> Iterable[Problem]:
    for rule in PIPELINE_RULES:
        yield from rule(written)


def _topological(whole: ir.PipelineIR, edges: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the ids in an order in which the nodes can run, near to the user's own."""
    rank = {node.id: (node.on_exit, number) for number, node in enumerate(whole.nodes)}
    missing = {name: len(needed) for name, needed in edges.items()}
    waiting: dict[str, list[str]] = {name: [] for name in rank}
    for name, needed in edges.items():
        for producer in needed:
            waiting[producer].append(name)
    ready = [(rank[name], name) for name, count in missing.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _, name = heapq.heappop(ready)
        order.append(name)
        for consumer in waiting[name]:
            missing[consumer] -= 1
            if not missing[consumer]:
                heapq.heappush(ready, (rank[consumer], consumer))
    return order


def _types(draft: Draft) -> list[ir.ArtifactTypeIR]:
    found: dict[str, type[Artifact]] = {}
    for node in draft.nodes.values():
        for kind in node.interface.artifact_types():
            found.setdefault(kind.TYPE_NAME, kind)
    return [_type_ir(found[name]) for name in sorted(found)]


def _type_ir(kind: type[Artifact]) -> ir.ArtifactTypeIR:
    bases = [base for base in kind.__mro__[1:] if issubclass(base, Artifact)]
    return ir.ArtifactTypeIR(
        kind.TYPE_NAME,
        kind.BASE_TYPE,
        {name: _PROPERTY_KINDS.get(each, "STRING") for name, each in kind.PROPERTIES.items()},
        tuple(base.TYPE_NAME for base in bases if not base.TYPE_NAME.startswith("_")),
    )
