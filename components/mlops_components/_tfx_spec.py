"""Inputs, outputs and parameters of a component of TFX. Needs the package `tfx`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from tfx.dsl.components.base import base_driver
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.placeholder.placeholder import Placeholder
from tfx.types.artifact import Artifact as TfxArtifact
from tfx.types.artifact import PropertyType
from tfx.types.channel import Channel as TfxChannel
from tfx.types.system_executions import SystemExecution
from tfx.utils import proto_utils

from mlops_components._tfx_executor import BEAM_KEY, COMPONENT_KEY, EXECUTOR_KEY
from mlops_pipeline import ir
from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.authoring import Channel, Definition, Source, Value
from mlops_pipeline.errors import DefinitionError, caller, did_you_mean
from mlops_pipeline.interface import (
    InputSpec,
    Interface,
    OutputSpec,
    ParameterSpec,
    schema_of,
    shortened,
    value_schema,
)
from mlops_pipeline.user_code import module_of

__authoring__ = True

EXECUTOR = "mlops_components._tfx_executor:TfxExecutor"

_PYTHON_TYPES = {PropertyType.INT: int, PropertyType.FLOAT: float, PropertyType.STRING: str}
_FILES = ("module_file",)
"""Parameters that name a file whose content decides the result."""


@dataclass(frozen=True)
class Defined:
    """A node to add to the pipeline, with its arguments."""

    definition: Definition
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Wrapped:
    """A component of TFX, the name of its node, and options of Beam."""

    name: str
    component: Any
    beam_pipeline_args: tuple[str, ...]


def check_component(component: Any) -> None:
    """Refuse what is no component of TFX, or needs more of TFX than its executor.

    Raises:
        DefinitionError: it is refused; the message says why.
    """
    kind: Any = component if isinstance(component, type) else type(component)
    if not issubclass(kind, BaseComponent):
        raise DefinitionError(
            f"from_tfx is given {shortened(component)}, which is no component of TFX",
            hint="give a class like tfx.components.StatisticsGen, or a function with TFX's "
            "@component; importers and resolvers are those of mlops_pipeline",
            where=caller(),
        )
    driver = kind.DRIVER_CLASS
    if driver is not base_driver.BaseDriver:
        raise DefinitionError(
            f"{kind.__name__} of TFX does not go without its driver {driver.__name__}",
            hint="use the component of this name in mlops_components",
            where=caller(),
        )
    spec = component.executor_spec if isinstance(component, BaseComponent) else kind.EXECUTOR_SPEC
    if not isinstance(spec, ExecutorClassSpec):
        raise DefinitionError(
            f"{kind.__name__} of TFX has no executor in Python",
            hint="write a component with executor=Container(image, command) instead",
            where=caller(),
        )


def define(wrapped: Wrapped, arguments: Mapping[str, Any]) -> Defined:
    """Make the component of TFX with these arguments, and read what it has become.

    Raises:
        DefinitionError: TFX refuses an argument.
    """
    given, late = _plain(wrapped, arguments)
    instance = _instance(wrapped, given)
    parameters = dict(_parameters(instance, late))
    parameters[COMPONENT_KEY] = _target(type(instance))
    parameters[EXECUTOR_KEY] = _target(instance.executor_spec.executor_class)
    parameters[BEAM_KEY] = list(wrapped.beam_pipeline_args)
    inputs = {name: _input_spec(type(instance), name) for name in instance.SPEC_CLASS.INPUTS}
    outputs = {
        name: OutputSpec(name, kind, schema=value_schema(kind))
        for name, kind in ((n, our_type(c.type)) for n, c in instance.outputs.items())
    }
    interface = Interface(inputs, outputs, {n: _spec(n, v) for n, v in parameters.items()})
    definition = Definition(
        name=wrapped.name,
        identity=_target(type(instance)).replace(":", "."),
        interface=interface,
        executor=ir.ClassExecutor(EXECUTOR),
        base_type=_base_type(instance),
        doc=(inspect.getdoc(type(instance)) or "").partition("\n")[0],
    )
    wired = {name: value for name, value in arguments.items() if name in inputs}
    return Defined(definition, {**wired, **parameters})


def _plain(wrapped: Wrapped, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments as TFX takes them, and those that are known only when the node runs."""
    component = wrapped.component
    kind: Any = component if isinstance(component, type) else type(component)
    spec = kind.SPEC_CLASS
    given: dict[str, Any] = {}
    late: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, Value):
            late[name] = value
            given[name] = _stand_in(wrapped.name, name, spec.PARAMETERS.get(name))
        elif _is_wired(value):
            if name not in spec.INPUTS:
                known = did_you_mean(name, spec.INPUTS)
                raise DefinitionError(
                    f"{wrapped.name} has no input {name!r}", hint=known, where=caller()
                )
            given[name] = TfxChannel(type=spec.INPUTS[name].type)
        elif isinstance(value, Path):
            late[name], given[name] = value, str(value)
        else:
            given[name] = value
    return given, late


