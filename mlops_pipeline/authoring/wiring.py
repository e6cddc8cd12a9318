"""Turns what a component was called with into the inputs and parameters of a node."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from mlops_pipeline import ir
from mlops_pipeline.authoring.call_rules import Call, foreign, sources, values_are_within_reach
from mlops_pipeline.authoring.channels import Channel, Source
from mlops_pipeline.authoring.draft import Draft
from mlops_pipeline.authoring.pipeline_rules import Problem
from mlops_pipeline.authoring.placeholders import (
    ANY_OWNER,
    Reference,
    Unknown,
    Value,
    operand,
    parse_text,
    reference,
)
from mlops_pipeline.errors import WiringError, caller, did_you_mean
from mlops_pipeline.interface import (
    InputSpec,
    JsonSchema,
    ParameterSpec,
    Secret,
    checked,
    choices,
    expression_of,
    fits,
    is_path,
    item_schema,
    json_of,
    kinds,
    length_problem,
    member_names,
    member_schema,
    near_choice,
    problems,
    refuse_large,
    shortened,
    spelt,
)
from mlops_pipeline.interface import describe_schema as words


def input_ir(call: Call, spec: InputSpec) -> ir.InputIR:
    """Return one input with its sources."""
    return ir.InputIR(
        spec.name,
        spec.type.TYPE_NAME,
        tuple(
            _source_ir(call.draft, f"the query for {spec.name!r} of {call.id}", given)
            for given in sources(call.arguments.get(spec.name))
        ),
        spec.optional,
        spec.many,
    )


def _source_ir(draft: Draft, what: str, given: Channel | Source) -> ir.SourceIR:
    if isinstance(given, Channel):
        return ir.ChannelIR(given.node, given.output.name)
    arguments = {name: bind_any(draft, what, value) for name, value in given.arguments.items()}
    return ir.QueryIR(given.resolver, arguments, given.type.TYPE_NAME)


def parameter_ir(call: Call, spec: ParameterSpec) -> ir.ParameterIR:
    """Return one parameter with its value."""
    what = f"parameter {spec.name!r} of {call.id}"
    value = call.arguments.get(spec.name, spec.default)
    expression = parameter_expression(call.draft, what, spec, value)
    return ir.ParameterIR(spec.name, dict(spec.schema), expression, spec.affects_result)


def bind_any(draft: Draft, what: str, value: object) -> ir.Expression:
    """Return the expression for a value of any type."""
    expression, owner = operand(value)
    check_reach(draft, what, [expression], owner)
    return expression


def parameter_expression(draft: Draft, what: str, spec: ParameterSpec, value: Any) -> ir.Expression:
    """Return the expression for the value of a parameter.

    Raises:
        WiringError: it does not fit the parameter, or is not within reach.
    """
    if isinstance(value, Value):
        known = reference(value).expression
        # What a sub-pipeline was called with is known after all.
        value = known.value if isinstance(known, ir.Literal) else value
    if isinstance(value, Secret):
        return _bind_secret(what, spec, value)
    if not _is_open(value):
        return expression_of(_checked(what, spec, value), draft.base_dir)
    if isinstance(value, Value):
        for sample in reference(value).samples:
            _checked(what, spec, sample)
    binder = _Binder(draft, what)
    expression = binder.bind(value, spec.schema)
    check_reach(draft, what, [expression], *binder.owners)
    return expression


def check_reach(draft: Draft, what: str, found: Iterable[ir.Expression], *owners: int) -> None:
    """Refuse expressions that are out of the node's reach.

    Raises:
        WiringError: one belongs to another pipeline, or to a loop that is not around.
    """
    if any(owner not in (ANY_OWNER, draft.number) for owner in owners):
        raise_first([foreign(what, "a value")])
    raise_first(values_are_within_reach(draft, what, found))


def raise_first(found: Iterable[Problem]) -> None:
    """Raise the first problem, if there is one, at the user's line."""
    for problem in found:
        raise dataclasses.replace(problem, where=problem.where or caller()).error()


def _bind_secret(what: str, spec: ParameterSpec, value: Secret) -> ir.SecretName:
    if not fits({"type": "string"}, spec.schema):
        raise WiringError(
            f"{what} takes {spelt(spec.hint)}, but a secret is a text",
            hint="declare the parameter as Secret",
            where=caller(),
        )
    return ir.SecretName(value.name)


def _has_password(text: str) -> bool:
    try:
        return "://" in text and bool(urlsplit(text).password)
    except ValueError:
        return False


