"""Whether a model can be served: found out in a process that the model may break."""

import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_components import (
    InfraValidator,
    RequestSpec,
    ServingSpec,
    TensorFlowServing,
    TensorFlowServingRequestSpec,
    ValidationSpec,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.testing import ComponentResult, artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ONE_TRY = ValidationSpec(num_tries=1)


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


def parsed(records: Any) -> Any:
    import tensorflow as tf

    return tf.io.parse_example(records, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]


def twice(x: Any) -> Any:
    return {"y": 2.0 * x}


def aborting(x: Any) -> Any:
    import tensorflow as tf

    with tf.control_dependencies([tf.raw_ops.Abort(error_msg="no", exit_without_error=False)]):
        return {"y": tf.identity(x)}


def hanging(x: Any) -> Any:
    import tensorflow as tf

    return {"y": x + tf.while_loop(lambda i: i >= 0.0, lambda i: [i * 1.0], [0.0])[0]}


def growing(x: Any) -> Any:
    import tensorflow as tf

    much = tf.random.uniform([150_000_000])
    return {"y": x + tf.while_loop(lambda i: i >= 0.0, lambda i: [i * 1.0], [much[0]])[0]}


def without_rows(x: Any) -> Any:
    import tensorflow as tf

    return {"y": tf.reduce_sum(x, axis=0, keepdims=True)}


def not_a_number(x: Any) -> Any:
    return {"y": x / 0.0}


def failing(x: Any) -> Any:
    import tensorflow as tf

    with tf.control_dependencies([tf.debugging.Assert(False, ["no such day"])]):
        return {"y": tf.identity(x)}


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


def validated(
    model: Model, examples: Examples | None, request: RequestSpec | None = None, **more: Any
) -> ComponentResult:
    request = request or RequestSpec()
    parameters = {"validation_spec": ONE_TRY, "request_spec": request, **more}
    return run_component(InfraValidator, model=model, examples=examples, **parameters)


def checked(model: Model, examples: Examples | None = None, **more: Any) -> dict[str, Any]:
    """The last report of the check, in this process: for models that do not break it."""
    from mlops_components.models import _ask

    files = [str(path) for path in examples.split("train").glob("*")] if examples else []
    job: dict[str, Any] = {"files": files, "records": 3 if files else 0, "tags": []}
    job |= {"model": str(model.path / "Format-Serving"), "model_name": "m", "signatures": []}
    reports: list[dict[str, Any]] = []
    _ask.check(
        {**job, "scratch": str(model.path), "finite": False, **more},
        lambda event, **said: reports.append({"event": event, **said}),
    )
    return reports[-1]


def test_good_model_is_blessed_and_stamped_with_its_requests(
    good: Model, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    names = TensorFlowServingRequestSpec(signature_names=["serving_default", "by_name"])
    request = RequestSpec(names, num_examples=2, make_warmup=True)
    monkeypatch.setenv("PATH", "")
    serving = ServingSpec(tensorflow_serving=TensorFlowServing(tags=["latest"]))
    blessing = validated(good, examples, request, serving_spec=serving).outputs["blessing"]
    assert blessing.properties["served"] == 0
    assert (blessing.path / "INFRA_BLESSED").exists()
    assert blessing.properties["blessed"] == blessing.properties["has_model"] == 1
    latency: Any = blessing.properties["latency"]
    assert set(latency) == {"serving_default", "by_name"}
    assert 0 < latency["by_name"]["p50_ms"] <= latency["by_name"]["p99_ms"]
    stamped = blessing.path / "stamped_model"
    assert (stamped / "saved_model.pb").exists()
    warmup = stamped / "assets.extra/tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(str(warmup))
    ]
    requests = [log.predict_log.request for log in logs]
    assert [r.model_spec.signature_name for r in requests] == ["serving_default"] * 2 + [
        "by_name"
    ] * 2
    assert parsed(requests[1].inputs["examples"].string_val).numpy().tolist() == [[1.0]]
    assert tf.make_ndarray(requests[3].inputs["x"]).tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("function", "limits", "reason"),
    [
        (aborting, ValidationSpec(num_tries=2), "crashed its process: SIGABRT (2 tries)"),
        (hanging, ValidationSpec(num_tries=1, max_request_time_seconds=1), "took more than 1 s"),
        (
            growing,
            ValidationSpec(num_tries=1, max_memory_mb=800),
            "used more than 800 MB of memory",
        ),
    ],
    ids=["crash", "hang", "memory"],
)
def test_model_that_breaks_its_process_is_not_blessed(
    saved: Any, examples: Examples, function: Any, limits: ValidationSpec, reason: str
) -> None:
    blessing = validated(saved(function), examples, validation_spec=limits).outputs["blessing"]
    assert blessing.properties["reasons"] == [f"asked to answer, the model {reason}"]
    assert blessing.properties["blessed"] == 0
    assert [path.name for path in blessing.path.iterdir()] == ["INFRA_NOT_BLESSED"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (without_rows, r"output 'y' of signature 'serving_default' .* for a batch of 4"),
        (failing, "'serving_default' fails on an example: InvalidArgumentError: .*no such day"),
        (not_a_number, "output 'y' of signature 'serving_default' has values that are not finite"),
    ],
)
def test_wrong_answers_refuse_a_model(
    saved: Any, examples: Examples, function: Any, reason: str
) -> None:
    report = checked(saved(function), examples, finite=True)
    assert report["event"] == "refused"
    assert re.search(reason, report["reason"])


