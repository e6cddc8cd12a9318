"""Signatures: the tensors that a model takes and gives, and what a loader has to hand over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from mlops_pipeline.serving.models.failures import BadInputFailure, ModelFailure
from mlops_pipeline.serving.models.tensors import Tensor, is_finite

DEFAULT_SIGNATURE = "serving_default"

Tensors = dict[str, Tensor]


class TensorSpec(msgspec.Struct, frozen=True):
    """Type and shape of a tensor.

    Args:
        dtype: empty for any.
        shape: -1 for any size of a dimension; None for any shape.
        internal: the tensor's name in the graph, shown in metadata.
    """

    dtype: str = ""
    shape: tuple[int, ...] | None = None
    internal: str = ""

    @property
    def has_rows(self) -> bool:
        """True unless the first dimension is known to be no number of rows."""
        return self.shape is None or self.shape[:1] == (-1,)


class Signature(msgspec.Struct, frozen=True):
    """One way to ask a model.

    Args:
        inputs: empty for a model that takes what it is given.
        outputs: empty for one that gives what it likes.
        method: predict, classify or regress.
        method_name: TensorFlow's name of the method.
    """

    inputs: dict[str, TensorSpec] = {}
    outputs: dict[str, TensorSpec] = {}
    method: str = "predict"
    method_name: str = "tensorflow/serving/predict"

    @property
    def is_batchable(self) -> bool:
        """True if requests can be put together by rows."""
        return all(spec.has_rows for spec in (*self.inputs.values(), *self.outputs.values()))


class LoadedModel(Protocol):
    """A model in the memory of its process."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Its signatures by name."""
        ...

    @property
    def warmup(self) -> Sequence[tuple[str, Tensors]]:
        """Requests that came with it: signature and inputs."""
        ...

    def predict(self, signature: str, inputs: Tensors) -> Tensors:
        """Answer a request."""
        ...


class ModelLoader(Protocol):
    """What an entry point of `mlops_pipeline.model_loaders` leads to."""

    def __call__(self, folder: str, options: Mapping[str, Any]) -> LoadedModel:
        """Load the model in a folder."""
        ...


def check_inputs(signature: Signature, inputs: Tensors) -> None:
    """Compare inputs with what a signature takes.

    Raises:
        BadInputFailure: one is missing, unknown, or of another type or shape.
    """
    if not signature.inputs:
        return
    for name in signature.inputs:
        if name not in inputs:
            raise BadInputFailure(f"input {name!r} is missing")
    for name, tensor in inputs.items():
        if name not in signature.inputs:
            known = ", ".join(sorted(signature.inputs))
            raise BadInputFailure(f"there is no input {name!r}; the signature takes {known}")
        fault = _fault(signature.inputs[name], tensor)
        if fault:
            raise BadInputFailure(f"input {name!r} {fault}")
    if signature.is_batchable and len({tensor.rows for tensor in inputs.values()}) > 1:
        raise BadInputFailure("the inputs differ in their number of rows")


def check_outputs(signature: Signature, inputs: Tensors, outputs: Tensors, finite: bool) -> None:
    """Compare outputs with what a signature promises.

    Raises:
        ModelFailure: one is missing, or of another type, shape or number of rows, or not finite.
    """
    rows = next((tensor.rows for tensor in inputs.values()), -1)
    missing = sorted(set(signature.outputs) - set(outputs))
    if missing:
        raise ModelFailure(f"the model gave no output {missing[0]!r}", "output")
    for name, tensor in outputs.items():
        fault = _fault(signature.outputs.get(name, TensorSpec()), tensor)
        if not fault and signature.is_batchable and tensor.rows != rows:
            fault = f"has the shape {list(tensor.shape)} for {rows} rows"
        if fault:
            raise ModelFailure(f"the model's output {name!r} {fault}", "output")
        if finite and not is_finite(tensor):
            raise ModelFailure(f"the model's output {name!r} is not finite", "not_finite")


def _fault(spec: TensorSpec, tensor: Tensor) -> str:
    if spec.dtype and tensor.dtype != spec.dtype:
        return f"is {tensor.dtype}, where the signature says {spec.dtype}"
    if spec.shape is None:
        return ""
    fits = len(spec.shape) == len(tensor.shape) and all(
        wanted in (-1, size) for wanted, size in zip(spec.shape, tensor.shape, strict=True)
    )
    if fits:
        return ""
    return f"has the shape {list(tensor.shape)}, where the signature says {list(spec.shape)}"