def _checked(what: str, spec: ParameterSpec, value: Any) -> Any:
    if isinstance(value, str) and _has_password(value):
        raise WiringError(
            f"{what} is a URL with a password in it, which would be recorded",
            hint="give Secret('NAME'), the name of an environment variable, instead of the URL, "
            "or leave the password out",
            where=caller(),
        )
    try:
        plain = checked(value, spec.hint)
    except ValueError as error:
        # What is given instead of a secret may be the secret itself.
        secret = any(choice.get("format") == "secret" for choice in choices(spec.schema))
        given = "a text" if secret else shortened(value)
        raise WiringError(
            f"{what} takes {spelt(spec.hint)}, not {given}: {error}",
            hint=near_choice(str(error), spec.hint) or f"give {words(spec.schema)}",
            where=caller(),
        ) from None
    if isinstance(plain, str | list | dict):
        refuse_large(what, json_of(plain, Path()), caller())
    return plain


def _is_open(value: Any) -> bool:
    """Return True if something in the value is not known yet, or is a secret."""
    if isinstance(value, str):
        return "\x02" in value
    if isinstance(value, (int, float, Path, type(None))):
        return False
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_is_open(item) for item in value)
    if isinstance(value, Mapping):
        return any(_is_open(item) for pair in value.items() for item in pair)
    if _is_record(value):
        return any(_is_open(item) for item in _members(value).values())
    return isinstance(value, (Unknown, Secret))


def _is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, (type, Unknown))


def _members(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}


class _Binder:
    """Binds one value that holds others; `owners` are the pipelines that these belong to."""

    def __init__(self, draft: Draft, what: str) -> None:
        self.draft = draft
        self.what = what
        self.owners: list[int] = []

    def bind(self, value: Any, schema: JsonSchema) -> ir.Expression:
        if isinstance(value, Value):
            return self._reference(reference(value), schema, repr(value))
        if isinstance(value, str) and "\x02" in value:
            expression, owner = parse_text(value)
            return self._reference(Reference(expression, {"type": "string"}, owner), schema, "text")
        if isinstance(value, Unknown):
            self._refuse(
                f"is given the artifact {value!r}", "use .value of it, or declare an Input"
            )
        if isinstance(value, Secret):
            self._refuse("has a secret inside", "pass it as a parameter of its own")
        if _is_record(value):
            value = _members(value)
        if isinstance(value, Mapping):
            return self._mapping(value, schema)
        if isinstance(value, (list, tuple)):
            self._check_kind("a list", {"type": "array"}, schema)
            if problem := length_problem(schema, len(value)):
                self._refuse(f"does not fit: it {problem}", f"give {words(schema)}")
            items = enumerate(value)
            return ir.ListOf(tuple(self.bind(item, item_schema(schema, i)) for i, item in items))
        return self._literal(value, schema)

    def _reference(self, found: Reference, schema: JsonSchema, name: str) -> ir.Expression:
        self._check_kind(f"{name}, {words(found.schema)}", found.schema, schema)
        self.owners.append(found.owner)
        return found.expression

    def _mapping(self, value: Mapping[Any, Any], schema: JsonSchema) -> ir.DictOf:
        self._check_kind("a dict", {"type": "object"}, schema)
        items = {}
        for key, item in value.items():
            if _is_open(key):
                self._refuse("has a key that is not known yet", "use texts as keys")
            member = member_schema(schema, str(key))
            if member is None and kinds(schema):
                names = member_names(schema)
                self._refuse(f"has no field {key!r}", did_you_mean(str(key), names))
            items[str(key)] = self.bind(item, member or {})
        return ir.DictOf(items)

    def _literal(self, value: Any, schema: JsonSchema) -> ir.Expression:
        try:
            plain = checked(value, Any)
        except ValueError as error:
            self._refuse(f"cannot hold {shortened(value)}: {error}", f"give {words(schema)}")
        for problem in problems(schema, json_of(plain, self.draft.base_dir)):
            self._refuse(f"does not fit: {problem}", f"give {words(schema)}")
        if isinstance(plain, str) and is_path(schema):
            plain = Path(plain)
        return expression_of(plain, self.draft.base_dir)

    def _check_kind(self, name: str, found: JsonSchema, wanted: JsonSchema) -> None:
        if any(choice.get("format") == "secret" for choice in choices(wanted)):
            self._refuse("takes a secret only", "pass Secret('NAME')")
        if not fits(found, wanted):
            self._refuse(f"takes {words(wanted)}, not {name}", "convert it in a component")

    def _refuse(self, problem: str, hint: str) -> NoReturn:
        raise WiringError(f"{self.what} {problem}", hint=hint, where=caller())