def _is_wired(value: Any) -> bool:
    several = value if isinstance(value, list) and value else [value]
    return all(isinstance(one, (Channel, Source)) for one in several)


def _stand_in(component: str, name: str, parameter: Any) -> Any:
    """Return a value of the right type for TFX to read before the real one is known."""
    kind = getattr(parameter, "type", None)
    if kind in (int, float, str, bool):
        return kind()
    raise DefinitionError(
        f"parameter {name!r} of {component} is known only when the node runs, and TFX needs it now",
        hint="give it a value; of TFX's parameters, numbers and texts may come later",
        where=caller(),
    )


def _instance(wrapped: Wrapped, given: dict[str, Any]) -> Any:
    component = wrapped.component
    if isinstance(component, BaseComponent):
        other = sorted(given.keys() - component.SPEC_CLASS.INPUTS.keys())
        if other:
            raise DefinitionError(
                f"{wrapped.name} is made already, and is given {', '.join(other)}",
                hint="give its class to from_tfx",
                where=caller(),
            )
        return component
    try:
        return component(**given)
    except (TypeError, ValueError, KeyError) as error:
        raise DefinitionError(
            f"TFX refuses the arguments of {wrapped.name}: {error}",
            hint="see the documentation of the component in TFX",
            where=caller(),
        ) from error


def _parameters(instance: Any, late: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the executor's parameters: JSON, and values that are not known yet."""
    unknown = {name for name, value in late.items() if isinstance(value, Value)}
    for name, value in instance.exec_properties.items():
        if name in late:
            yield name, late[name]
            unknown.discard(name)
        elif value is not None:
            plain = _json(instance.id, name, value)
            yield name, Path(plain) if name in _FILES and plain else plain
    if unknown:
        raise DefinitionError(
            f"{instance.id} does not hand on {', '.join(sorted(unknown))} as it is given",
            hint="give it a value that is known now",
            where=caller(),
        )


def _json(component: str, name: str, value: Any) -> Any:
    if isinstance(value, Placeholder):
        base = value.encode().operator.make_proto_op.base
        value = proto_utils.unpack_proto_any(base) if base.type_url else value
    if isinstance(value, Message):
        # The executor's own reading of the specification makes a proto of it again.
        return proto_utils.proto_to_json(value)
    if isinstance(value, (str, int, float, bool, list, dict)):
        return value
    raise DefinitionError(
        f"parameter {name!r} of {component} is {shortened(value)}, which has no JSON form",
        hint="instead of a RuntimeParameter or a placeholder, pass a parameter of the pipeline",
        where=caller(),
    )


def _spec(name: str, value: Any) -> ParameterSpec:
    simple = isinstance(value, (Path, str, int, float, bool))
    hint: Any = list[str] if name == BEAM_KEY else Any
    if simple:
        hint = Path if isinstance(value, Path) else type(value)
    return ParameterSpec(name, hint, schema_of(hint), affects_result=name != BEAM_KEY)


def _input_spec(kind: Any, name: str) -> InputSpec:
    parameter = kind.SPEC_CLASS.INPUTS[name]
    return InputSpec(name, our_type(parameter.type), many=True, optional=parameter.optional)


def _target(kind: type) -> str:
    return f"{module_of(kind, 'component')}:{kind.__qualname__}"


def _base_type(instance: Any) -> str:
    found = instance.type_annotation
    for kind in SystemExecution.__subclasses__():
        if found is not None and issubclass(found, kind):
            return str(kind.__name__)
    return ""


def our_type(kind: type[TfxArtifact]) -> type[Artifact]:
    """Return the artifact type of ours with this name, made where there is none."""
    if kind is TfxArtifact:
        return Artifact
    for known in _subclasses(Artifact):
        if known.TYPE_NAME == kind.TYPE_NAME:
            return known
    bases = tuple(our_type(base) for base in kind.__bases__ if issubclass(base, TfxArtifact))
    annotation = getattr(kind, "TYPE_ANNOTATION", None)
    properties = {
        name: _PYTHON_TYPES[value.type]
        for name, value in (kind.PROPERTIES or {}).items()
        if value.type in _PYTHON_TYPES
    }
    members = {
        "TYPE_NAME": kind.TYPE_NAME,
        "BASE_TYPE": annotation.__name__ if annotation else None,
        "PROPERTIES": properties,
        "__doc__": kind.__doc__,
        "__module__": kind.__module__,
    }
    return type(kind.__name__, bases or (Artifact,), members)


def _subclasses(kind: type[Artifact]) -> Iterator[type[Artifact]]:
    for found in kind.__subclasses__():
        yield found
        yield from _subclasses(found)
