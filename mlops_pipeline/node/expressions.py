"""Evaluate IR expressions when a node is about to run."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from mlops_pipeline import artifacts, roots
from mlops_pipeline.errors import (
    NotFoundError,
    ParameterError,
    ResolutionError,
    did_you_mean,
)
from mlops_pipeline.interface import map_paths
from mlops_pipeline.ir import (
    Concat,
    DictOf,
    Expression,
    ListOf,
    Literal,
    LocalPath,
    LoopItem,
    NodeIR,
    Operation,
    OutputProperty,
    OutputUri,
    OutputValue,
    RunInfo,
    RunParameter,
    SecretName,
)
from mlops_pipeline.ir_graph import describe
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.store import ArtifactRecord
from mlops_pipeline.uris import is_remote


class ExpressionValues(Protocol):
    """Names that expressions may refer to."""

    def run_parameter(self, name: str) -> Any:
        """Return the value of a run parameter."""

    def run_info(self, field: str) -> str:
        """Return a fact about the run."""

    def item(self, loop: str) -> Any:
        """Return the current item of a loop."""

    def output(self, node: str, output: str) -> ArtifactRecord:
        """Return the one artifact that a node wrote to an output."""

    def value(self, node: str, output: str) -> Any:
        """Return the value in it."""


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, items: item in items,
    "not": operator.not_,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "[]": operator.getitem,
}


def evaluate(expression: Expression, scope: ExpressionValues) -> Any:
    """Return the value of an expression.

    Raises:
        ResolutionError: what it refers to is not there, or an operator does not fit.
        ParameterError: it holds a secret, which only an executor may see.
    """
    match expression:
        case Literal(value):
            return value
        case LocalPath(path):
            return path
        case RunParameter(name):
            return scope.run_parameter(name)
        case RunInfo(field):
            return scope.run_info(field)
        case LoopItem(loop, path):
            return _pick(scope.item(loop), path, loop)
        case OutputValue(node, output):
            return scope.value(node, output)
        case OutputProperty(node, output, name):
            return _property(scope.output(node, output), node, output, name)
        case OutputUri(node, output):
            return scope.output(node, output).uri
        case Concat(pieces):
            return "".join(_text(evaluate(piece, scope)) for piece in pieces)
        case ListOf(items):
            return [evaluate(item, scope) for item in items]
        case DictOf(mapping):
            return {key: evaluate(item, scope) for key, item in mapping.items()}
        case Operation(name, arguments):
            return _operate(name, arguments, scope)
        case SecretName(name):
            raise ParameterError(
                f"secret {name!r} is used as part of a value",
                hint="pass it as a whole parameter of type Secret",
            )


def read_value(record: ArtifactRecord) -> Any:
    """Return the content of a stored value artifact."""
    kind = getattr(artifacts, record.type, None)
    if not (isinstance(kind, type) and issubclass(kind, artifacts.ValueArtifact)):
        raise ResolutionError(
            f"{record.type} {record.uri} holds no single value",
            hint="use a property of it, or an output that is a return value",
        )
    if record.properties.get(artifacts.NULL_PROPERTY):
        return None
    try:
        data = roots.read_bytes(record.uri)
        if is_remote(record.uri) and record.digest not in ("", hashlib.sha256(data).hexdigest()):
            raise ValueError("it was altered after it was published")
        return kind(record.uri).decode(data)
    except (OSError, ValueError, NotFoundError) as error:
        raise ResolutionError(f"cannot read the value at {record.uri}: {error}") from None


def _property(record: ArtifactRecord, node: str, output: str, name: str) -> Any:
    if name not in record.properties:
        raise ResolutionError(
            f"output {output} of {node} has no property {name!r}",
            hint=did_you_mean(name, record.properties)
            if record.properties
            else "no property was set on it: a component sets artifact.properties[name]",
        )
    return record.properties[name]


def _pick(value: Any, path: tuple[str | int, ...], loop: str) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            raise ResolutionError(
                f"an item of loop {loop} has no {key!r}: {value!r}",
                hint="make every item of the list hold it",
            ) from None
    return value


def _text(value: Any) -> str:
    return str(value.value) if hasattr(value, "value") else str(value)


def _operate(name: str, arguments: tuple[Expression, ...], scope: ExpressionValues) -> Any:
    # The right side may only be there when the left side holds, so it is not looked at before.
    if name == "and":
        return all(evaluate(argument, scope) for argument in arguments)
    if name == "or":
        return any(evaluate(argument, scope) for argument in arguments)
    values = [evaluate(argument, scope) for argument in arguments]
    try:
        return OPERATORS[name](*values)
    except LookupError:
        whole, key = values
        known = list(whole) if isinstance(whole, dict) else []
        raise ResolutionError(
            f"{describe(arguments[0])} has no entry {key!r}",
            hint=did_you_mean(str(key), map(str, known)) if known else f"it is {whole!r}"[:200],
        ) from None
    except (TypeError, ZeroDivisionError) as error:
        shown = f" {name} ".join(repr(value) for value in values)
        raise ResolutionError(
            f"cannot compute {shown}: {error}", hint="compare values of one type"
        ) from None


def absolute_parameters(
    node: NodeIR,
    parameters: Mapping[str, Any],
    workspace: Workspace,
    paths: list[str] | None = None,
) -> dict[str, Any]:
    """Return the parameters as an executor gets them: every path is absolute.

    Args:
        paths: takes these paths.
    """

    def absolute(path: str) -> str:
        full = str(workspace.local_path(path))
        if paths is not None:
            paths.append(full)
        return full

    schemas = {parameter.name: parameter.schema for parameter in node.parameters}
    return {name: map_paths(schemas[name], value, absolute) for name, value in parameters.items()}
