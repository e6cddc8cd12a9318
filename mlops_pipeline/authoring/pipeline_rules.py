"""Rules for a pipeline: each is a function that yields problems.

They look at the whole pipeline when it is compiled; `call_rules` look at single calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from mlops_pipeline import ir
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.authoring.draft import Draft
from mlops_pipeline.errors import WiringError, did_you_mean
from mlops_pipeline.ir_graph import expressions, parts

Problems = Iterator["Problem"]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a pipeline; a `warning` does not keep it from running."""

    message: str
    hint: str = ""
    where: str = ""
    warning: bool = False

    def error(self) -> WiringError:
        """Return the problem as an error."""
        return WiringError(self.message, hint=self.hint, where=self.where)


class Written(Struct, frozen=True):
    """A pipeline whose function has run.

    Args:
        ir: with the nodes in the order in which they were called.
        edges: ids of the nodes that each node waits for.
        order: ids in an order in which they can run; without those that wait for themselves.
    """

    draft: Draft
    ir: ir.PipelineIR
    edges: Mapping[str, frozenset[str]]
    order: Sequence[str]


def there_are_nodes(written: Written) -> Problems:
    if not written.draft.nodes:
        yield Problem(
            f"pipeline {written.draft.name} has no nodes",
            "call components in its function",
            written.draft.where,
        )


def nodes_named_in_after_exist(written: Written) -> Problems:
    for node in written.draft.nodes.values():
        for name in node.ir.after:
            if name not in written.draft.nodes:
                yield Problem(
                    f"{node.id} comes after {name!r}, which is no node",
                    did_you_mean(name, written.draft.nodes),
                    node.where,
                )
            elif written.draft.nodes[name].ir.on_exit and not node.ir.on_exit:
                yield Problem(
                    f"{node.id} comes after {name!r}, which is an exit handler",
                    "exit handlers run after all other nodes",
                    node.where,
                )


def nothing_waits_for_itself(written: Written) -> Problems:
    done = {*written.order}
    stuck = [name for name in written.edges if name not in done]
    # Not all that is stuck is part of the cycle: walk back until a node comes again.
    path = stuck[:1]
    while path and path[-1] not in path[:-1]:
        path.append(min(written.edges[path[-1]] & {*stuck}, key=stuck.index))
    if path:
        cycle = path[path.index(path[-1]) :]
        yield Problem(
            f"nodes wait for each other: {' after '.join(cycle)}",
            "remove one of the connections or of the after=[...]",
            written.draft.nodes[cycle[0]].where,
        )


def run_parameters_are_used(written: Written) -> Problems:
    used = {part.name for part in _all_expressions(written) if isinstance(part, ir.RunParameter)}
    for name in written.draft.parameters:
        if name not in used:
            yield Problem(
                f"run parameter {name!r} of pipeline {written.draft.name} is not used",
                "remove it, or pass it to a component",
                written.draft.where,
                warning=True,
            )


def _all_expressions(written: Written) -> Iterator[ir.Expression]:
    for loop in written.draft.loops.values():
        for expression in (loop.items, *loop.conditions):
            yield from parts(expression)
    for node in written.draft.nodes.values():
        yield from expressions(node.ir)


def ids_differ_in_more_than_case(written: Written) -> Problems:
    counts = Counter(name.lower() for name in written.draft.nodes)
    for node in written.draft.nodes.values():
        if counts[node.id.lower()] > 1:
            yield Problem(
                f"the id {node.id!r} differs from another in case only",
                "on some file systems they share a folder: rename one",
                node.where,
                warning=True,
            )


def artifact_types_have_one_class_each(written: Written) -> Problems:
    classes: dict[str, type[Artifact]] = {}
    for node in written.draft.nodes.values():
        for kind in node.interface.artifact_types():
            other = classes.setdefault(kind.TYPE_NAME, kind)
            if other is not kind and dict(other.PROPERTIES) != dict(kind.PROPERTIES):
                yield Problem(
                    f"two artifact types are called {kind.TYPE_NAME}: {other.__module__}."
                    f"{other.__qualname__} and {kind.__module__}.{kind.__qualname__}",
                    "rename one, or set its TYPE_NAME",
                    node.where,
                )


PIPELINE_RULES: tuple[Callable[[Written], Problems], ...] = (
    there_are_nodes,
    nodes_named_in_after_exist,
    nothing_waits_for_itself,
    run_parameters_are_used,
    ids_differ_in_more_than_case,
    artifact_types_have_one_class_each,
)
