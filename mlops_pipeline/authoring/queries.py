"""Artifacts chosen from the store, as authors write them: pass a query to an input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlops_pipeline.artifacts import Artifact, Model, PushedModel
from mlops_pipeline.authoring.channels import Channel, Source
from mlops_pipeline.authoring.placeholders import Value
from mlops_pipeline.errors import DefinitionError, caller
from mlops_pipeline.interface import shortened
from mlops_pipeline.user_code import target_of


# All but the type are for rare cases, by name only.
def latest(
    type: type[Artifact],
    *,
    count: int = 1,
    pipeline: str = "",
    node: str = "",
    output: str = "",
    other_than: Channel | None = None,
) -> Source:
    """Return the newest artifacts of a type, newest first.

    Args:
        pipeline: whose artifacts count; those of the asking pipeline if left out, "*" for all.
        node: only what this node wrote; `output` likewise.
        other_than: an artifact that does not count, nor one with the same bytes. Give the one of
            this run here where the answer is what it is compared with. Only the same output of the
            same node counts then, unless `pipeline`, `node` or `output` say otherwise.
    """
    arguments: dict[str, Any] = {"count": count, "pipeline": pipeline, "node": node}
    arguments["output"] = output
    if other_than is not None:
        arguments["other_than"] = other_than.uri
    return _source("latest", type, arguments, many=count != 1)


def latest_blessed_model(
    type: type[Artifact] = Model, *, pipeline: str = "", other_than: Channel | None = None
) -> Source:
    """Return the newest model that an evaluator has blessed.

    Args:
        other_than: a model that does not count, nor one with the same bytes. Give the candidate
            here where the answer is its baseline: a model that was blessed and pushed, and then
            comes from the cache, must be compared with the one before it, not with itself.
    """
    other = "" if other_than is None else other_than.uri
    arguments = {"pipeline": pipeline, "other_than": other}
    return _source("latest_blessed_model", type, arguments, many=False)


def champion(
    model_name: str, *, alias: str = "champion", type: type[Artifact] = PushedModel
) -> Source:
    """Return the version of a registered model that an alias points to; none before there is one.

    It is an input like any other: lineage leads to it, and a node runs again when the alias points
    to other bytes.
    """
    return Source(
        "mlops_pipeline.models:resolve_alias",
        _checked_type(type),
        {"model_name": model_name} | ({} if alias == "champion" else {"alias": alias}),
        False,
    )


# What comes after the first three is for rare cases, by name only.
def span_range(
    type: type[Artifact],
    start: int,
    end: int,
    *,
    node: str = "",
    pipeline: str = "",
    missing_ok: bool = False,
) -> Source:
    """Return the newest version of each span from `start` to `end`, both included, in order.

    Args:
        node: only what this node wrote: transformed examples are examples with a span, too.
        missing_ok: go without spans that are not there, instead of failing.
    """
    arguments: dict[str, Any] = {"start": start, "end": end, "node": node, "pipeline": pipeline}
    arguments["missing_ok"] = missing_ok
    return _source("span_range", type, arguments, many=True)


# Likewise.
def rolling_window(
    type: type[Artifact],
    count: int,
    *,
    node: str = "",
    skip: int = 0,
    at_least: int = 1,
    pipeline: str = "",
) -> Source:
    """Return the newest version of each of the last `count` spans that are there, in order.

    Args:
        node: only what this node wrote: transformed examples are examples with a span, too.
        skip: how many of the newest spans to leave out.
        at_least: skip the node while fewer spans than this are there.
    """
    arguments: dict[str, Any] = {"count": count, "skip": skip, "at_least": at_least}
    arguments |= {"node": node, "pipeline": pipeline}
    return _source("rolling_window", type, arguments, many=True)


# The first four name one output; the others are for rare cases, by name only.
def external(
    pipeline: Any,
    node: str,
    output: str,
    type: type[Artifact],
    *,
    run_id: str = "",
    many: bool = False,
) -> Source:
    """Take an output of a node in another pipeline, from its newest run that has it.

    Args:
        pipeline: the other pipeline, or its name.
        run_id: take the outputs of this run.
        many: take all outputs of the node, if it is in a loop.
    """
    name = getattr(pipeline, "name", pipeline)
    arguments = {"pipeline": name, "node": node, "output": output, "run_id": run_id}
    return _source("external", type, arguments, many=many)


def query(
    resolver: str | Callable[..., Any],
    type: type[Artifact],
    *,
    many: bool = False,
    **arguments: Any,
) -> Source:
    """Take artifacts that a function of your own chooses.

    Args:
        resolver: takes a `mlops_pipeline.resolvers.Query` and returns artifacts of the store;
            a function, or its name as 'module:name'.
        many: it may choose several.
        arguments: what the function finds in `query.arguments`.
    """
    return Source(target_of(resolver, "resolver"), _checked_type(type), arguments, many)


def _source(name: str, kind: type[Artifact], arguments: dict[str, Any], *, many: bool) -> Source:
    for key, value in arguments.items():
        if key in ("count", "at_least") and not isinstance(value, Value):
            _check_count(name, key, value)
    # Defaults are left out, so that a new argument changes no compiled pipeline.
    given = {k: v for k, v in arguments.items() if isinstance(v, Value) or v not in ("", False)}
    return Source(f"mlops_pipeline.resolvers:{name}", _checked_type(kind), given, many)


def _check_count(name: str, key: str, value: Any) -> None:
    if not isinstance(value, int) or value < 1:
        raise DefinitionError(
            f"{name} has {key}={value!r}", hint="give a whole number, 1 or more", where=caller()
        )


def _checked_type(kind: Any) -> type[Artifact]:
    if isinstance(kind, type) and issubclass(kind, Artifact):
        return kind
    raise DefinitionError(
        f"a query looks for {shortened(kind)}, which is no artifact type",
        hint="give a class such as Model or Examples",
        where=caller(),
    )
