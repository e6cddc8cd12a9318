"""Dependencies between the nodes of a compiled pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from mlops_pipeline.ir import (
    ChannelIR,
    Concat,
    DictOf,
    Expression,
    ImporterExecutor,
    ListOf,
    Literal,
    LoopItem,
    NodeIR,
    Operation,
    OutputProperty,
    OutputUri,
    OutputValue,
    PipelineIR,
    QueryIR,
    RunInfo,
    RunParameter,
)


def parts(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and everything inside it."""
    yield expression
    inner: Iterable[Expression] = ()
    if isinstance(expression, Concat):
        inner = expression.parts
    elif isinstance(expression, ListOf):
        inner = expression.items
    elif isinstance(expression, DictOf):
        inner = expression.items.values()
    elif isinstance(expression, Operation):
        inner = expression.arguments
    for part in inner:
        yield from parts(part)


def expressions(node: NodeIR) -> Iterator[Expression]:
    """Yield every expression of a node: parameters, conditions, arguments of queries."""
    for parameter in node.parameters:
        yield from parts(parameter.value)
    for condition in node.conditions:
        yield from parts(condition)
    for source in (source for each in node.inputs for source in each.sources):
        if isinstance(source, QueryIR):
            for argument in source.arguments.values():
                yield from parts(argument)
    if isinstance(node.executor, ImporterExecutor):
        yield from parts(node.executor.uri)


def producers(found: Iterable[Expression]) -> set[str]:
    """Return ids of the nodes whose outputs these expressions read."""
    kinds = (OutputValue, OutputProperty, OutputUri)
    return {part.node for part in found if isinstance(part, kinds)}


def loop_dependencies(pipeline: PipelineIR, loops: Iterable[str]) -> set[str]:
    """Return ids of the nodes that decide over what these loops run."""
    needed: set[str] = set()
    for loop in map(pipeline.loop, loops):
        for expression in (loop.items, *loop.conditions):
            needed |= producers(parts(expression))
    return needed


def needed_by(pipeline: PipelineIR, node: NodeIR) -> frozenset[str]:
    """Return ids of the nodes that must have ended before a node."""
    needed = producers(expressions(node)) | set(node.after)
    for source in (source for each in node.inputs for source in each.sources):
        if isinstance(source, ChannelIR):
            needed.add(source.node)
    loops = {p.loop for p in expressions(node) if isinstance(p, LoopItem)} | set(node.loops)
    return frozenset(needed | loop_dependencies(pipeline, loops) if loops else needed)


def dependencies(pipeline: PipelineIR) -> dict[str, frozenset[str]]:
    """Return ids of the nodes that must have ended before each node, by node id."""
    return {node.id: needed_by(pipeline, node) for node in pipeline.nodes}


def ancestors(edges: Mapping[str, Set[str]], start: Iterable[str]) -> set[str]:
    """Return the nodes that `start` depends on, directly or not, and `start` itself."""
    seen: set[str] = set()
    stack = list(start)
    while stack:
        node_id = stack.pop()
        if node_id not in seen:
            seen.add(node_id)
            stack.extend(edges[node_id])
    return seen


def descendants(edges: Mapping[str, Set[str]], start: Iterable[str]) -> set[str]:
    """Return the nodes that depend on `start`, directly or not, and `start` itself."""
    return ancestors(users(edges), start)


def users(edges: Mapping[str, Set[str]]) -> dict[str, set[str]]:
    """Return the nodes that depend directly on each node."""
    reverse: dict[str, set[str]] = {node_id: set() for node_id in edges}
    for node_id, needed in edges.items():
        for producer in needed:
            reverse[producer].add(node_id)
    return reverse


def describe(expression: Expression) -> str:
    """Return an expression as text for reasons and errors: `Evaluator.blessing.blessed == 1`."""
    match expression:
        case Literal(value):
            return repr(value)
        case RunParameter(name):
            return name
        case OutputValue(node, output):
            return f"{node}.{output}"
        case OutputProperty(node, output, name):
            return f"{node}.{output}.{name}"
        case OutputUri(node, output):
            return f"{node}.{output}.uri"
        case LoopItem(loop, path):
            return ".".join([loop, *(str(key) for key in path)])
        case RunInfo(field):
            return f"run.{field}"
        case Operation("not", (argument,)):
            return f"not {describe(argument)}"
        case Operation("[]", (whole, key)):
            return f"{describe(whole)}[{describe(key)}]"
        case Operation(name, arguments):
            return f" {name} ".join(describe(argument) for argument in arguments)
        case _:
            return type(expression).__name__
