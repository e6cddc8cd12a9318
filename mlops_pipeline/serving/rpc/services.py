"""TensorFlow Serving's gRPC services: PredictionService and ModelService, over the same router."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from mlops_pipeline.serving.models import (
    STRING,
    BadInputFailure,
    ServedModel,
    ServingFailure,
    Signature,
    Tensor,
    Tensors,
    UnknownModelFailure,
    VersionState,
    of_strings,
)
from mlops_pipeline.serving.router import Prediction, Question, Router
from mlops_pipeline.serving.rpc.messages import messages
from mlops_pipeline.serving.rpc.tensor_messages import read_tensor, write_spec, write_tensor
from mlops_pipeline.serving.web import WebOptions, classes_of, numbers_of

_STATES = {"START": 10, "LOADING": 20, "AVAILABLE": 30, "UNLOADING": 40, "END": 50}
_CODES = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_SIGNATURES = "type.googleapis.com/tensorflow.serving.SignatureDefMap"


class Caller(NamedTuple):
    """The key of a caller, and the name of the request."""

    key: str
    request_id: str


Method = Callable[[Any, float, Caller], Awaitable[Any]]
"""Answers a message within a deadline."""


class GrpcServices:
    """The methods of both services."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._types = messages()

    def methods(self) -> dict[str, tuple[Any, Method]]:
        """Return the methods by their paths, each with the class of its requests."""
        types = self._types
        prediction = "/tensorflow.serving.PredictionService/"
        model = "/tensorflow.serving.ModelService/"
        return {
            f"{prediction}Predict": (types.PredictRequest, self.predict),
            f"{prediction}Classify": (types.ExamplesRequest, self.classify),
            f"{prediction}Regress": (types.ExamplesRequest, self.regress),
            f"{prediction}GetModelMetadata": (types.GetModelMetadataRequest, self.metadata),
            f"{model}GetModelStatus": (types.GetModelStatusRequest, self.status),
        }

    async def predict(self, request: Any, deadline: float, caller: Caller) -> Any:
        """Answer tensors by tensors."""
        inputs = {name: read_tensor(name, each) for name, each in request.inputs.items()}
        found = await self._ask(request.model_spec, lambda known: inputs, deadline, caller)
        response = self._types.PredictResponse()
        wanted = list(request.output_filter) or sorted(found.outputs)
        for name in wanted:
            if name not in found.outputs:
                raise BadInputFailure(f"output tensor alias not found in signature: {name[:100]}")
            write_tensor(response.outputs[name], found.outputs[name])
        self._answered(response.model_spec, request.model_spec, found)
        return response

    async def classify(self, request: Any, deadline: float, caller: Caller) -> Any:
        """Answer examples by classes."""
        found = await self._ask(
            request.model_spec, _examples(request, "classify"), deadline, caller
        )
        response = self._types.ClassificationResponse()
        for row in classes_of(found.outputs):
            classes = response.result.classifications.add()
            for label, score in row:
                classes.classes.add(label=str(label), score=score)
        self._answered(response.model_spec, request.model_spec, found)
        return response

    async def regress(self, request: Any, deadline: float, caller: Caller) -> Any:
        """Answer examples by numbers."""
        found = await self._ask(request.model_spec, _examples(request, "regress"), deadline, caller)
        response = self._types.RegressionResponse()
        for value in numbers_of(found.outputs):
            response.result.regressions.add(value=value)
        self._answered(response.model_spec, request.model_spec, found)
        return response

    async def metadata(self, request: Any, deadline: float, caller: Caller) -> Any:
        """Return the signatures of a version."""
        if list(request.metadata_field) != ["signature_def"]:
            raise BadInputFailure("Metadata field signature_def is supported, and no other")
        model, number = self._named(request.model_spec)
        served = model.version(self._router.version_of(model, *number))
        found = self._types.SignatureDefMap()
        for name, signature in served.facts.signatures.items():
            shown = found.signature_def[name]
            shown.method_name = signature.method_name
            for specs, target in ((signature.inputs, "inputs"), (signature.outputs, "outputs")):
                for each, spec in specs.items():
                    write_spec(getattr(shown, target)[each], spec)
        response = self._types.GetModelMetadataResponse()
        response.model_spec.name = model.name
        response.model_spec.version.value = served.number
        response.metadata["signature_def"].type_url = _SIGNATURES
        response.metadata["signature_def"].value = found.SerializeToString()
        return response

    async def status(self, request: Any, deadline: float, caller: Caller) -> Any:
        """Return the states of versions."""
        model, (version, label) = self._named(request.model_spec)
        number = self._router.version_of(model, version, label) if version or label else None
        response = self._types.GetModelStatusResponse()
        for each in model.versions:
            if number in (None, each.number):
                shown = response.model_version_status.add(version=each.number)
                shown.state = _STATES[each.state.value]
                failed = each.state == VersionState.END and bool(each.error)
                shown.status.error_code = 2 if failed else 0
                shown.status.error_message = each.error if failed else ""
        if not response.model_version_status:
            raise UnknownModelFailure(f"Could not find version {number} of model {model.name}")
        return response

    def _named(self, spec: Any) -> tuple[ServedModel, tuple[int | None, str]]:
        version = spec.version.value if spec.HasField("version") else None
        return self._router.models.model(spec.name), (version, spec.version_label)

    async def _ask(
        self, spec: Any, read: Callable[[Signature], Tensors], deadline: float, caller: Caller
    ) -> Prediction:
        model, (version, label) = self._named(spec)
        signature = spec.signature_name
        question = Question(model.name, read, deadline, version, label, signature, *caller)
        return await self._router.answer(question)

    def _answered(self, spec: Any, asked: Any, found: Prediction) -> None:
        spec.name = asked.name
        spec.signature_name = asked.signature_name or "serving_default"
        spec.version.value = found.version


