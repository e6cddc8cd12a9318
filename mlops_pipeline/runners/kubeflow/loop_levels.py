"""Levels of tasks: Kubeflow runs a loop as a DAG of its own, so edges end where DAGs meet.

A level is the tuple of loops around a task, outermost first. Members of a level are the id of
a node, or a loop with everything in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_pipeline.errors import CompileError
from mlops_pipeline.ir import NodeIR, PipelineIR
from mlops_pipeline.ir_graph import dependencies, loop_dependencies

Level = tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """Member of a level: a node, or the loop of this id."""

    id: str
    loop: bool = False


Needs = Mapping[Member, frozenset[Member]]
"""Members that must end before each member of a level, in the order of the pipeline."""


def levels(ir: PipelineIR) -> dict[Level, Needs]:
    """Return the levels of a pipeline, exit handlers left out.

    Raises:
        CompileError: a loop needs something that needs the same loop.
    """
    nodes = {node.id: node for node in ir.nodes if not node.on_exit}
    loops = {loop.id: loop for loop in ir.loops}
    edges = dependencies(ir)
    found: dict[Level, dict[Member, set[Member]]] = {(): {}}
    for node in nodes.values():
        for depth in range(len(node.loops) + 1):
            level = node.loops[:depth]
            found.setdefault(level, {}).setdefault(_member(node, level), set())
        for other in (nodes[needed] for needed in edges[node.id] if needed in nodes):
            _lift(node, other, found)
    for level, needs in found.items():
        for member in needs:
            if member.loop:
                # Even if no node in the loop reads them: its items are known only then.
                deciders = loop_dependencies(ir, [member.id])
                needs[member] |= {_member(nodes[n], level) for n in deciders} - {member}
        _refuse_cycle(level, needs)
    assert all(member.id in loops for needs in found.values() for member in needs if member.loop)
    return {level: _frozen(needs) for level, needs in found.items()}


def _lift(node: NodeIR, other: NodeIR, found: Mapping[Level, dict[Member, set[Member]]]) -> None:
    """Put the edge from a node to another one into the innermost level around both."""
    level: Level = ()
    for mine, theirs in zip(node.loops, other.loops, strict=False):
        if mine != theirs:
            break
        level = (*level, mine)
    waiting, needed = _member(node, level), _member(other, level)
    if waiting != needed:
        found[level].setdefault(waiting, set()).add(needed)


def _member(node: NodeIR, level: Level) -> Member:
    inside = node.loops[len(level) :]
    return Member(inside[0], loop=True) if inside else Member(node.id)


def _refuse_cycle(level: Level, needs: Mapping[Member, set[Member]]) -> None:
    left = {member: set(needed) for member, needed in needs.items()}
    while free := [member for member, needed in left.items() if not needed & left.keys()]:
        for member in free:
            del left[member]
    if left:
        loop = next(member.id for member in left if member.loop)
        between = ", ".join(member.id for member in left if not member.loop)
        raise CompileError(
            f"Kubeflow cannot run loop {loop}: {between or 'another loop'} needs some of its "
            "nodes and is needed by others",
            hint="Kubeflow ends a loop as a whole: make it two loops over the same list",
        )


def _frozen(needs: Mapping[Member, set[Member]]) -> Needs:
    return {member: frozenset(needed) for member, needed in needs.items()}
