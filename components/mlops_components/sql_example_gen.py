"""`SqlExampleGen`: turns the rows of queries into splits of tf.Example."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlops_components.example_files import FINGERPRINT, properties, range_of
from mlops_components.inputs import (
    InputConfig,
    InputSplit,
    OutputConfig,
    Queries,
    RangeConfig,
    Selection,
    ingest,
    query_of_span,
    wanted_span,
)
from mlops_pipeline import Output, Secret, component, ir
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ParameterError

if TYPE_CHECKING:
    from mlops_pipeline.node import Plan, Request


def query_driver(request: Request) -> Plan:
    """Run always, unless the user gives a fingerprint: a query has no digest of its data."""
    from mlops_pipeline.node import Decision, drive

    if not any(
        p.name == "url" and isinstance(p.value, ir.SecretName) for p in request.node.parameters
    ):
        refuse_password(request.value("url"))
    span = wanted_span(range_of(request), request.value("span"))
    request = request.set_properties("examples", **properties(Selection({}, span or 0)))
    if span is not None:
        request = request.replace_parameters(span=span, range_config=None)
    cache = request.node.cache
    if request.value("fingerprint") or cache.salt or cache.max_age is not None:
        return drive(request)
    plan = drive(replace(request, force=True))
    if plan.decision is not Decision.RUN or plan.key is None:
        return plan
    # A key of this node of this run: no other run finds it.
    name = f"{plan.key.digest}/{request.run.id}/{request.node.id}/{request.iteration}"
    key = replace(plan.key, digest=hashlib.sha256(name.encode()).hexdigest())
    why = "a query has no digest of its data: give fingerprint, or Cache(max_age=...)"
    return replace(plan, key=key, reason=why)


def refuse_password(url: object) -> None:
    """Raise a ParameterError for a URL with a password in it, which would be recorded."""
    if isinstance(url, str) and (urlsplit(url).password or "password=" in urlsplit(url).query):
        raise ParameterError(
            "url has a password in it, which would be recorded",
            hint="leave it out and give password=Secret('DB_PASSWORD'), or url=Secret('DB_URL')",
        )


@component(base_type="Process", driver="mlops_components.sql_example_gen:query_driver")
def SqlExampleGen(
    *,
    examples: Output[Examples],
    url: str,
    password: Secret | None = None,
    query: str = "",
    input_config: InputConfig | None = None,
    output_config: OutputConfig | None = None,
    range_config: RangeConfig | None = None,
    span: int | None = None,
    fingerprint: str = "",
) -> None:
    """Read rows by SQL and write them as splits of tf.Example.

    Args:
        url: of the database, without a password, as SQLAlchemy has it; or a `Secret`.
        query: a SELECT; `input_config` has several, as the patterns of its splits.
        span: the span that the query asks for, instead of `range_config`.
        fingerprint: a text of your own for the state of the data; while it is the same, results
            are reused.
    """
    splits = _queries(query, input_config)
    wanted = wanted_span(range_config, span)
    for split in splits:
        if wanted is None and "@span_" in split.pattern:
            raise ParameterError(
                f"the query of split {split.name!r} asks for a span, and none is given",
                hint="give span, or a static_range: the newest span of a database is not known",
            )
    source = Queries(url, str(password or ""))
    reads = {
        split.name: partial(source.rows, split.name, query_of_span(split.pattern, wanted or 0))
        for split in splits
    }
    ingest(reads, output_config, examples, (input_config or InputConfig()).taken)
    examples.properties.update(properties(Selection({}, wanted or 0)))
    if fingerprint:
        examples.properties[FINGERPRINT] = fingerprint
    examples.properties["file_format"] = "tfrecords_gzip"
    examples.properties["payload_format"] = "FORMAT_TF_EXAMPLE"


def _queries(query: str, config: InputConfig | None) -> list[InputSplit]:
    if bool(query) == bool(config):
        raise ParameterError(
            "SqlExampleGen needs one of query and input_config",
            hint="give query='SELECT ...'",
        )
    if config and config.union:
        raise ParameterError(
            "input_config: union is for files, and not for queries", hint="write it in the query"
        )
    return config.splits if config else [InputSplit("single_split", query)]
