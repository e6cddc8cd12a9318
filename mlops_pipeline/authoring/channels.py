"""The outputs of nodes, as authors wire them to inputs or take values of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from msgspec import Struct, field

from mlops_pipeline import ir
from mlops_pipeline.artifacts import ValueArtifact
from mlops_pipeline.authoring.placeholders import ANY_OWNER, Reference, Unknown, Value
from mlops_pipeline.errors import WiringError, caller, did_you_mean
from mlops_pipeline.interface import JsonSchema, OutputSpec

TEXT: JsonSchema = {"type": "string"}


@dataclass(frozen=True, eq=False)
class Channel(Unknown):
    """One output of a node: pass it to an input, or take a value of it."""

    node: str
    output: OutputSpec
    owner: int = ANY_OWNER

    @property
    def value(self) -> Value:
        """The content of a value artifact, as a parameter or in a condition."""
        if not issubclass(self.output.type, ValueArtifact):
            raise WiringError(
                f"{self!r} is a {self.output.type.TYPE_NAME}, which holds no single value",
                hint="use .uri, .property(name), or return the value from a component",
                where=caller(),
            )
        expression = ir.OutputValue(self.node, self.output.name)
        return Value(Reference(expression, self.output.schema, self.owner))

    @property
    def uri(self) -> Value:
        """The URI of the artifact."""
        return Value(Reference(ir.OutputUri(self.node, self.output.name), TEXT, self.owner))

    def property(self, name: str) -> Value:
        """Return a property of the artifact."""
        kind = {int: "integer", float: "number", str: "string"}.get(
            self.output.type.PROPERTIES.get(name, object)
        )
        expression = ir.OutputProperty(self.node, self.output.name, name)
        return Value(Reference(expression, {"type": kind} if kind else {}, self.owner))

    def __repr__(self) -> str:
        return f"{self.node}.{self.output.name}"

    def _operand(self) -> NoReturn:
        self._no_value()

    def _no_value(self, *_: object) -> NoReturn:
        raise WiringError(
            f"{self!r} is an artifact: it has no value to compute with",
            hint="use .value of it, .property(name) or .uri",
            where=caller(),
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _no_value
    __add__ = __radd__ = __sub__ = __mul__ = __truediv__ = _no_value
    __and__ = __or__ = __invert__ = __format__ = __str__ = _no_value
    __hash__ = object.__hash__


class Outputs(Mapping[str, Channel]):
    """The outputs of a node, as `outputs["name"]` or `outputs.name`."""

    def __init__(self, node: str, outputs: Mapping[str, OutputSpec], owner: int) -> None:
        self._node = node
        self._channels = {name: Channel(node, spec, owner) for name, spec in outputs.items()}

    def __getitem__(self, name: str) -> Channel:
        if name not in self._channels:
            raise WiringError(
                f"{self._node} has no output {name!r}",
                hint=did_you_mean(name, self._channels),
                where=caller(),
            )
        return self._channels[name]

    def __getattr__(self, name: str) -> Channel:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._channels

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)


class Source(Struct, frozen=True):
    """Artifacts to be chosen from the store when the node runs.

    Args:
        resolver: `module:qualname` of the function that chooses.
        arguments: passed to it; they may hold values that are not known yet.
        many: it may find several.
    """

    resolver: str
    type: type[Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    many: bool = False


class _RunInfo:
    """Facts about the run, as values: `run_info.id`, `run_info.pipeline`, `run_info.state`."""

    @property
    def id(self) -> Value:
        """The id of the run."""
        return Value(Reference(ir.RunInfo("id"), TEXT))

    @property
    def pipeline(self) -> Value:
        """The name of the pipeline."""
        return Value(Reference(ir.RunInfo("pipeline"), TEXT))

    @property
    def state(self) -> Value:
        """State in which the run has ended: in exit handlers only."""
        return Value(Reference(ir.RunInfo("state"), {"enum": ["COMPLETE", "FAILED", "CANCELED"]}))


run_info = _RunInfo()
