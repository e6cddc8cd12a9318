"""Loads a model and asks it, as TensorFlow Serving would; runs in a process of its own.

Each step is a line of JSON to the parent, `process`, which ends this process when the model
hangs. This module imports TensorFlow when it is imported.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from mlops_components.records import records_of_files
from mlops_pipeline.errors import NotFoundError, PipelineError, did_you_mean

REQUESTS_FILE = "requests.jsonl"
WARMUP_FILE = "warmup"

_CLASSIFY = tf.saved_model.CLASSIFY_METHOD_NAME
_REGRESS = tf.saved_model.REGRESS_METHOD_NAME
_LOST_VARIABLE = (
    ": of a Keras 3 model, save `[weight.value for weight in model.weights]`, not the model itself"
)
# Enough for a 99th percentile that means something, unless that takes too long.
_TIMED_REQUESTS = 100
_TIMED_SECONDS = 1.0


class _Refused(Exception):
    """The model cannot be served, and why."""


def main(description: str, reports: int) -> None:
    """Do a job in a process that is there for nothing else; reports go to a file descriptor."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # If memory runs out, this is the process to end.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")

    def report(event: str, **more: Any) -> None:
        os.write(reports, json.dumps({"event": event, **more}).encode() + b"\n")

    check(json.loads(Path(description).read_text()), report)


def check(job: Mapping[str, Any], report: Callable[..., None]) -> None:
    """Load a model, ask it, and write the requests down.

    Args:
        report: called with an event: `ready` (with `memory_mb`; the model comes next), `loaded`,
            `asked`, and at the end `done`, `refused` (with a `reason`) or `unusable` (the job, with
            a `message`).
    """
    try:
        files = [Path(file) for file in job["files"]]
        found = itertools.chain.from_iterable(records_of_files(files, max(job["records"], 1)))
        records = list(itertools.islice(found, job["records"]))
        if job["records"] and not records:
            raise NotFoundError(
                f"{files[0].parent} holds no examples", hint="choose another split_name"
            )
    except PipelineError as error:
        report("unusable", message=error.message, hint=error.hint)
        return
    report("ready", memory_mb=_peak())
    measured: dict[str, Any] = {}
    try:
        _examine(job, records, report, measured)
    except _Refused as refusal:
        report("refused", reason=str(refusal), measured=_with_memory(measured))
    else:
        report("done", measured=_with_memory(measured))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def _with_memory(measured: Mapping[str, Any]) -> dict[str, Any]:
    return {**measured, "memory_mb": round(_peak())}


def _peak() -> float:
    """Return the most resident megabytes that this process has had."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # What `getrusage` says begins with what the parent had when it started this process.
    return int(re.findall(r"^VmHWM:\s*(\d+)", status, re.MULTILINE)[0]) / 1024


def _examine(job: Any, records: Sequence[bytes], report: Any, measured: dict[str, Any]) -> None:
    started = time.monotonic()
    session, graph = _load(job["model"], job["tags"])
    names = job["signatures"] or [tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    signatures = [_signature(graph, name) for name in names]
    measured["loading_seconds"] = round(time.monotonic() - started, 3)
    report("loaded")
    scratch = Path(job["scratch"])
    with (
        tf.io.TFRecordWriter(str(scratch / WARMUP_FILE)) as warmup,
        (scratch / REQUESTS_FILE).open("w") as requests,
    ):
        for signature in signatures if records else []:
            asked = [signature.inputs(record) for record in records]
            latency = _ask(session, signature, asked, job["finite"], report)
            measured.setdefault("latency", {})[signature.name] = latency
            for record, inputs in zip(records, asked, strict=True):
                log = signature.request(job["model_name"], record, inputs)
                warmup.write(log.SerializeToString(deterministic=True))
                requests.write(json.dumps(signature.rest(record, inputs)) + "\n")


def _load(folder: str, tags: Sequence[str]) -> tuple[Any, Any]:
    """Return the session and the graph of a saved model, its variables and tables filled."""
    if not (Path(folder) / "saved_model.pb").is_file():
        raise _Refused(f"the model is not a SavedModel: {folder} has no saved_model.pb")
    session = tf.compat.v1.Session(graph=tf.Graph())
    try:
        with session.graph.as_default():
            graph = tf.compat.v1.saved_model.loader.load(
                session, tags or [tf.saved_model.SERVING], folder
            )
    # Damaged files show as errors of every kind.
    except Exception as error:
        raise _Refused(f"the model cannot be loaded: {message_of(error)}") from error
    return session, graph


def message_of(error: BaseException) -> str:
    """Return the message of a model's error, in one line."""
    lines = str(getattr(error, "message", "") or error).strip().splitlines() or [""]
    # TensorFlow's message names the origin first, then the error, then the nodes.
    marks = [index for index, line in enumerate(lines) if line.lstrip().startswith("[[")]
    line = lines[marks[0] - 1] if marks and marks[0] else lines[0]
    if "Could not find variable" in line:
        # In Python such a model loads; in TensorFlow Serving it does not.
        line = line.partition(". ")[0] + _LOST_VARIABLE
    return f"{type(error).__name__}: {line.strip()}"


