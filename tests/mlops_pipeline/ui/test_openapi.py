"""The description of the JSON API, held against what the API answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from asgi_client import Asking
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_runs import HOSTILE, hostile_reader

from mlops_pipeline.ui.app import make_app
from mlops_pipeline.ui.guard import Access
from mlops_pipeline.ui.openapi import describe_api
from mlops_pipeline.ui.views import PAGES, Reader

KINDS = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}


def problems(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> Iterator[str]:
    """Hold a value against the words of JSON Schema that the description uses."""
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        if all(list(problems(value, each, whole)) for each in schema["anyOf"]):
            yield f"{value!r:.50} is none of {schema['anyOf']}"
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in kinds):
        yield f"{value!r:.50} is no {kinds}"
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (
            f"{name} is missing" for name in schema.get("required", ()) if name not in value
        )
        for name, each in value.items():
            further = schema.get("additionalProperties", {})
            yield from problems(each, known.get(name) or (further or {}), whole)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for each in value:
            yield from problems(each, schema["items"], whole)


@pytest.fixture(scope="module")
def api(reader: Reader) -> Asking:
    return Asking(make_app(lambda: reader, Access()))


def held(api: Asking, path: str, query: str) -> int:
    """Ask the API, hold the answer against its description, and return the status."""
    whole = describe_api()
    answer = api.get(f"{path}?{query}")
    known = whole["paths"][path]["get"]["responses"]
    assert str(answer.status_code) in known, answer.text
    content = known[str(answer.status_code)]["content"]
    assert answer.headers["content-type"] in content
    (schema,) = (each["schema"] for each in content.values())
    assert list(problems(answer.json(), schema, whole)) == []
    return answer.status_code


def test_every_page_is_described_with_its_facts(api: Asking) -> None:
    assert api.get("/api/openapi.json").json() == describe_api()
    assert [name for name, kind in PAGES.items() if kind.facts is None] == []
    assert len(describe_api()["paths"]) == len(PAGES)


@pytest.mark.parametrize(
    "asked",
    [
        "overview?",
        "runs?limit=2",
        "run?id=failing",
        "run?id=second",
        "node?run=failing&name=Train",
        "lineage?id=1&up=3&down=3",
        "artifact?id=1",
        "file?artifact=1&path=weights",
        "compare?a=first&b=second",
        "models?",
        "datasets?",
        "search?q=paged",
    ],
)
def test_what_is_answered_is_as_described(api: Asking, asked: str) -> None:
    path, _, query = asked.partition("?")
    if "=1" in asked:
        found = api.get("/api/models").json()["models"][0]["id"]
        query = query.replace("=1", f"={found}")
    assert held(api, f"/api/{path}", query) == 200


VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.sampled_from(["last", "first", "failing", "1", "0", "-1", "u1.d2", "9" * 30, HOSTILE]),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.sampled_from(sorted(PAGES)),
    given_query=st.dictionaries(
        st.sampled_from(sorted({word for kind in PAGES.values() for word in kind.takes})), VALUES
    ),
)
@pytest.mark.slow  # Many examples.
def test_any_query_is_answered_as_described(
    api: Asking, name: str, given_query: dict[str, str]
) -> None:
    query = urlencode(given_query, errors="replace")
    assert held(api, f"/api/{name or 'overview'}", query) in (200, 400, 404)


def test_what_hostile_records_hold_is_answered_as_described(tmp_path: Path) -> None:
    reader = hostile_reader(tmp_path)
    asking = Asking(make_app(lambda: reader, Access()))
    for path, query in (("run", {"id": "last"}), ("overview", {}), ("runs", {})):
        assert held(asking, f"/api/{path}", urlencode(query)) == 200
    for kind in ("lineage", "artifact"):
        for number in range(1, 5):
            assert held(asking, f"/api/{kind}", f"id={number}") in (200, 404)
