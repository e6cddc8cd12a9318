"""Rules for the call of a component: each is a function that yields problems.

They look at a call when it is made, so that the error points at the line that made it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops_pipeline import ir
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.authoring.channels import Channel, Source
from mlops_pipeline.authoring.draft import Draft, Node
from mlops_pipeline.authoring.pipeline_rules import Problem, Problems
from mlops_pipeline.authoring.placeholders import Value
from mlops_pipeline.errors import did_you_mean
from mlops_pipeline.interface import InputSpec, Interface, shortened
from mlops_pipeline.ir_graph import parts


class Call(Struct, frozen=True):
    """A component being called: what it takes, and what it was given."""

    draft: Draft
    id: str
    interface: Interface
    arguments: Mapping[str, Any]

    def channels(self) -> Iterator[tuple[InputSpec, Channel]]:
        """Yield the outputs of nodes that were given to inputs."""
        for spec in self.interface.inputs.values():
            for source in sources(self.arguments.get(spec.name)):
                if isinstance(source, Channel):
                    yield spec, source


def sources(argument: Any) -> list[Any]:
    """Return the value of an input as a list."""
    if argument is None:
        return []
    return list(argument) if isinstance(argument, (list, tuple)) else [argument]


def id_is_well_formed(call: Call) -> Problems:
    name = call.id.removeprefix(".".join((*call.draft.scope.group, "")))
    if "\x02" in name:
        yield Problem(
            "the id of a node cannot depend on a value that is not known while the pipeline is "
            "written",
            "give it a plain text; inside a loop, each iteration is kept apart by its index",
        )
    elif not ir.is_id(name):
        yield Problem(f"{name!r} cannot be the id of a node", ir.ID_HINT)


def id_is_free(call: Call) -> Problems:
    other = call.draft.nodes.get(call.id)
    if other is not None:
        yield Problem(
            f"there is a node {call.id!r} already, from {other.where}",
            "name this one with .options(id='...')",
        )


def arguments_are_known(call: Call) -> Problems:
    known = {**call.interface.inputs, **call.interface.parameters}
    for name in call.arguments:
        if name in known:
            continue
        if name in call.interface.outputs:
            yield Problem(
                f"{name!r} is an output of {call.id}: it is not passed in",
                f"remove it, and read it as node.outputs[{name!r}]",
            )
        else:
            yield Problem(
                f"{call.id} has no input or parameter {name!r}", did_you_mean(name, known)
            )


def required_are_given(call: Call) -> Problems:
    for spec in call.interface.inputs.values():
        if spec.name not in call.arguments and (spec.required or not spec.optional):
            query = f", or a query such as latest({spec.type.__name__})" if spec.required else ""
            yield Problem(
                f"{call.id} misses its input {spec.name!r} of type {spec.type.TYPE_NAME}",
                f"pass {spec.name}=node.outputs[...]{query}",
            )
    for parameter in call.interface.parameters.values():
        if parameter.name not in call.arguments and parameter.required:
            yield Problem(
                f"{call.id} misses its parameter {parameter.name!r}", f"pass {parameter.name}=..."
            )


def required_are_not_none(call: Call) -> Problems:
    for spec in call.interface.inputs.values():
        if call.arguments.get(spec.name, spec) is not None:
            continue
        if spec.required or not spec.optional:
            yield Problem(
                f"input {spec.name!r} of {call.id} cannot be None: it is not optional",
                f"write {spec.name}: Input[{spec.type.__name__}] | None = None in the component",
            )


def inputs_are_artifacts(call: Call) -> Problems:
    for spec in call.interface.inputs.values():
        for given in sources(call.arguments.get(spec.name)):
            if isinstance(given, (Channel, Source)):
                continue
            if isinstance(given, Node):
                names = list(given.outputs)
                hint = f"pass one of its outputs: {given.id}.outputs[{names[0] if names else ''!r}]"
            elif isinstance(given, Value):
                hint = f"declare {spec.name} as a parameter, or pass the output without .value"
            else:
                hint = "bring outside files in with Importer(uri=..., type=...)"
            yield Problem(
                f"input {spec.name!r} of {call.id} takes an artifact of type "
                f"{spec.type.TYPE_NAME}, not {shortened(given)}",
                hint,
            )


def lists_go_to_list_inputs(call: Call) -> Problems:
    for spec in call.interface.inputs.values():
        given = call.arguments.get(spec.name)
        if not spec.many and isinstance(given, (list, tuple)):
            yield Problem(
                f"input {spec.name!r} of {call.id} takes one artifact, but a list is given",
                f"pass one, or declare {spec.name}: list[Input[{spec.type.__name__}]]",
            )
        for source in sources(given):
            if not spec.many and (
                source.many if isinstance(source, Source) else source.output.many
            ):
                yield Problem(
                    f"input {spec.name!r} of {call.id} takes one artifact, but may get several",
                    f"declare {spec.name}: list[Input[{spec.type.__name__}]]",
                )


def artifact_types_fit(call: Call) -> Problems:
    for spec in call.interface.inputs.values():
        for source in sources(call.arguments.get(spec.name)):
            kind = source.type if isinstance(source, Source) else source.output.type
            if not (spec.type is Artifact or issubclass(kind, spec.type)):
                name = "the query" if isinstance(source, Source) else repr(source)
                fitting = [
                    repr(node.outputs[output.name])
                    for node in call.draft.nodes.values()
                    for output in node.interface.outputs.values()
                    if issubclass(output.type, spec.type)
                ]
                yield Problem(
                    f"input {spec.name!r} of {call.id} takes {spec.type.TYPE_NAME}, but {name} "
                    f"is {kind.TYPE_NAME}",
                    f"did you mean {fitting[-1]}?"
                    if fitting
                    else f"pass an output of type {spec.type.TYPE_NAME}",
                )


def channels_are_of_this_pipeline(call: Call) -> Problems:
    for spec, channel in call.channels():
        if channel.owner != call.draft.number:
            yield foreign(f"input {spec.name!r} of {call.id}", repr(channel))


def foreign(what: str, thing: str) -> Problem:
    """Return the problem that something of another pipeline is used."""
    return Problem(
        f"{what} is given {thing}, which belongs to another pipeline",
        "read another pipeline's outputs with external(pipeline, node, output, type)",
    )


def channels_are_within_reach(call: Call) -> Problems:
    loops = call.draft.scope.loops
    for spec, channel in call.channels():
        theirs = call.draft.nodes[channel.node].ir.loops
        if loops[: len(theirs)] == theirs:
            continue
        if theirs[: len(loops)] != loops:
            yield Problem(
                f"input {spec.name!r} of {call.id} is given {channel!r} of another loop",
                "collect it in a node outside of both loops",
            )
        elif not spec.many:
            yield Problem(
                f"input {spec.name!r} of {call.id} takes one artifact, but {channel!r} has one for "
                f"each item of loop {theirs[len(loops)]}",
                f"use it inside the loop, or declare {spec.name}: list[Input[...]] to get all",
            )


def exit_handlers_come_last(call: Call) -> Problems:
    for spec, channel in call.channels():
        late = call.draft.nodes[channel.node].ir.on_exit
        if late and not call.draft.scope.on_exit:
            yield Problem(
                f"input {spec.name!r} of {call.id} is given {channel!r} of an exit handler",
                "exit handlers run after all other nodes: move the call into `with ExitHandler():`",
            )


def exit_handlers_do_without_inputs(call: Call) -> Problems:
    for spec, channel in call.channels():
        late = call.draft.nodes[channel.node].ir.on_exit
        if call.draft.scope.on_exit and not late and not (spec.optional or spec.many):
            yield Problem(
                f"{call.id} is an exit handler, so {channel!r} may not be there when it runs",
                f"write {spec.name}: Input[{spec.type.__name__}] | None = None in the component",
            )


def python_files_can_be_read(call: Call) -> Problems:
    for name, value in call.arguments.items():
        file = call.draft.base_dir / value if isinstance(value, Path) else None
        # A file that is not here may be where the pipeline runs.
        if file is None or file.suffix != ".py" or not file.is_file():
            continue
        try:
            ast.parse(file.read_bytes(), str(file))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            yield Problem(
                f"{file}:{line}: not valid Python: {getattr(error, 'msg', error)}",
                f"correct the line; it is the {name} of {call.id}",
            )


CALL_RULES: tuple[Callable[[Call], Problems], ...] = (
    id_is_well_formed,
    id_is_free,
    arguments_are_known,
    required_are_given,
    required_are_not_none,
    inputs_are_artifacts,
    lists_go_to_list_inputs,
    artifact_types_fit,
    channels_are_of_this_pipeline,
    channels_are_within_reach,
    exit_handlers_come_last,
    exit_handlers_do_without_inputs,
    python_files_can_be_read,
)


def values_are_within_reach(draft: Draft, what: str, found: Iterable[ir.Expression]) -> Problems:
    """Yield a problem for each expression that reads something out of the node's reach."""
    for part in (inner for expression in found for inner in parts(expression)):
        if isinstance(part, (ir.OutputValue, ir.OutputProperty, ir.OutputUri)):
            yield from _output_is_within_reach(draft, what, part.node, part.output)
        elif isinstance(part, ir.LoopItem) and part.loop not in draft.scope.loops:
            yield Problem(
                f"{what} uses the item of loop {part.loop} outside of it",
                "move it into the `with ForEach(...)` block",
            )
        elif isinstance(part, ir.RunInfo) and part.field == "state" and not draft.scope.on_exit:
            yield Problem(
                f"{what} uses run_info.state, which is known at the end of the run only",
                "use it inside `with ExitHandler():`",
            )


def _output_is_within_reach(draft: Draft, what: str, node: str, output: str) -> Problems:
    producer = draft.nodes[node].ir
    if draft.scope.loops[: len(producer.loops)] != producer.loops:
        yield Problem(
            f"{what} uses one value of {node}.{output}, but there is one for each item of loop "
            f"{producer.loops[-1]}",
            "use it inside that loop, or take the output as list[Input[...]]",
        )
    if producer.on_exit != draft.scope.on_exit:
        yield Problem(
            f"{what} uses {node}.{output} of an exit handler"
            if producer.on_exit
            else f"{what} is of an exit handler, so {node}.{output} may not be there when it runs",
            "pass values between exit handlers only, or take the artifact as an optional input",
        )
