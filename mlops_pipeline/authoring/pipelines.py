"""`@pipeline`: a function that calls components, with run parameters as its arguments."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, overload

from msgspec.structs import replace

from mlops_pipeline import ir
from mlops_pipeline.authoring.call_rules import CALL_RULES, Call, id_is_free
from mlops_pipeline.authoring.draft import Draft, require_draft
from mlops_pipeline.authoring.placeholders import Reference, Value
from mlops_pipeline.authoring.wiring import parameter_expression, raise_first
from mlops_pipeline.errors import DefinitionError, ParameterError, caller
from mlops_pipeline.interface import (
    Interface,
    ParameterSpec,
    Secret,
    checked,
    defined_at,
    describe_schema,
    json_of,
    read_interface,
    shortened,
    spelt,
)
from mlops_pipeline.user_code import module_of


class Pipeline:
    """A pipeline: compile or run it, or call it inside another one.

    Attributes:
        base_dir: folder of the file that defines it; relative paths are relative to it.
    """

    def __init__(self, function: Callable[..., Any], name: str, labels: Mapping[str, str]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name
        self.labels = dict(labels)
        self.interface = _checked_interface(function, name)
        self.base_dir = Path(inspect.getfile(function)).absolute().parent
        self.doc = inspect.getdoc(function) or ""

    @property
    def where(self) -> str:
        """`file:line` of the definition."""
        return defined_at(self.function)

    def options(self, *, id: str) -> Pipeline:
        """Return the same pipeline under another id, to be called a second time in one pipeline."""
        return Pipeline(self.function, id, self.labels)

    def __call__(self, *args: Any, **arguments: Any) -> Any:
        """Add all nodes of this pipeline to the one that is being written.

        Returns:
            What the function returns: outputs, for example.
        """
        hint = "run it with `mlops run`, or compile it with compile_pipeline(...)"
        draft = require_draft(f"pipeline {self.name}", hint)
        if args:
            raise DefinitionError(
                f"{self.name} is called with {shortened(args[0])} by position",
                hint="name what you pass",
                where=caller(),
            )
        if self.function in draft.functions:
            raise DefinitionError(
                f"pipeline {self.name} calls itself",
                hint="write `with ForEach(...)` for repetition",
                where=caller(),
            )
        return _inline(self, draft, arguments)

    def write(self, base_dir: Path | None = None, given: Mapping[str, Any] | None = None) -> Draft:
        """Run the function, and give back what it has called.

        Args:
            given: values that replace the defaults of the run parameters.
        """
        draft = Draft(self.name, base_dir or self.base_dir, self.where)
        for name in self.interface.inputs:
            raise DefinitionError(
                f"pipeline {self.name} has the input {name!r}: it runs inside another only",
                hint="call it from another pipeline, or bring the artifact in with Importer(...)",
                where=self.where,
            )
        values = {}
        for spec in self.interface.parameters.values():
            draft.parameters[spec.name] = _run_parameter(self, spec, draft.base_dir, given or {})
            expression = ir.RunParameter(spec.name)
            values[spec.name] = Value(Reference(expression, spec.schema, draft.number))
        with draft.written_by(self.function):
            self.function(**values)
        return draft

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


@overload
def pipeline(function: Callable[..., Any], /) -> Pipeline: ...


@overload
def pipeline(
    *, name: str = "", labels: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Pipeline]: ...


def pipeline(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    labels: Mapping[str, str] | None = None,
) -> Pipeline | Callable[[Callable[..., Any]], Pipeline]:
    """Make a pipeline of a function; its arguments become run parameters.

    Args:
        name: the function's name if left out.
        labels: go with the compiled pipeline.
    """

    def decorate(decorated: Callable[..., Any]) -> Pipeline:
        module_of(decorated, "pipeline", defined_at(decorated))
        return Pipeline(decorated, name or decorated.__name__, labels or {})

    return decorate if function is None else decorate(function)


def _checked_interface(function: Callable[..., Any], name: str) -> Interface:
    where = defined_at(function)
    if not ir.is_id(name):
        raise DefinitionError(
            f"{name!r} cannot be the name of a pipeline", hint=ir.ID_HINT, where=where
        )
    interface = read_interface(function, values=False)
    secret = [s.name for s in interface.parameters.values() if s.hint is Secret]
    for wrong, kind in ((secret, "secret"), (list(interface.outputs), "output")):
        if wrong:
            raise DefinitionError(
                f"pipeline {name} has the {kind} {wrong[0]!r} as an argument",
                hint="pass Secret('NAME') where it is used"
                if kind == "secret"
                else "return the output from the function",
                where=where,
            )
    return interface


def _run_parameter(
    owner: Pipeline, spec: ParameterSpec, base_dir: Path, given: Mapping[str, Any]
) -> ir.RunParameterIR:
    doc = _documented(owner.doc, spec.name)
    if spec.required and spec.name not in given:
        return ir.RunParameterIR(spec.name, dict(spec.schema), required=True, doc=doc)
    value = given.get(spec.name, spec.default)
    try:
        default = json_of(checked(value, spec.hint), base_dir)
    except ValueError as error:
        raise ParameterError(
            f"parameter {spec.name!r} of pipeline {owner.name} takes {spelt(spec.hint)}, "
            f"not {shortened(value)}: {error}",
            hint=f"give {describe_schema(spec.schema)}",
        ) from None
    return ir.RunParameterIR(spec.name, dict(spec.schema), default, doc=doc)


def _documented(doc: str, name: str) -> str:
    """Return the text on a parameter in the docstring's `Args:`, in one line."""
    match = re.search(rf"^\s+{re.escape(name)}: (.*(?:\n\s{{6,}}\S.*)*)", doc, re.MULTILINE)
    return " ".join(match[1].split()) if match else ""


_DEEPEST = 50
"""Largest number of pipelines that one may be in."""


def _inline(part: Pipeline, draft: Draft, arguments: Mapping[str, Any]) -> Any:
    call = Call(draft, draft.full_id(part.name), part.interface, arguments)
    for rule in CALL_RULES:
        if rule is not id_is_free:
            raise_first(rule(call))
    before = draft.scope
    group = (*before.group, part.name)
    if len(group) > _DEEPEST:
        raise DefinitionError(
            f"pipeline {part.name} is called {len(group)} pipelines deep; {_DEEPEST} are the limit",
            hint="call the components of the inner ones directly",
            where=caller(),
        )
    if any(node.ir.group[: len(group)] == group for node in draft.nodes.values()):
        raise DefinitionError(
            f"pipeline {part.name} is called a second time here",
            hint=f"name this one: {part.name}.options(id='...')(...)",
            where=caller(),
        )
    values = {name: arguments.get(name) for name in part.interface.inputs}
    for spec in part.interface.parameters.values():
        given = arguments.get(spec.name, spec.default)
        expression = parameter_expression(
            draft, f"parameter {spec.name!r} of {call.id}", spec, given
        )
        values[spec.name] = Value(Reference(expression, spec.schema, draft.number))
    draft.scope = replace(before, group=group)
    try:
        with draft.written_by(part.function):
            return part.function(**values)
    finally:
        draft.scope = before
