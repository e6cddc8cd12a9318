"""Status and metadata of models, in TensorFlow Serving's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlops_pipeline.serving.models import ServedVersion, Signature, TensorSpec, VersionState

_TYPES = {
    "bool": "DT_BOOL",
    "int8": "DT_INT8",
    "uint8": "DT_UINT8",
    "int16": "DT_INT16",
    "uint16": "DT_UINT16",
    "int32": "DT_INT32",
    "uint32": "DT_UINT32",
    "int64": "DT_INT64",
    "uint64": "DT_UINT64",
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "string": "DT_STRING",
}


def status_of(versions: Iterable[ServedVersion]) -> dict[str, Any]:
    """Return the states of versions, newest first."""
    return {
        "model_version_status": [
            {
                "version": str(version.number),
                "state": version.state.value,
                "status": {
                    "error_code": "UNKNOWN" if _failed(version) else "OK",
                    "error_message": version.error if _failed(version) else "",
                },
            }
            for version in versions
        ]
    }


def _failed(version: ServedVersion) -> bool:
    return version.state == VersionState.END and bool(version.error)


def metadata_of(name: str, version: ServedVersion) -> dict[str, Any]:
    """Return the signatures of a version."""
    signatures = {
        key: signature_def(each) for key, each in sorted(version.facts.signatures.items())
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(version.number)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def signature_def(signature: Signature) -> dict[str, Any]:
    """Return a signature as a `SignatureDef` in JSON."""
    return {
        "inputs": _infos(signature.inputs),
        "outputs": _infos(signature.outputs),
        "method_name": signature.method_name,
    }


def _infos(specs: Mapping[str, TensorSpec]) -> dict[str, Any]:
    return {
        name: {
            "dtype": _TYPES.get(spec.dtype, "DT_INVALID"),
            "tensor_shape": {
                "dim": [{"size": str(size), "name": ""} for size in spec.shape or ()],
                "unknown_rank": spec.shape is None,
            },
            "name": spec.internal,
        }
        for name, spec in sorted(specs.items())
    }
