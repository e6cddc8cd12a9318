"""Inputs, outputs and parameters of a component or pipeline, read from its function."""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from msgspec import Struct, field

from mlops_pipeline.artifacts import (
    Artifact,
    PropertyValue,
    ValueArtifact,
    value_artifact_for,
    value_fields,
)
from mlops_pipeline.errors import DefinitionError, did_you_mean, file_line
from mlops_pipeline.interface.schema import JsonSchema
from mlops_pipeline.interface.types import Secret, checked, schema_of, shortened, spelt

T = TypeVar("T")


class Role(enum.Enum):
    """Mark of an annotation on a parameter of the function."""

    INPUT = "input"
    OUTPUT = "output"
    UNKEYED = "unkeyed"
    BEAM = "beam"


Input = Annotated[T, Role.INPUT]
"""An artifact that is read; `list[Input[T]]` takes many, `Input[T] | None` may be left out."""

Output = Annotated[T, Role.OUTPUT]
"""An artifact to write: its `path` is the folder to write to."""

Unkeyed = Annotated[T, Role.UNKEYED]
"""A parameter that never changes the result (workers, Beam arguments): not in the cache key."""

BeamPipeline = Annotated[Any, Role.BEAM]
"""Parameter that gets the Apache Beam pipeline, in a component with a Beam executor."""


class InputSpec(Struct, frozen=True):
    """One input.

    Args:
        many: it takes a list.
        optional: it may be empty, as a query that finds nothing is.
        required: it has to be given though it may be empty: it has no default.
    """

    name: str
    type: type[Artifact]
    many: bool = False
    optional: bool = False
    required: bool = False


class OutputSpec(Struct, frozen=True):
    """One output.

    Args:
        value: it is the function's return value, or one field of it.
        schema: JSON Schema of the value, for value artifacts.
        many: a consumer may get several artifacts.
        properties: set on the artifact before the executor sees it.
    """

    name: str
    type: type[Artifact]
    value: bool = False
    schema: JsonSchema = field(default_factory=dict)
    many: bool = False
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)


class ParameterSpec(Struct, frozen=True):
    """One parameter; `default` counts only where it is not `required`."""

    name: str
    hint: Any
    schema: JsonSchema
    required: bool = True
    default: Any = None
    affects_result: bool = True


class Interface(Struct, frozen=True):
    """All that goes in and out, by name and in the order of the signature.

    `beam` names the parameter that takes the Beam pipeline, if there is one.
    """

    inputs: Mapping[str, InputSpec] = field(default_factory=dict)
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict)
    parameters: Mapping[str, ParameterSpec] = field(default_factory=dict)
    beam: str = ""

    def artifact_types(self) -> list[type[Artifact]]:
        """Return the types of all inputs and outputs."""
        inputs = [spec.type for spec in self.inputs.values()]
        return inputs + [spec.type for spec in self.outputs.values()]


def read_interface(function: Callable[..., Any], *, values: bool = True) -> Interface:
    """Return the interface that a function's signature declares.

    Args:
        values: what the function returns becomes value outputs.

    Raises:
        DefinitionError: a parameter has no type, or one that cannot be used.
    """
    reader = _Reader(function)
    reader.check_plain()
    hints = reader.hints()
    specs = [reader.read(p, hints) for p in inspect.signature(function).parameters.values()]
    outputs = {s.name: s for s in specs if isinstance(s, OutputSpec)}
    for value in reader.returned(hints.get("return") if values else None):
        if value.name in outputs:
            reader.refuse(f"returns {value.name!r}, which is an Output already", "rename one")
        outputs[value.name] = value
    return Interface(
        inputs={s.name: s for s in specs if isinstance(s, InputSpec)},
        outputs=outputs,
        parameters={s.name: s for s in specs if isinstance(s, ParameterSpec)},
        beam=next((s for s in specs if isinstance(s, str)), ""),
    )


def defined_at(function: Callable[..., Any]) -> str:
    """Return `file:line` of a function's definition."""
    code = function.__code__
    return file_line(code.co_filename, code.co_firstlineno)