def _examples(request: Any, verb: str) -> Callable[[Signature], Tensors]:
    given = request.input.example_list
    context = b""
    if request.input.HasField("example_list_with_context"):
        given = request.input.example_list_with_context
        context = given.context
    # Messages that follow one another are merged: so each example has what all share.
    examples = [context + example for example in given.examples]
    if not examples:
        raise BadInputFailure("Input is empty.")

    def read(signature: Signature) -> Tensors:
        if signature.method != verb:
            raise BadInputFailure(
                f"Expected a signature of the method tensorflow/serving/{verb}. "
                f"Was: {signature.method_name}"
            )
        name = next(iter(signature.inputs), "inputs")
        return {name: Tensor(STRING, (len(examples),), of_strings(examples))}

    return read


def make_grpc_server(router: Router, options: WebOptions) -> Any:
    """Return a gRPC server, without an address yet."""
    import grpc

    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", options.max_body),
            ("grpc.so_reuseport", 0),
        ],
        maximum_concurrent_rpcs=1000,
    )
    methods = GrpcServices(router).methods()

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        """Finds the method of a call."""

        def service(self, details: Any) -> Any:
            found = methods.get(details.method)
            if found is None:
                return None
            kind, method = found
            return grpc.unary_unary_rpc_method_handler(
                _guarded(method, options),
                request_deserializer=kind.FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )

    server.add_generic_rpc_handlers((Handler(),))
    return server


def _guarded(method: Method, options: WebOptions) -> Callable[[Any, Any], Awaitable[Any]]:
    """Return a method behind the token and the time of a call."""
    import grpc

    async def call(request: Any, context: Any) -> Any:
        given = dict(context.invocation_metadata() or ())
        if options.token and not _knows(given.get("authorization", ""), options.token):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "this server needs its token")
        left = context.time_remaining()
        seconds = min(
            options.request_seconds, left if left is not None else options.request_seconds
        )
        try:
            caller = Caller(
                str(given.get("x-mlops-key", "")), str(given.get("x-mlops-request-id", ""))[:128]
            )
            return await method(request, time.monotonic() + seconds, caller)
        except ServingFailure as failure:
            code = getattr(grpc.StatusCode, _CODES.get(failure.status, "INTERNAL"))
            await context.abort(code, failure.message)

    return call


def _knows(given: Any, token: str) -> bool:
    kind, _, text = str(given).partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(text.strip().encode(), token.encode())
