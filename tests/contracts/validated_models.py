"""What the tests of mlops_components share."""

from typing import Any

from mlops_components import (
    InfraValidator,
    RequestSpec,
    ValidationSpec,
)
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.testing import ComponentResult, run_component

ONE_TRY = ValidationSpec(num_tries=1)


def parsed(records: Any) -> Any:
    import tensorflow as tf

    return tf.io.parse_example(records, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]


def twice(x: Any) -> Any:
    return {"y": 2.0 * x}


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
