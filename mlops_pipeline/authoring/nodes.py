"""Nodes: components added to the pipeline that is being written, and nodes without one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mlops_pipeline import ir
from mlops_pipeline.artifacts import Artifact, PropertyValue
from mlops_pipeline.authoring.call_rules import CALL_RULES, Call
from mlops_pipeline.authoring.channels import Channel, Source
from mlops_pipeline.authoring.draft import Draft, Node, require_draft
from mlops_pipeline.authoring.node_options import Options
from mlops_pipeline.authoring.wiring import bind_any, input_ir, parameter_ir, raise_first
from mlops_pipeline.errors import DefinitionError, caller
from mlops_pipeline.interface import (
    InputSpec,
    Interface,
    OutputSpec,
    checked,
    json_of,
    relative_to_base,
    shortened,
    value_schema,
)

T = TypeVar("T")

# The very objects that are the defaults: only these are left out of the JSON.
_DEFAULTS = ir.NodeIR("", "", ir.ResolverExecutor())

OUTSIDE_HINT = "call it in a function with @pipeline; in a test, use mlops_pipeline.testing"


class Definition(Struct, frozen=True):
    """The component (or other definition) that nodes are made of.

    Args:
        name: the id of a node that is not given another.
        identity: unique name of the component, the MLMD execution type.
        driver, publisher: targets of what replaces the default ones.
    """

    name: str
    identity: str
    interface: Interface
    executor: ir.ExecutorIR
    driver: str = ""
    publisher: str = ""
    base_type: str = ""
    doc: str = ""


def place_node(
    draft: Draft, definition: Definition, options: Options, arguments: Mapping[str, Any]
) -> Node:
    """Add a node to the pipeline that is being written.

    Raises:
        WiringError: an argument does not fit.
    """
    where, scope = caller(), draft.scope
    node_id = draft.full_id(options.id or definition.name)
    call = Call(draft, node_id, definition.interface, arguments)
    for rule in CALL_RULES:
        raise_first(rule(call))
    takes = definition.interface
    made = ir.NodeIR(
        id=node_id,
        component=definition.identity,
        executor=definition.executor,
        inputs=tuple(input_ir(call, spec) for spec in takes.inputs.values()),
        outputs=tuple(_output_ir(spec) for spec in takes.outputs.values()),
        parameters=tuple(parameter_ir(call, spec) for spec in takes.parameters.values()),
        driver=definition.driver,
        publisher=definition.publisher,
        conditions=scope.conditions,
        loops=scope.loops,
        group=scope.group,
        after=_after(draft, options),
        on_exit=scope.on_exit,
        retry=_default_or(_DEFAULTS.retry, options.retry_ir),
        timeout=options.timeout and float(options.timeout),
        cache=_default_or(_DEFAULTS.cache, options.cache_ir),
        resources=_default_or(_DEFAULTS.resources, options.resources.to_ir()),
        labels=dict(options.labels),
        doc=definition.doc,
        base_type=definition.base_type,
    )
    node = Node(made, call.interface, draft.number, where)
    draft.nodes[node_id] = node
    return node


def _default_or(default: T, value: T) -> T:
    return default if value == default else value


def _output_ir(spec: OutputSpec) -> ir.OutputIR:
    return ir.OutputIR(spec.name, spec.type.TYPE_NAME, spec.value, dict(spec.properties))


def _after(draft: Draft, options: Options) -> tuple[str, ...]:
    """Return the ids of the nodes in `after`; a text is looked up in the sub-pipeline first."""
    ids: dict[str, None] = {}
    for each in options.after:
        if isinstance(each, Node) and each.owner != draft.number:
            raise DefinitionError(
                f"after has {each!r}, which belongs to another pipeline",
                hint="name a node of this pipeline",
                where=caller(),
            )
        ids[each.id if isinstance(each, Node) else draft.full_id(each)] = None
    return tuple(ids)


def Importer(
    uri: Any,
    type: type[Artifact],
    *,
    id: str = "Importer",
    properties: Mapping[str, PropertyValue] | None = None,
    reimport: bool = False,
) -> Node:
    """Bring files that exist already into the pipeline, as the output `result`.

    Args:
        uri: a path, relative to the pipeline's folder, or a URL; it may be a run parameter.
        reimport: make a new artifact even if the store knows the URI.
    """
    draft = require_draft("Importer", OUTSIDE_HINT)
    location = uri
    if isinstance(uri, Path) or (isinstance(uri, str) and "://" not in uri and "\x02" not in uri):
        location = ir.LocalPath(relative_to_base(Path(uri), draft.base_dir))
    else:
        location = bind_any(draft, f"uri of {id}", uri)
    result = OutputSpec("result", type, schema=value_schema(type), properties=_json(properties))
    definition = Definition(
        name=id,
        identity="mlops_pipeline.Importer",
        interface=Interface(outputs={"result": result}),
        executor=ir.ImporterExecutor(location, reimport),
    )
    return place_node(draft, definition, Options(), {})


def _json(properties: Mapping[str, PropertyValue] | None) -> dict[str, PropertyValue]:
    try:
        return {
            key: json_of(checked(value, Any), Path()) for key, value in (properties or {}).items()
        }
    except ValueError as error:
        raise DefinitionError(
            f"properties {shortened(properties)} cannot be kept: {error}",
            hint="use numbers, texts, lists and dicts that are known now",
            where=caller(),
        ) from None


def Resolver(id: str = "Resolver", **inputs: Source | Channel) -> Node:
    """Resolve queries in a node of its own; each becomes an output of the same name.

    A query that finds nothing gives an empty output: what it is passed to decides whether it
    can do without.
    """
    draft = require_draft("Resolver", OUTSIDE_HINT)
    takes, gives = {}, {}
    for name, source in inputs.items():
        if not isinstance(source, (Source, Channel)):
            raise DefinitionError(
                f"Resolver {id!r} is given {shortened(source)} for {name!r}, which is no query",
                hint="give latest(Model), latest_blessed_model(Model), span_range(...), ...",
                where=caller(),
            )
        spec = source.output if isinstance(source, Channel) else _found(source)
        takes[name] = InputSpec(name, spec.type, many=True, optional=True)
        gives[name] = replace(spec, name=name, value=False, properties={})
    definition = Definition(
        name=id,
        identity="mlops_pipeline.Resolver",
        interface=Interface(inputs=takes, outputs=gives),
        executor=ir.ResolverExecutor(),
    )
    return place_node(draft, definition, Options(), inputs)


def _found(source: Source) -> OutputSpec:
    return OutputSpec("", source.type, schema=value_schema(source.type), many=source.many)
