"""Rules for IR that is read: it may come from a file, a store or a scheduler that others can write.

Authoring keeps the same rules, with the user's line in its errors; names become folders.
"""

from __future__ import annotations

import graphlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mlops_pipeline.errors import CompileError, did_you_mean
from mlops_pipeline.ir import (
    ID_HINT,
    ChannelIR,
    Expression,
    LoopItem,
    NodeIR,
    OutputProperty,
    OutputUri,
    OutputValue,
    PipelineIR,
    QueryIR,
    RunParameter,
    is_id,
    load,
)
from mlops_pipeline.ir_graph import dependencies, expressions, parts

Problems = Iterator[tuple[str, str]]
"""What is wrong, and a hint."""


def load_checked(data: bytes | str, *, source: str = "IR") -> PipelineIR:
    """Read IR that somebody else may have written.

    Args:
        source: what to call the data in an error.

    Raises:
        CompileError: it is no IR, or breaks a rule by which IR is written.
    """
    pipeline = load(data, source=source)
    for rule in _RULES:
        for problem, hint in rule(pipeline):
            raise CompileError(f"{source} is not a valid pipeline: {problem}", hint=hint)
    return pipeline


def load_file(path: Path) -> PipelineIR:
    """Read an IR file, as `load_checked` does."""
    try:
        return load_checked(path.read_bytes(), source=str(path))
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror}", hint="check the path") from None


def _names(pipeline: PipelineIR) -> Problems:
    if not is_id(pipeline.name):
        yield f"{pipeline.name!r} cannot be the name of a pipeline", ID_HINT
    yield from _twice("nodes", (node.id for node in pipeline.nodes))
    yield from _twice("parameters", (each.name for each in pipeline.parameters))
    yield from _twice("loops", (loop.id for loop in pipeline.loops))
    for node in pipeline.nodes:
        if not all(map(is_id, node.id.split("."))):
            yield f"{node.id!r} cannot be the id of a node", ID_HINT
        for what, names in (
            ("inputs", [each.name for each in node.inputs]),
            ("outputs", [each.name for each in node.outputs]),
            ("parameters", [each.name for each in node.parameters]),
        ):
            yield from _twice(f"{what} of {node.id}", names)
            for name in names:
                if not name.isidentifier():
                    yield f"{name!r} among the {what} of {node.id} is no name", "use a Python name"


def _twice(what: str, names: Iterable[str]) -> Problems:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"two of the {what} are called {name!r}", "rename one"


def _references(pipeline: PipelineIR) -> Problems:
    outputs = {node.id: {each.name for each in node.outputs} for node in pipeline.nodes}
    loops = {loop.id for loop in pipeline.loops}
    known = {each.name for each in pipeline.parameters}
    for node in pipeline.nodes:
        for name in node.after:
            yield from _missing(f"{node.id} comes after", name, outputs)
        for name in node.loops:
            yield from _missing(f"{node.id} is in loop", name, loops)
        for each in node.inputs:
            for source in each.sources:
                if isinstance(source, ChannelIR):
                    yield from _output(f"{node.id}.{each.name}", source, outputs)
        for part in expressions(node):
            yield from _expression(node.id, part, (outputs, known, loops))
    for loop in pipeline.loops:
        for name in loop.loops:
            yield from _missing(f"loop {loop.id} is in loop", name, loops)
        for whole in (loop.items, *loop.conditions):
            for part in parts(whole):
                yield from _expression(f"loop {loop.id}", part, (outputs, known, loops))


def _expression(
    what: str, part: Expression, known: tuple[Mapping[str, set[str]], set[str], set[str]]
) -> Problems:
    outputs, parameters, loops = known
    if isinstance(part, OutputValue | OutputProperty | OutputUri):
        yield from _output(what, part, outputs)
    elif isinstance(part, RunParameter):
        yield from _missing(f"{what} reads the run parameter", part.name, parameters)
    elif isinstance(part, LoopItem):
        yield from _missing(f"{what} reads an item of loop", part.loop, loops)


def _output(
    what: str,
    source: ChannelIR | OutputValue | OutputProperty | OutputUri,
    outputs: Mapping[str, set[str]],
) -> Problems:
    if source.node not in outputs:
        yield from _missing(f"{what} reads from", source.node, outputs)
    else:
        yield from _missing(
            f"{what} reads from {source.node} the output", source.output, outputs[source.node]
        )


def _missing(what: str, name: str, known: Iterable[str]) -> Problems:
    if name not in known:
        yield f"{what} {name!r}, which is not there", did_you_mean(name, known)


def _order(pipeline: PipelineIR) -> Problems:
    try:
        graphlib.TopologicalSorter(dependencies(pipeline)).prepare()
    except graphlib.CycleError as error:
        circle = " -> ".join(error.args[1][::-1])
        yield f"these nodes wait for each other: {circle}", "take one of the inputs away"


def _numbers(pipeline: PipelineIR) -> Problems:
    for node in pipeline.nodes:
        waits = {"wait": node.retry.wait, "max_wait": node.retry.max_wait}
        limits = {"timeout": node.timeout, **waits, "max_age": node.cache.max_age}
        for name, value in limits.items():
            if value is not None and not (math.isfinite(value) and value >= 0):
                yield f"{name} of {node.id} is {value}", "give a number of seconds, 0 or more"


def _targets(pipeline: PipelineIR) -> Problems:
    for node in pipeline.nodes:
        queries = [s for each in node.inputs for s in each.sources if isinstance(s, QueryIR)]
        targets = [node.driver, node.publisher, getattr(node.executor, "target", "")]
        for target in filter(None, [*targets, *(query.resolver for query in queries)]):
            yield from _target(node, target)


def _target(node: NodeIR, target: str) -> Problems:
    module, colon, name = target.partition(":")
    if not colon or not all(part.isidentifier() for part in f"{module}.{name}".split(".")):
        yield f"{node.id} runs {target!r}, which is no 'module:name'", "compile the pipeline again"


_RULES: tuple[Callable[[PipelineIR], Problems], ...] = (
    _names,
    _references,
    _numbers,
    _targets,
    _order,
)
