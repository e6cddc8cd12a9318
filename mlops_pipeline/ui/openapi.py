"""The description of the JSON API, as OpenAPI has it: made from the dataclasses of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlops_pipeline.ui.views import PAGES

OPENAPI, API = "3.1.0", "1"
"""Versions of the form of the description, and of what it describes."""

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
"""An error, as RFC 9457 has it."""


def describe_api() -> dict[str, Any]:
    """Return the description of the API."""
    facts = {name: kind.facts for name, kind in PAGES.items() if kind.facts is not None}
    kinds = list(dict.fromkeys(facts.values()))
    refs, schemas = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    by_kind: dict[type | None, Any] = dict(zip(kinds, refs, strict=True))
    paths = {
        f"/api/{name or 'overview'}": {"get": _operation(name, by_kind.get(facts.get(name)))}
        for name in PAGES
    }
    return {
        "openapi": OPENAPI,
        "info": {"title": "mlops ui", "version": API},
        "paths": paths,
        "components": {
            "schemas": {**{n: _loose(each) for n, each in schemas.items()}, "Problem": PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(name: str, schema: Any) -> dict[str, Any]:
    kind = PAGES[name]
    problem = {"$ref": "#/components/schemas/Problem"}
    content = {"application/problem+json": {"schema": problem}}
    return {
        "operationId": name or "overview",
        "summary": kind.title,
        "parameters": [
            {
                "name": each,
                "in": "query",
                "required": place < kind.needs,
                "schema": {"type": "string"},
            }
            for place, each in enumerate(kind.takes)
        ],
        "responses": {
            "200": {
                "description": "the facts of the page",
                "headers": {"ETag": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": schema or {}}},
            },
            "304": {"description": "as `If-None-Match` has it already"},
            **{
                status: {"description": said, "content": content}
                for status, said in (
                    ("400", "the query cannot be understood"),
                    ("401", "the token is missing"),
                    ("404", "there is no such thing"),
                )
            },
        },
    }


def _loose(schema: Any) -> Any:
    """Return a schema in which a number may be a text, where JSON has no word for it."""
    if isinstance(schema, list):
        return [_loose(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "number":
        return {"type": ["number", "string"]}
    return {key: _loose(each) for key, each in schema.items() if key != "default"}
