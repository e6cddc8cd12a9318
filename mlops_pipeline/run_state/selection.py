"""Selection of nodes for a run, and its form in the store.

Schedulers of others know parameters only, so there each run has some that are none of the
pipeline's: they are named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import CompileError, ParameterError, did_you_mean
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.ir_graph import ancestors, dependencies, descendants
from mlops_pipeline.store import Run

SELECTION = "selection"
"""Run property that says which nodes a partial run is about."""

FORCE, FROM, TO, ONLY, BASE = "force_run", "run_from", "run_to", "run_only", "base_run"
"""Parameters of runs on schedulers that say how the run is made."""

RESERVED: Mapping[str, str] = {
    FORCE: "Run nodes even if nothing changed.",
    FROM: "Run from these nodes on.",
    TO: "Run up to these nodes.",
    ONLY: "Run these nodes only.",
    BASE: "Run to take the other results from; empty for the latest.",
}
"""The reserved parameters, with what they mean."""


@dataclass(frozen=True)
class Selection:
    """The nodes that are named, none for a whole run, and whether they run in any case.

    Args:
        from_nodes, to_nodes, only: run these nodes only; see `select`.
        base_run: the run whose results a partial run uses; empty for the latest.
        force: run nodes even if a result could be reused.
    """

    from_nodes: tuple[str, ...] = ()
    to_nodes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    base_run: str = ""
    force: bool = False

    @property
    def partial(self) -> bool:
        """True if nodes are left out."""
        return bool(self.from_nodes or self.to_nodes or self.only)

    @property
    def reserved(self) -> dict[str, Any]:
        """The reserved parameters that express it; those with default values are left out."""
        nodes = {FROM: self.from_nodes, TO: self.to_nodes, ONLY: self.only}
        said = {FORCE: self.force, BASE: self.base_run, **{k: list(v) for k, v in nodes.items()}}
        return {name: value for name, value in said.items() if value}

    @property
    def properties(self) -> dict[str, Any]:
        """Properties with which the run keeps it."""
        kept: dict[str, Any] = {FORCE: True} if self.force else {}
        if not self.partial:
            return kept
        named = {"from_nodes": self.from_nodes, "to_nodes": self.to_nodes, "only": self.only}
        return {**kept, SELECTION: {name: list(nodes) for name, nodes in named.items()}}


WHOLE = Selection()
"""All nodes."""


def chosen(run: Run) -> Selection:
    """Return the nodes that a run began with."""
    said = run.properties.get(SELECTION, {})
    named = {name: tuple(nodes) for name, nodes in said.items()}
    force = bool(run.properties.get(FORCE))
    return Selection(**named, base_run=run.base_run, force=force)


def selection_of(values: Mapping[str, Any]) -> Selection:
    """Return the nodes that reserved parameters name."""
    first, last, only = (tuple(values.get(name) or ()) for name in (FROM, TO, ONLY))
    return Selection(first, last, only, values.get(BASE) or "", bool(values.get(FORCE)))


def select(ir: PipelineIR, selection: Selection) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of the nodes that run, and of those whose results come from the base run.

    Those run that come after `from_nodes` and before `to_nodes`, both included, or `only` these.
    Exit handlers always run. The name of a sub-pipeline means all its nodes.

    Raises:
        ParameterError: a name is unknown, or the selection is empty.
    """
    if not selection.partial:
        return frozenset(node.id for node in ir.nodes), frozenset()
    edges = dependencies(ir)
    if selection.only:
        wanted = _named(ir, selection.only)
    else:
        start = _named(ir, selection.from_nodes) if selection.from_nodes else set(edges)
        end = _named(ir, selection.to_nodes) if selection.to_nodes else set(edges)
        wanted = descendants(edges, start) & ancestors(edges, end)
    if not wanted:
        first, last = ", ".join(selection.from_nodes), ", ".join(selection.to_nodes)
        raise ParameterError(
            f"no node is between {first} and {last}",
            hint="name a node of --from that comes before one of --to",
        )
    exits = {node.id for node in ir.nodes if node.on_exit}
    return frozenset(wanted | exits), frozenset(ancestors(edges, wanted) - wanted)


def _named(ir: PipelineIR, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        ids = {n.id for n in ir.nodes if n.id == name or n.id.startswith(f"{name}.")}
        if not ids:
            raise ParameterError(
                f"pipeline {ir.name} has no node {name!r}",
                hint=did_you_mean(name, [n.id for n in ir.nodes]),
            )
        found |= ids
    return found


def refuse_reserved(ir: PipelineIR) -> None:
    """Refuse a pipeline whose parameters have names that a scheduler needs.

    Raises:
        CompileError: one has.
    """
    for parameter in ir.parameters:
        if parameter.name in RESERVED:
            raise CompileError(
                f"pipeline {ir.name} has a parameter {parameter.name!r}, which every run on a "
                "scheduler has",
                hint="give it another name",
            )
