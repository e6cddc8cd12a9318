"""TensorFlow Serving's REST interface, version 1."""

from __future__ import annotations

import re

from mlops_pipeline.serving.models import ServedModel, UnknownModelFailure
from mlops_pipeline.serving.router import Prediction, Question, Router
from mlops_pipeline.serving.web.json_bodies import read_object, write_json_body
from mlops_pipeline.serving.web.requests import WebReply, WebRequest
from mlops_pipeline.serving.web.tf_forms import answer_body, check_body, read_tensors
from mlops_pipeline.serving.web.tf_status import metadata_of, status_of

PREFIX = "/v1/"

_PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)"
    r"(?:/versions/(?P<version>[0-9]{1,19})|/labels/(?P<label>[^/:]+))?"
    r"(?P<meta>/metadata)?(?::(?P<verb>predict|classify|regress))?"
)


def answer_headers(found: Prediction) -> dict[str, str]:
    """Return the headers that say which version has answered."""
    headers = {"x-mlops-version": str(found.version) if found.version else "rule"}
    if found.fallback:
        headers["x-mlops-fallback"] = found.fallback
    return headers


async def answer_tf(router: Router, request: WebRequest) -> WebReply:
    """Answer a request of TensorFlow Serving's interface.

    Raises:
        ServingFailure: it cannot be answered.
    """
    match = _PATH.fullmatch(request.path)
    wanted = "POST" if match and match["verb"] else "GET"
    if not match or request.method != wanted or (match["verb"] and match["meta"]):
        raise UnknownModelFailure(f"Malformed request: {request.method} {request.path[:200]}")
    name, label = match["name"], match["label"] or ""
    version = int(match["version"]) if match["version"] else None
    if match["verb"]:
        verb = match["verb"]
        router.models.model(name)
        body = read_object(request.body)
        signature = check_body(body, verb)
        question = Question(
            name,
            lambda known: read_tensors(body, verb, known),
            request.deadline,
            version,
            label,
            signature,
            request.key,
            request.request_id,
        )
        found = await router.answer(question)
        data = write_json_body(answer_body(body, verb, found.outputs))
        shown = str(found.version)
        return WebReply(200, data, answer_headers(found), model=name, version=shown)
    if match["meta"]:
        model = router.models.model(name)
        served = model.version(router.version_of(model, version, label))
        return WebReply(200, write_json_body(metadata_of(name, served)), model=name)
    return WebReply(200, write_json_body(_status(router, name, version, label)), model=name)


def _status(router: Router, name: str, version: int | None, label: str) -> object:
    if name not in {model.name for model in router.models}:
        raise UnknownModelFailure(f"Could not find any versions of model {name[:200]}")
    model: ServedModel = router.models.model(name)
    if version is None and not label:
        if not model.versions:
            raise UnknownModelFailure(f"Could not find any versions of model {name}")
        return status_of(model.versions)
    number = router.version_of(model, version, label)
    found = [each for each in model.versions if each.number == number]
    if not found:
        raise UnknownModelFailure(f"Could not find version {number} of model {name}")
    return status_of(found)