class _Reader:
    """Reader of one function; every error has its name, file and line."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = function.__name__

    def refuse(self, problem: str, hint: str) -> typing.NoReturn:
        raise DefinitionError(f"{self.name} {problem}", hint=hint, where=defined_at(self.function))

    def check_plain(self) -> None:
        """Refuse what does nothing when it is called."""
        if inspect.iscoroutinefunction(self.function) or inspect.isasyncgenfunction(self.function):
            self.refuse("is an async function", "write a plain `def`, with asyncio.run(...) in it")
        if inspect.isgeneratorfunction(self.function):
            self.refuse("is a generator: it has a `yield`", "return a list")

    def hints(self) -> dict[str, Any]:
        try:
            return typing.get_type_hints(self.function, include_extras=True)
        except (NameError, TypeError, AttributeError) as error:
            hint = "import what it names at module level, outside `if TYPE_CHECKING`"
            if isinstance(error, NameError):
                # Read here where Python does not do so itself, as from 3.14 on.
                near = did_you_mean(error.name or "", getattr(self.function, "__globals__", {}))
                hint = near if near.startswith("did") else hint
            self.refuse(f"has an annotation that cannot be read: {error}", hint)

    def read(
        self, parameter: inspect.Parameter, hints: Mapping[str, Any]
    ) -> InputSpec | OutputSpec | ParameterSpec | str:
        name = parameter.name
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            self.refuse(f"takes *{name}", "name each input, output and parameter")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            self.refuse(f"takes {name!r} by position only", "remove the / from its signature")
        if name not in hints:
            self.refuse(f"has no type for {name!r}", f"write {name}: Input[...], or its type")
        whole, optional = _without_none(hints[name])
        role = _role(whole)
        if role is Role.BEAM:
            return name
        if role is Role.OUTPUT:
            return self._output(parameter, whole, optional)
        if role is Role.INPUT:
            return self._input(parameter, whole, optional, many=False)
        if typing.get_origin(whole) is list and _role(typing.get_args(whole)[0]) is Role.INPUT:
            return self._input(parameter, typing.get_args(whole)[0], optional, many=True)
        return self._parameter(parameter, hints[name], affects_result=role is not Role.UNKEYED)

    def _artifact_type(self, parameter: inspect.Parameter, hint: Any) -> type[Artifact]:
        kind = typing.get_args(hint)[0]
        word = "Input" if _role(hint) is Role.INPUT else "Output"
        if typing.get_origin(kind) is list:
            inner = spelt(typing.get_args(kind)[0])
            self.refuse(
                f"has {word}[list[...]] for {parameter.name!r}",
                f"write list[Input[{inner}]] to take many"
                if word == "Input"
                else "write one Output for each artifact, or return the list as a value",
            )
        if not (isinstance(kind, type) and issubclass(kind, Artifact)):
            self.refuse(
                f"has {word}[{spelt(kind)}] for {parameter.name!r}, which is no artifact type",
                f"write {parameter.name}: {spelt(kind)} for a parameter, or name an Artifact class",
            )
        return kind

    def _output(self, parameter: inspect.Parameter, hint: Any, optional: bool) -> OutputSpec:
        kind = self._artifact_type(parameter, hint)
        if optional or parameter.default is not parameter.empty:
            self.refuse(f"has an optional output {parameter.name!r}", "remove the default")
        return OutputSpec(parameter.name, kind, schema=value_schema(kind))

    def _input(
        self, parameter: inspect.Parameter, hint: Any, optional: bool, many: bool
    ) -> InputSpec:
        kind = self._artifact_type(parameter, hint)
        default = parameter.default
        if default is not parameter.empty and not (default is None and optional):
            one = f"Input[{kind.__name__}]"
            wanted = f"list[{one}]" if many else one
            self.refuse(
                f"has a default for input {parameter.name!r}",
                f"write {parameter.name}: {wanted} | None = None to make it optional",
            )
        required = optional and default is parameter.empty
        return InputSpec(parameter.name, kind, many, optional, required)

    def _parameter(
        self, parameter: inspect.Parameter, hint: Any, affects_result: bool
    ) -> ParameterSpec:
        name = parameter.name
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is list else hint
        if isinstance(inner, type) and issubclass(inner, Artifact):
            marked = f"Input[{inner.__name__}]"
            marked = f"list[{marked}]" if inner is not hint else marked
            self.refuse(
                f"has the artifact {inner.__name__} for {name!r}, neither Input nor Output",
                f"write {name}: {marked}",
            )
        try:
            schema = schema_of(hint)
        except (TypeError, ValueError):
            self.refuse(
                f"has a parameter {name!r} of type {spelt(hint)}, which has no JSON form",
                "use numbers, texts, bool, lists, dicts, enums, dataclasses, Path or Secret",
            )
        required = parameter.default is parameter.empty
        if not required and not isinstance(parameter.default, Secret):
            try:
                checked(parameter.default, hint)
            except ValueError as error:
                self.refuse(
                    f"has the default {shortened(parameter.default)} for {name!r}: {error}",
                    f"give one of type {spelt(hint)}",
                )
        default = None if required else parameter.default
        return ParameterSpec(name, hint, schema, required, default, affects_result)

    def returned(self, hint: Any) -> list[OutputSpec]:
        """Return the value outputs: one named `output`, or one for each field."""
        if hint is None or hint is type(None):
            return []
        if isinstance(hint, type) and issubclass(hint, Artifact):
            self.refuse(
                f"returns the artifact {hint.__name__}", f"take it as Output[{hint.__name__}]"
            )
        try:
            return [
                OutputSpec(name, value_artifact_for(kind), value=True, schema=schema_of(kind))
                for name, kind in (value_fields(hint) or {"output": hint}).items()
            ]
        except (TypeError, ValueError):
            self.refuse(
                f"returns {spelt(hint)}, which has no JSON form",
                "return numbers, texts, bool, lists or dicts, or write to an Output",
            )


def value_schema(kind: type[Artifact]) -> JsonSchema:
    """Return the JSON Schema of what a value artifact holds, as far as its type tells it."""
    if issubclass(kind, ValueArtifact) and kind.PYTHON_TYPE in (str, int, float, bool):
        return schema_of(kind.PYTHON_TYPE)
    return {}


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Return the type without `| None`, and whether it had it."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [part for part in typing.get_args(hint) if part is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return hint, False


def _role(hint: Any) -> Role | None:
    marks = getattr(hint, "__metadata__", ())
    return next((mark for mark in marks if isinstance(mark, Role)), None)
