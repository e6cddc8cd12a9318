"""The Open Inference Protocol, version 2, over REST."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from mlops_pipeline.serving.models import (
    DEFAULT_SIGNATURE,
    STRING,
    BadInputFailure,
    Signature,
    Tensor,
    Tensors,
    TensorSpec,
    UnknownModelFailure,
    checked_tensor,
    of_lists,
    values_of,
)
from mlops_pipeline.serving.router import Question, Router
from mlops_pipeline.serving.web.json_bodies import read_object, write_json_body
from mlops_pipeline.serving.web.requests import WebReply, WebRequest
from mlops_pipeline.serving.web.tf_rest import answer_headers

_PATH = re.compile(
    r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[0-9]{1,19}))?"
    r"(?:/(?P<act>ready|infer))?"
)

DATATYPES = {
    "bool": "BOOL",
    "int8": "INT8",
    "uint8": "UINT8",
    "int16": "INT16",
    "uint16": "UINT16",
    "int32": "INT32",
    "uint32": "UINT32",
    "int64": "INT64",
    "uint64": "UINT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
}
_DTYPES = {name: dtype for dtype, name in DATATYPES.items()}


async def answer_open_inference(router: Router, request: WebRequest) -> WebReply:
    """Answer a request of the protocol.

    Raises:
        ServingFailure: it cannot be answered.
    """
    plain = _PLAIN.get(request.path)
    if plain and request.method == "GET":
        return plain(router)
    match = _PATH.fullmatch(request.path)
    wanted = "POST" if match and match["act"] == "infer" else "GET"
    if not match or request.method != wanted:
        raise UnknownModelFailure(f"there is nothing at {request.method} {request.path[:200]}")
    name, version = match["name"], int(match["version"]) if match["version"] else None
    if match["act"] == "infer":
        return await _infer(router, request, name, version)
    model = router.models.model(name)
    served = model.version(router.version_of(model, version, ""))
    if match["act"] == "ready":
        return _reply({"name": name, "ready": True})
    signature = served.facts.signatures.get(DEFAULT_SIGNATURE) or Signature()
    return _reply(
        {
            "name": name,
            "versions": [str(each) for each in model.available],
            "platform": "mlops-pipeline",
            "inputs": _shown_specs(signature.inputs),
            "outputs": _shown_specs(signature.outputs),
        }
    )


def _reply(value: Mapping[str, Any], status: int = 200) -> WebReply:
    return WebReply(status, write_json_body(value))


def _server(router: Router) -> WebReply:
    from mlops_pipeline import __version__

    return _reply({"name": "mlops-pipeline", "version": __version__, "extensions": []})


def _live(router: Router) -> WebReply:
    return _reply({"live": True})


def _ready(router: Router) -> WebReply:
    is_ready = all(model.available for model in router.models)
    return _reply({"ready": is_ready}, 200 if is_ready else 503)


_PLAIN: dict[str, Callable[[Router], WebReply]] = {
    "/v2": _server,
    "/v2/health/live": _live,
    "/v2/health/ready": _ready,
}


async def _infer(router: Router, request: WebRequest, name: str, version: int | None) -> WebReply:
    router.models.model(name)
    body = read_object(request.body)
    parameters = body.get("parameters", {})
    signature = parameters.get("signature_name", "") if isinstance(parameters, dict) else None
    wanted = _wanted(body)
    if not isinstance(signature, str):
        raise BadInputFailure("'parameters' is no object, or 'signature_name' in it no text")
    question = Question(
        name,
        lambda known: _inputs(body, known),
        request.deadline,
        version,
        "",
        signature,
        request.key,
        request.request_id,
    )
    found = await router.answer(question)
    for each in wanted:
        if each not in found.outputs:
            known = ", ".join(sorted(found.outputs))
            raise BadInputFailure(f"there is no output {each[:100]!r}; the model gives {known}")
    shown: dict[str, Any] = {"model_name": name, "model_version": str(found.version)}
    if isinstance(body.get("id"), str):
        shown["id"] = body["id"]
    shown["outputs"] = [
        _shown(each, found.outputs[each]) for each in wanted or sorted(found.outputs)
    ]
    headers = answer_headers(found)
    data, number = write_json_body(shown), str(found.version)
    return WebReply(200, data, headers, model=name, version=number)


def _wanted(body: Mapping[str, Any]) -> list[str]:
    outputs = body.get("outputs", [])
    if not isinstance(outputs, list):
        raise BadInputFailure("'outputs' is no list")
    names = [each.get("name") if isinstance(each, dict) else None for each in outputs]
    if not all(isinstance(name, str) for name in names):
        raise BadInputFailure("an output that is asked for has no name")
    return [str(name) for name in names]


def _inputs(body: Mapping[str, Any], signature: Signature) -> Tensors:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise BadInputFailure("'inputs' is no list, or empty")
    found: Tensors = {}
    for each in inputs:
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise BadInputFailure("an input has no name")
        if each["name"] in found:
            raise BadInputFailure(f"input {each['name'][:100]!r} is there twice")
        found[each["name"]] = _tensor(each)
    return found


def _tensor(given: Mapping[str, Any]) -> Tensor:
    """Return a tensor that is given as a type, a shape, and its values flat or nested."""
    name, shape = given["name"][:100], given.get("shape")
    dtype = _DTYPES.get(given.get("datatype", "")) if _is_text(given.get("datatype")) else None
    if dtype is None:
        raise BadInputFailure(f"input {name!r} has a datatype that is not known")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise BadInputFailure(f"input {name!r} has no shape")
    if "data" not in given:
        raise BadInputFailure(f"input {name!r} has no data")
    tensor = of_lists(given["data"], dtype)
    if tensor.count != math.prod(shape):
        raise BadInputFailure(f"input {name!r} has {tensor.count} values for the shape {shape}")
    return checked_tensor(dtype, shape, tensor.data)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _shown(name: str, tensor: Tensor) -> dict[str, Any]:
    values = values_of(tensor)
    if tensor.dtype == STRING:
        values = [each.decode(errors="replace") for each in values]
    datatype = DATATYPES.get(tensor.dtype, "BYTES")
    return {"name": name, "shape": list(tensor.shape), "datatype": datatype, "data": values}


def _shown_specs(specs: Mapping[str, TensorSpec]) -> list[dict[str, Any]]:
    return [
        {"name": name, "datatype": DATATYPES.get(spec.dtype, ""), "shape": list(spec.shape or ())}
        for name, spec in specs.items()
    ]
