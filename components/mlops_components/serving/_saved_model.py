"""TensorFlow's SavedModel as TensorFlow Serving serves it. Imports TensorFlow when imported."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from mlops_components.serving._arrays import of_array, to_array
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.serving import STRING, ModelFailure, Signature, Tensors, TensorSpec

GRAPH_FILE = "saved_model.pb"
WARMUP_FILE = Path("assets.extra/tf_serving_warmup_requests")

_MOST_WARMUPS = 1000
_METHODS = {
    tf.saved_model.CLASSIFY_METHOD_NAME: "classify",
    tf.saved_model.REGRESS_METHOD_NAME: "regress",
}


class SavedModel:
    """A loaded graph, asked by its signatures."""

    def __init__(self, folder: str, options: Mapping[str, Any]) -> None:
        path = Path(folder)
        if not (path / GRAPH_FILE).is_file():
            raise NotFoundError(f"no {GRAPH_FILE} in the version", hint="push it again")
        threads = int(options.get("threads", 0))
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        try:
            self._loaded = tf.saved_model.load(folder, tags=[tf.saved_model.SERVING])
            definitions = _definitions(path / GRAPH_FILE)
        # Damaged files show as errors of every kind.
        except Exception as error:
            raise ExecutorError(
                f"the model cannot be loaded: {_message(error)}", hint="train it again"
            ) from error
        self._functions = dict(self._loaded.signatures.items())
        self.signatures = {
            name: _signature(definitions[name], function)
            for name, function in self._functions.items()
            if name in definitions
        }
        if not self.signatures:
            raise ExecutorError("the model has no signature", hint="save it with signatures")
        self.warmup = list(itertools.islice(self._requests(path / WARMUP_FILE), _MOST_WARMUPS))

    def predict(self, signature: str, inputs: Tensors) -> Tensors:
        """Call the function of a signature."""
        given = {name: tf.constant(to_array(tensor)) for name, tensor in inputs.items()}
        try:
            found = self._functions[signature](**given)
        # A graph fails in as many ways as there are operations.
        except Exception as error:
            raise ModelFailure(_message(error), "raised") from error
        return {name: of_array(value.numpy()) for name, value in found.items()}

    def _requests(self, file: Path) -> Any:
        """Yield the requests that came with the model: tensors or examples."""
        if not file.is_file():
            return
        from tensorflow_serving.apis import prediction_log_pb2

        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            log = prediction_log_pb2.PredictionLog.FromString(record)
            kind = log.WhichOneof("log_type")
            if kind == "predict_log":
                request = log.predict_log.request
                name = request.model_spec.signature_name or _DEFAULT
                tensors = {k: of_array(tf.make_ndarray(v)) for k, v in request.inputs.items()}
            elif kind in ("classify_log", "regress_log"):
                request = getattr(log, kind).request
                name = request.model_spec.signature_name or _DEFAULT
                examples = request.input.example_list.examples
                texts = [example.SerializeToString() for example in examples]
                only = next(iter(self.signatures[name].inputs)) if name in self.signatures else ""
                tensors = {only: of_array(texts)}
            else:
                continue
            if name in self.signatures:
                yield name, tensors


_DEFAULT = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY


def _definitions(file: Path) -> Mapping[str, Any]:
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for graph in model.meta_graphs:
        if tf.saved_model.SERVING in graph.meta_info_def.tags:
            return graph.signature_def  # type: ignore[no-any-return]
    return {}


def _signature(definition: Any, function: Any) -> Signature:
    return Signature(
        {name: _spec(info) for name, info in definition.inputs.items()},
        {name: _spec(info) for name, info in definition.outputs.items()},
        _METHODS.get(definition.method_name, "predict"),
        definition.method_name or tf.saved_model.PREDICT_METHOD_NAME,
    )


def _spec(info: Any) -> TensorSpec:
    dtype = tf.as_dtype(info.dtype)
    shape: tuple[int, ...] | None = None
    if not info.tensor_shape.unknown_rank:
        shape = tuple(-1 if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)
    return TensorSpec(STRING if dtype == tf.string else dtype.name, shape, info.name)


def _message(error: BaseException) -> str:
    """Return the message of an error in one line, without the nodes of the graph."""
    lines = str(getattr(error, "message", "") or error).strip().splitlines() or [""]
    marks = [index for index, line in enumerate(lines) if line.lstrip().startswith("[[")]
    line = lines[marks[0] - 1] if marks and marks[0] else lines[0]
    return f"{type(error).__name__}: {line.strip()}"
