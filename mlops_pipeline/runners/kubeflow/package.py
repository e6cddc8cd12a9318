"""A compiled package: the file that Kubeflow takes, named by its content."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import CompileError
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.ir_check import load_checked
from mlops_pipeline.runners.kubeflow.options import KubeflowOptions
from mlops_pipeline.runners.kubeflow.spec import to_yaml

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Package:
    """A pipeline and its file for Kubeflow.

    Args:
        ir: what was compiled.
        data: the bytes of the file.
        name: what Kubeflow calls the pipeline.
    """

    ir: PipelineIR
    data: bytes
    name: str

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The pipeline, and the settings of its pods if there are any."""
        return _documents(self.data.decode())

    @property
    def version(self) -> str:
        """The name of the version: the same file has the same, on every server."""
        return f"{self.name}-{self.digest[:16]}"


def make_package(ir: PipelineIR, options: KubeflowOptions) -> Package:
    """Compile a pipeline for Kubeflow."""
    text = to_yaml(ir, options)
    return Package(ir, text.encode(), _documents(text)[0]["pipelineInfo"]["name"])


def read_package(file: Path) -> Package:
    """Read what `mlops compile --to kubeflow` wrote.

    Raises:
        CompileError: it cannot be read, or something else has written it.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CompileError(f"cannot read {file}: {error.strerror}", hint="check the path") from None
    try:
        spec = _documents(data.decode())[0]
        compiled = _arguments(spec)
        name = str(spec["pipelineInfo"]["name"])
    except (ValueError, LookupError, TypeError, zlib.error):
        raise CompileError(
            f"{file} is no package of mlops-pipeline",
            hint="make it with `mlops compile PIPELINE --to kubeflow -o FILE.yaml`",
        ) from None
    return Package(load_checked(compiled, source=str(file)), data, name)


def _documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(document) for document in text.split("\n---\n")]


def _arguments(spec: dict[str, Any]) -> bytes:
    """Return the compiled pipeline, which the first container is given."""
    arguments = spec["deploymentSpec"]["executors"]["exec-begin"]["container"]["args"]
    chunks = arguments[arguments.index("--ir") + 1 :]
    return zlib.decompress(base64.b64decode("".join(chunks), validate=True))
