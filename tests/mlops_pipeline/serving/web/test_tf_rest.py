"""TensorFlow Serving's REST interface, asked over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

# One server and its models for all of them, which takes seconds.
pytestmark = pytest.mark.slow


def test_rows_and_columns_are_answered_by_the_newest_version(served: Any) -> None:
    status, headers, found = served.ask("/v1/models/toy:predict", {"instances": [{"x": 1.0}]})
    assert (status, found, headers["x-mlops-version"]) == (200, {"predictions": [3.0]}, "2")
    status, headers, found = served.ask("/v1/models/toy:predict", {"inputs": {"x": [1.0, 2.0]}})
    assert (status, found, headers["content-type"]) == (
        200,
        {"outputs": [3.0, 6.0]},
        "application/json",
    )


def test_a_version_that_is_named_answers(served: Any) -> None:
    path = "/v1/models/toy/versions/1:predict"
    assert served.ask(path, {"instances": [{"x": 1.0}]})[2] == {"predictions": [2.0]}


def test_states_and_metadata_are_shown(served: Any) -> None:
    status, _, found = served.ask("/v1/models/toy")
    states = [(each["version"], each["state"]) for each in found["model_version_status"]]
    assert (status, states) == (200, [("2", "AVAILABLE"), ("1", "AVAILABLE")])
    found = served.ask("/v1/models/toy/versions/1")[2]["model_version_status"]
    assert found[0]["status"] == {"error_code": "OK", "error_message": ""}
    status, _, found = served.ask("/v1/models/toy/versions/1/metadata")
    assert found["model_spec"] == {"name": "toy", "signature_name": "", "version": "1"}
    assert list(found["metadata"]["signature_def"]["signature_def"]) == ["serving_default"]


ROW: Any = {"instances": [{"x": 1.0}]}


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/v1/models/nobody", None, 404, "Could not find any versions of model nobody"),
        ("/v1/models/toy/versions/9", None, 404, "Could not find version 9 of model toy"),
        ("/v1/models/nobody:predict", ROW, 404, "Servable not found for request: Latest(nobody)"),
        (
            "/v1/models/toy/versions/9:predict",
            ROW,
            404,
            "Servable not found for request: Specific(toy, 9)",
        ),
        ("/v1/models/toy/labels/x:predict", ROW, 404, "Unrecognized servable version label: x"),
        ("/v1/models/toy:predict", None, 404, "Malformed request: GET /v1/models/toy:predict"),
        ("/v1/models/toy", ROW, 404, "Malformed request: POST /v1/models/toy"),
        ("/v1/models/toy:explain", ROW, 404, "Malformed request"),
        ("/v1/models/toy/versions/1x:predict", ROW, 404, "Malformed request"),
        ("/v1/models/toy/versions/" + "9" * 50, None, 404, "Malformed request"),
        ("/v1/models/../../etc/passwd", None, 404, "Malformed request"),
        ("/", None, 404, "Malformed request"),
        ("/v1/models/toy:predict", b"{", 400, "JSON Parse error: Invalid value. at offset:"),
        ("/v1/models/toy:predict", b"[" * 50_000, 400, "JSON Parse error"),
        ("/v1/models/toy:predict", {}, 400, "Missing 'inputs' or 'instances' key"),
        ("/v1/models/toy:predict", {**ROW, "signature_name": "z"}, 400, '"z" not found'),
        ("/v1/models/toy:classify", {"examples": [{"a": 1}]}, 400, "Expected classification"),
        ("/v1/models/toy:regress", {"examples": [{"a": 1}]}, 400, "Expected regression"),
        ("/v1/models/toy:predict", {"instances": [{"x": [1]}, {"x": 2}]}, 400, "unexpected"),
    ],
)
def test_what_is_wrong_is_answered_in_the_words_of_tensorflow_serving(
    served: Any, path: str, body: Any, status: int, message: str
) -> None:
    found = served.ask(path, body)
    assert found[0] == status
    assert list(found[2]) == ["error"]
    assert message in found[2]["error"]


@pytest.mark.parametrize(
    ("value", "status", "words"),
    [
        (-3.0, 500, "three is not liked"),
        (-4.0, 500, "not finite"),
        (-1.0, 500, "exit code 7"),
        (-8.0, 500, "SIGKILL"),
    ],
)
def test_a_model_that_fails_answers_again_at_once(
    served: Any, value: float, status: int, words: str
) -> None:
    path = "/v1/models/toy/versions/1:predict"
    found = served.ask(path, {"instances": [{"x": value}, {"x": 1.0}]})
    assert found[0] == status
    assert words in found[2]["error"]
    assert served.ask(path, ROW)[2] == {"predictions": [2.0]}


def test_a_model_that_hangs_costs_one_request_its_time_and_no_other_version(served: Any) -> None:
    path = "/v1/models/toy/versions/1:predict"
    found = served.ask(path, {"instances": [{"x": -2.0}]}, x_mlops_timeout="0.2")
    assert found[0] == 504
    assert served.ask("/v1/models/toy:predict", ROW)[2] == {"predictions": [3.0]}
    assert served.ask(path, ROW)[2] == {"predictions": [2.0]}
