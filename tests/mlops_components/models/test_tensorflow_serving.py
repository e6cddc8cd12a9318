"""Whether a model can be served: found out in a process that the model may break."""

import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from validated_models import checked, parsed, twice

from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def examples() -> Examples:
    import tensorflow as tf

    made = artifact(Examples)
    with SplitWriter(made, ["train", "eval"]) as writer:
        for row in range(3):
            value = tf.train.Feature(float_list=tf.train.FloatList(value=[row]))
            features = tf.train.Features(feature={"x": value})
            writer.write("train", tf.train.Example(features=features).SerializeToString())
    return made


@pytest.fixture(scope="module")
def saved() -> Any:
    """Saves a function of the feature `x` as a model; `by_name` takes the feature itself."""
    import tensorflow as tf

    def save(function: Any) -> Model:
        made = artifact(Model)
        module = tf.Module()
        module.weight = tf.Variable(1.0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def serve(examples: Any) -> Any:
            return function(module.weight * parsed(examples))

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="x")])
        def by_name(x: Any) -> Any:
            return function(module.weight * x)

        signatures = {"serving_default": serve, "by_name": by_name}
        tf.saved_model.save(module, str(made.path / "Format-Serving"), signatures)
        return made

    return save


@pytest.fixture(scope="module")
def good(saved: Any) -> Model:
    model = saved(twice)
    assert isinstance(model, Model)
    return model


# Speaks TensorFlow Serving's REST interface, and wants its command line.
SERVER = """
import http.server, json, pathlib, sys
options = dict(a.lstrip("-").split("=", 1) for a in sys.argv[1:])
base = pathlib.Path(options["model_base_path"])
assert (base / "1" / "saved_model.pb").exists()
model = "/v1/models/" + options["model_name"]
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())
    def do_GET(self):
        assert self.path == model
        status = {"error_code": "OK", "error_message": ""}
        row = {"version": "1", "state": "AVAILABLE", "status": status}
        self.answer(200, {"model_version_status": [row]})
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == model + ":predict", self.path
        known = body["signature_name"] == "serving_default" and body["inputs"]["examples"][0]["b64"]
        self.answer(200 if known else 404, {"error": "unknown"})
http.server.HTTPServer(("127.0.0.1", int(options["rest_api_port"])), Handler).serve_forever()
"""


def test_model_server_is_asked_where_there_is_one(
    good: Model, examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_components.models import Limits, tensorflow_serving

    assert checked(good, examples, scratch=str(tmp_path))["event"] == "done"
    program = tmp_path / "bin" / tensorflow_serving.BINARY
    program.parent.mkdir()
    # By a shell, as a path with spaces does not work after `#!`.
    source = tmp_path / "server.py"
    source.write_text(SERVER)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{source}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    server = tensorflow_serving.find_server()
    assert server == str(program)
    limits = Limits(loading=60, request=60, latency_ms=0, memory_mb=0, tries=1)
    folder = good.path / "Format-Serving"
    assert tensorflow_serving.serve(server, folder, "m", limits, tmp_path) == []
    (tmp_path / "requests.jsonl").write_text('{"verb": "predict", "body": {"signature_name": "a"}}')
    (reason,) = tensorflow_serving.serve(server, folder, "n", limits, tmp_path)
    assert "a request was answered with" in reason or "was not answered" in reason
    source.write_text("raise SystemExit(3)\n")
    (reason,) = tensorflow_serving.serve(server, folder, "o", limits, tmp_path)
    assert reason.endswith("the server ended while it loaded the model: exit code 3")