@dataclass(frozen=True)
class _Signature:
    """A signature of the model: what it takes and gives."""

    name: str
    definition: Any

    @property
    def takes_records(self) -> bool:
        """True if it takes serialised examples, False if it takes features by name."""
        shapes = [i.tensor_shape for i in self.definition.inputs.values() if i.dtype == 7]
        return len(shapes) == len(self.definition.inputs) == 1 and (
            shapes[0].unknown_rank or len(shapes[0].dim) == 1
        )

    def inputs(self, record: bytes) -> dict[str, np.ndarray]:
        """Return one record, as a batch of one."""
        if self.takes_records:
            return {name: np.array([record], object) for name in self.definition.inputs}
        features = tf.train.Example.FromString(record).features.feature
        return {
            name: self._feature(name, info, features)
            for name, info in self.definition.inputs.items()
        }

    def _feature(self, name: str, info: Any, features: Any) -> np.ndarray:
        if name not in features:
            raise _Refused(
                f"signature {self.name!r} takes {name!r}, which is neither a serialised example "
                f"nor a feature of the examples"
            )
        feature = features[name]
        kind = feature.WhichOneof("kind")
        values = np.array(getattr(feature, kind).value if kind else [])
        shape = [1, *(max(d.size, -1) for d in info.tensor_shape.dim[1:])]
        try:
            return values.astype(tf.as_dtype(info.dtype).as_numpy_dtype).reshape(shape)
        except ValueError as error:
            raise _Refused(
                f"signature {self.name!r}: feature {name!r} of an example does not fit: {error}"
            ) from None

    def request(self, model: str, record: bytes, inputs: Mapping[str, np.ndarray]) -> Any:
        """Return the request as TensorFlow Serving's `PredictionLog`."""
        log = prediction_log_pb2.PredictionLog()
        kinds = {_CLASSIFY: log.classify_log, _REGRESS: log.regress_log}
        request = kinds.get(self.definition.method_name, log.predict_log).request
        request.model_spec.name = model
        request.model_spec.signature_name = self.name
        if self.definition.method_name in kinds:
            request.input.example_list.examples.append(tf.train.Example.FromString(record))
        else:
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        return log

    def rest(self, record: bytes, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return the request as the path and the body of TensorFlow Serving's REST interface."""
        verb = {_CLASSIFY: "classify", _REGRESS: "regress"}.get(
            self.definition.method_name, "predict"
        )
        body: dict[str, Any] = {"signature_name": self.name}
        if verb == "predict":
            body["inputs"] = {name: _plain(value.tolist()) for name, value in inputs.items()}
        else:
            example = tf.train.Example.FromString(record)
            kinds = {n: f.WhichOneof("kind") for n, f in example.features.feature.items()}
            body["examples"] = [
                {
                    name: _plain(list(getattr(example.features.feature[name], kind).value))
                    for name, kind in sorted(kinds.items())
                    if kind
                }
            ]
        return {"verb": verb, "body": body}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _signature(graph: Any, name: str) -> _Signature:
    definitions = graph.signature_def
    if name not in definitions:
        known = [n for n in definitions if not n.startswith("__")]
        raise _Refused(
            f"the model has no signature {name!r}; {did_you_mean(name, known) or 'it has none'}"
        )
    return _Signature(name, definitions[name])


def _ask(
    session: Any, signature: _Signature, inputs: Sequence[Any], finite: bool, report: Any
) -> dict[str, float]:
    """Send all requests one by one, then together, then again and again; milliseconds."""
    times = []
    for each in inputs:
        times.append(_once(session, signature, each, finite))
        report("asked")
    # Two at least: an output whose first dimension is 1 by chance gives itself away.
    batch = [*inputs, inputs[0]]
    joined = {name: np.concatenate([each[name] for each in batch]) for name in inputs[0]}
    _once(session, signature, joined, finite)
    report("asked")
    first, deadline = times[0], time.monotonic() + _TIMED_SECONDS
    steady = times[1:]
    for each in itertools.islice(itertools.cycle(inputs), _TIMED_REQUESTS):
        if steady and time.monotonic() > deadline:
            break
        steady.append(_once(session, signature, each, finite))
        report("asked")
    p50, p99 = np.percentile(steady, [50, 99])
    return {"first_ms": round(first, 3), "p50_ms": round(p50, 3), "p99_ms": round(p99, 3)}


def _once(session: Any, signature: _Signature, inputs: Any, finite: bool) -> float:
    """Send a request, look at what comes back, and give the milliseconds that it took."""
    definition = signature.definition
    feed = {definition.inputs[name].name: value for name, value in inputs.items()}
    fetches = {name: info.name for name, info in definition.outputs.items()}
    started = time.perf_counter()
    try:
        outputs = session.run(fetches, feed)
    # A graph fails in as many ways as there are operations.
    except Exception as error:
        raise _Refused(
            f"signature {signature.name!r} fails on an example: {message_of(error)}"
        ) from error
    taken = (time.perf_counter() - started) * 1000
    rows = len(next(iter(inputs.values())))
    for name, value in outputs.items():
        wrong = _wrong(definition.outputs[name], np.asarray(value), rows, finite)
        if wrong:
            raise _Refused(f"output {name!r} of signature {signature.name!r} {wrong}")
    return taken


def _wrong(promised: Any, value: np.ndarray, rows: int, finite: bool) -> str:
    """Return the fault of an output; empty if it is right."""
    dtype = tf.as_dtype(promised.dtype)
    if dtype != tf.string and value.dtype != dtype.as_numpy_dtype:
        return f"is {value.dtype}, where the signature says {dtype.name}"
    shape = tf.TensorShape(promised.tensor_shape)
    if not shape.is_compatible_with(value.shape):
        return f"has the shape {value.shape}, where the signature says {shape}"
    if not value.shape or value.shape[0] != rows:
        return f"has the shape {value.shape} for a batch of {rows}"
    if finite and value.dtype.kind == "f" and not np.isfinite(value).all():
        return "has values that are not finite"
    return ""