def test_answers_need_not_be_finite_unless_asked_for(saved: Any, examples: Examples) -> None:
    assert checked(saved(not_a_number), examples)["event"] == "done"


def test_model_that_cannot_be_loaded_is_refused(saved: Any) -> None:
    model = saved(twice)
    folder = model.path / "Format-Serving"
    assert checked(model)["event"] == "done"
    assert "did you mean 'by_name'?" in checked(model, signatures=["by_nam"])["reason"]
    assert "MetaGraphDef" in checked(model, tags=["other"])["reason"]
    data = next((folder / "variables").glob("*.data*"))
    data.write_bytes(b"")
    assert checked(model)["reason"].startswith("the model cannot be loaded: ")
    (folder / "saved_model.pb").write_bytes(b"\xff\xff")
    assert checked(model)["reason"].startswith("the model cannot be loaded: ")
    (folder / "saved_model.pb").unlink()
    assert "is not a SavedModel" in checked(model)["reason"]


def test_variables_of_keras_that_servers_do_not_find_are_explained(examples: Examples) -> None:
    import keras
    import tensorflow as tf

    layer = keras.layers.Dense(1)
    layer.build((None, 1))
    for kept, event in (layer, "refused"), ([w.value for w in layer.weights], "done"):
        module = tf.Module()
        module.kept = kept
        serve = tf.function(
            lambda records: {"y": layer(parsed(records))},
            input_signature=[tf.TensorSpec([None], tf.string)],
            autograph=False,
        )
        model = artifact(Model)
        tf.saved_model.save(module, str(model.path / "Format-Serving"), {"serving_default": serve})
        report = checked(model, examples)
        assert report["event"] == event
        assert ("weight.value for weight in" in report.get("reason", "")) == (event == "refused")


def test_examples_that_cannot_be_read_are_not_the_models_fault(
    good: Model, examples: Examples, tmp_path: Path
) -> None:
    damaged = tmp_path / "data.gz"
    damaged.write_bytes(b"not a record")
    report = checked(good, examples, files=[str(damaged)])
    assert report["event"] == "unusable"
    assert "is not a readable TFRecord file" in report["message"]
    empty = [str(path) for path in examples.split("eval").glob("*")]
    assert "holds no examples" in checked(good, examples, files=empty)["message"]


def test_mistakes_are_named(good: Model, examples: Examples) -> None:
    with pytest.raises(NotFoundError, match="did you mean 'train'"):
        validated(good, examples, RequestSpec(split_name="trai"))
    with pytest.raises(ParameterError, match="num_tries is -1"):
        validated(good, examples, validation_spec=ValidationSpec(num_tries=-1))
    with pytest.raises(ParameterError, match="Kubernetes"):
        validated(good, examples, serving_spec=ServingSpec(kubernetes={}))
    with pytest.raises(NotFoundError, match="there is no model at"):
        validated(artifact(Model, {"other/x": ""}), examples)


# Speaks TensorFlow Serving's REST interface, and wants its command line.
SERVER = """#!{python}
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
        status = {{"error_code": "OK", "error_message": ""}}
        row = {{"version": "1", "state": "AVAILABLE", "status": status}}
        self.answer(200, {{"model_version_status": [row]}})
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == model + ":predict", self.path
        known = body["signature_name"] == "serving_default" and body["inputs"]["examples"][0]["b64"]
        self.answer(200 if known else 404, {{"error": "unknown"}})
http.server.HTTPServer(("127.0.0.1", int(options["rest_api_port"])), Handler).serve_forever()
"""


def test_model_server_is_asked_where_there_is_one(
    good: Model, examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_components.models import Limits, tensorflow_serving

    assert checked(good, examples, scratch=str(tmp_path))["event"] == "done"
    program = tmp_path / "bin" / tensorflow_serving.BINARY
    program.parent.mkdir()
    program.write_text(SERVER.format(python=sys.executable))
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
    program.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    (reason,) = tensorflow_serving.serve(server, folder, "o", limits, tmp_path)
    assert reason.endswith("the server ended while it loaded the model: exit code 3")
