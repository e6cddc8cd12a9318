"""`InfraValidator`: loads a model as a model server would, asks it, and blesses it or not."""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlops_components.models import (
    BINARY,
    STAMPED_FOLDER,
    Findings,
    Limits,
    examine,
    find_server,
    serve,
)
from mlops_components.records import PayloadFormat, chosen_splits, files_of_split
from mlops_pipeline import Input, Output, component
from mlops_pipeline.artifacts import Examples, InfraBlessing, Model
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.executors import current_task

log = logging.getLogger(__name__)

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"


@dataclass(frozen=True)
class TensorFlowServing:
    """The model server; `tags` and `digests` name images in TFX, and choose nothing here."""

    tags: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    image_name: str = ""


@dataclass(frozen=True)
class LocalDockerConfig:
    """TFX's way to a local model server; taken as it is, for nothing here needs Docker."""

    client_base_url: str = ""
    client_api_version: str = ""
    client_timeout_seconds: int = 0
    host_ip_address: str = ""


@dataclass(frozen=True)
class ServingSpec:
    """With what to serve: `tensorflow_serving` asks for TensorFlow Serving as well."""

    tensorflow_serving: TensorFlowServing | None = None
    local_docker: LocalDockerConfig | None = None
    kubernetes: dict[str, Any] | None = None
    model_name: str = ""


@dataclass(frozen=True)
class ValidationSpec:
    """Limits for the model; those after `num_tries` are not in TFX. 0 sets no limit.

    Args:
        num_tries: processes that may crash, or load too slowly, before the model is refused.
        max_request_time_seconds: for one request, the first and slow one among them.
        max_latency_ms: for 99 of 100 requests, after the first.
        max_memory_mb: resident memory of the process, with TensorFlow's own 600 to 750 MB in it.
        finite_outputs: whether NaN and infinity in an output refuse the model.
    """

    max_loading_time_seconds: int = 300
    num_tries: int = 5
    max_request_time_seconds: int = 60
    max_latency_ms: float = 0
    max_memory_mb: int = 0
    finite_outputs: bool = False


@dataclass(frozen=True)
class TensorFlowServingRequestSpec:
    """Signatures to call; by default `serving_default` of the graph tagged `serve`."""

    tag_set: list[str] = field(default_factory=list)
    signature_names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RequestSpec:
    """Requests to send, made from the first examples of a split (the first one if not named)."""

    tensorflow_serving: TensorFlowServingRequestSpec | None = None
    split_name: str = ""
    num_examples: int = 1
    make_warmup: bool = False


@component(base_type="Evaluate")
def InfraValidator(
    model: Input[Model],
    examples: Input[Examples] | None = None,
    *,
    blessing: Output[InfraBlessing],
    serving_spec: ServingSpec | None = None,
    validation_spec: ValidationSpec | None = None,
    request_spec: RequestSpec | None = None,
) -> None:
    """Find out, in a process of its own, whether the model can be served.

    Requests are sent if both `examples` and `request_spec` are given.

    Args:
        serving_spec: TensorFlow Serving is tried if it is named, and installed.
        request_spec: with `make_warmup`, a copy of the model that has the requests as warm-up
            is added to the blessing.
    """
    serving = serving_spec or ServingSpec()
    limits = _limits(validation_spec or ValidationSpec())
    if serving.kubernetes is not None:
        raise ParameterError(
            "serving_spec asks for Kubernetes, which InfraValidator does not run",
            hint="leave out `kubernetes`: the model is loaded in a process of this machine",
        )
    folder = model.serving
    if not folder.is_dir():
        raise NotFoundError(f"there is no model at {folder}", hint="train it again")
    blessing.path.mkdir(parents=True, exist_ok=True)
    scratch = current_task().scratch
    asked = _requests(examples, request_spec)
    name = serving.model_name or "infra-validation-model"
    job = {**asked, "model": str(folder), "model_name": name, "scratch": str(scratch)}
    finite = validation_spec is not None and validation_spec.finite_outputs
    findings = examine({**job, "finite": finite}, scratch, limits)
    reasons = findings.reasons
    if not reasons and serving.tensorflow_serving is not None:
        reasons = _served(folder, name, limits, blessing)
    _bless(blessing, findings, reasons)
    if not reasons and asked["records"] and request_spec and request_spec.make_warmup:
        _stamp(blessing, folder, scratch / "warmup")


def _limits(spec: ValidationSpec) -> Limits:
    for name, value in asdict(spec).items():
        if value < 0:
            raise ParameterError(
                f"validation_spec.{name} is {value}", hint="give a number above 0, or leave it out"
            )
    standard = ValidationSpec()
    return Limits(
        loading=spec.max_loading_time_seconds or standard.max_loading_time_seconds,
        request=spec.max_request_time_seconds or standard.max_request_time_seconds,
        latency_ms=spec.max_latency_ms,
        memory_mb=spec.max_memory_mb,
        tries=spec.num_tries or standard.num_tries,
    )


def _requests(examples: Examples | None, spec: RequestSpec | None) -> dict[str, Any]:
    """Return the requests to send: signatures, and the number and files of records."""
    names = (spec and spec.tensorflow_serving) or TensorFlowServingRequestSpec()
    asked: dict[str, Any] = {"tags": names.tag_set, "signatures": names.signature_names}
    if examples is None or spec is None:
        log.info("no requests are sent: they need `examples` and `request_spec`")
        return {**asked, "files": [], "records": 0}
    if spec.num_examples < 0:
        raise ParameterError(
            f"request_spec.num_examples is {spec.num_examples}", hint="give a number above 0"
        )
    split = chosen_splits(examples.splits, [spec.split_name] if spec.split_name else [])[0]
    files = [str(path) for path in files_of_split(examples, split, takes=tuple(PayloadFormat))]
    return {**asked, "files": files, "records": spec.num_examples or 1}


def _served(folder: Path, name: str, limits: Limits, blessing: InfraBlessing) -> list[str]:
    server = find_server()
    blessing.properties["served"] = int(bool(server))
    if not server:
        log.warning("TensorFlow Serving was not tried: there is no %s on the path", BINARY)
        return []
    return serve(server, folder, name, limits, current_task().scratch)


def _bless(blessing: InfraBlessing, findings: Findings, reasons: list[str]) -> None:
    for reason in reasons:
        log.warning("not blessed: %s", reason)
    blessing.properties.update(findings.measured)
    blessing.properties["blessed"] = int(not reasons)
    if reasons:
        blessing.properties["reasons"] = reasons
    (blessing.path / ("INFRA_NOT_BLESSED" if reasons else "INFRA_BLESSED")).write_text("")


def _stamp(blessing: InfraBlessing, model: Path, warmup: Path) -> None:
    """Add a copy of the model that has the requests of this validation as its warm-up."""
    stamped = blessing.path / STAMPED_FOLDER
    shutil.copytree(model, stamped)
    target = stamped / WARMUP_FILE
    target.parent.mkdir(exist_ok=True)
    warmup.replace(target)
    blessing.properties["has_model"] = 1
