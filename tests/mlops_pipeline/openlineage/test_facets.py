"""Values as JSON that every back end takes."""

import json

from mlops_pipeline.openlineage.facets import TEXT, parameters_facet, sendable


def test_values_are_made_plain() -> None:
    deep: list[object] = []
    deep.append(deep)
    value = {
        "nan": float("nan"),
        "text": "a\0b\ud800",
        "long": "x" * 5_000,
        "many": range(1_000),
        "deep": deep,
        "bytes": b"\xff",
        3: None,
    }
    found = sendable(value)
    json.dumps(found, allow_nan=False).encode()
    assert found["nan"] == "nan"
    assert found["text"] == "a\ufffdb?"
    assert len(found["long"]) == TEXT + 3
    assert len(found["many"]) == 200
    assert found["3"] is None


def test_parameters_are_texts_without_logins() -> None:
    facet = parameters_facet({"rates": [0.1, float("inf")], "query": "s3://a:b@c/d"})
    assert [(each["key"], each["value"]) for each in facet["parameters"]] == [
        ("query", "s3://c/d"),
        ("rates", '[0.1, "inf"]'),
    ]
