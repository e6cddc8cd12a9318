"""Runs the executor of a component of TFX in a worker. Needs the package `tfx`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mlops_pipeline.artifacts import LAYOUT_PROPERTY, Artifact, has_old_layout
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.executors import TaskContext

COMPONENT_KEY, EXECUTOR_KEY, BEAM_KEY = "tfx_component", "tfx_executor", "beam_pipeline_args"
"""Parameters of the node beside those of the component: what to run, and how."""

_OF_THE_STORE = {LAYOUT_PROPERTY, "is_external", "name", "pipeline_name", "producer_component"}
"""Properties that TFX's launcher sets on every artifact."""

_NEW_LAYOUT = "1.16.0"


class TfxExecutor:
    """Builds what an executor of TFX takes, calls it, and takes back what it has set."""

    def execute(self, task: TaskContext) -> None:
        """Run the executor that the node's parameters name."""
        parameters = dict(task.parameters)
        spec = _load(parameters.pop(COMPONENT_KEY)).SPEC_CLASS
        executor = _load(parameters.pop(EXECUTOR_KEY))
        beam = list(parameters.pop(BEAM_KEY, ()))
        # As from TFX's launcher: an input that was not connected is not there at all.
        inputs = {
            name: [_tfx_artifact(spec.INPUTS[name].type, one, new=False) for one in _listed(found)]
            for name, found in task.inputs.items()
            if found
        }
        outputs = {
            name: [_tfx_artifact(spec.OUTPUTS[name].type, artifact, new=True)]
            for name, artifact in task.outputs.items()
        }
        _read_values(found for artifacts in inputs.values() for found in artifacts)
        properties = {name: _property(spec, name, value) for name, value in parameters.items()}
        result = executor(context=_context(executor, task, beam)).Do(inputs, outputs, properties)
        result = result or _left_behind(task)
        _check(result)
        for name, artifact in task.outputs.items():
            found = _reported(spec.OUTPUTS[name].type, result, name) or outputs[name]
            _take_back(name, found, artifact)


def _load(target: str) -> Any:
    module, _, qualname = target.partition(":")
    found = importlib.import_module(module)
    for name in qualname.split("."):
        found = getattr(found, name)
    return found


def _listed(found: Any) -> list[Artifact]:
    return found if isinstance(found, list) else [found] if found else []


def _tfx_artifact(kind: Any, artifact: Artifact, *, new: bool) -> Any:
    """Return an artifact of ours as one of TFX."""
    made = kind()
    # TFX opens it by its own means: of what is kept elsewhere it gets the local copy.
    made.uri = artifact.uri if new else str(artifact.path)
    made.id = artifact.id
    values = dict(artifact.properties)
    if not new:
        made.mlmd_artifact.state = made.mlmd_artifact.LIVE
        if not has_old_layout(values):
            values[LAYOUT_PROPERTY] = _NEW_LAYOUT
    for name, value in values.items():
        if name in made.artifact_type.properties:
            setattr(made, name, value)
        elif isinstance(value, str):
            if value or name != LAYOUT_PROPERTY:
                made.set_string_custom_property(name, value)
        elif isinstance(value, int):
            made.set_int_custom_property(name, value)
        elif isinstance(value, float):
            made.set_float_custom_property(name, value)
        else:
            made.set_json_value_custom_property(name, value)
    # Until the message is asked for once, TFX does not find its own structured properties.
    made.set_mlmd_artifact(made.mlmd_artifact)
    return made


def _read_values(artifacts: Iterable[Any]) -> None:
    from tfx.types.value_artifact import ValueArtifact

    for artifact in artifacts:
        if isinstance(artifact, ValueArtifact):
            artifact.read()


def _property(spec: Any, name: str, value: Any) -> Any:
    """Return an execution property: a proto, where the component asks for more than its JSON."""
    parameter = spec.PARAMETERS.get(name)
    if not getattr(parameter, "use_proto", False) or not isinstance(value, str):
        return value
    from tfx.utils import proto_utils

    return proto_utils.json_to_proto(value, parameter.type())


def _context(executor: Any, task: TaskContext, beam: list[str]) -> Any:
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.dsl.components.base.base_executor import BaseExecutor

    uses_beam = issubclass(executor, BaseBeamExecutor)
    kind = BaseBeamExecutor.Context if uses_beam else BaseExecutor.Context
    more = {"beam_pipeline_args": beam} if uses_beam else {}
    return kind(
        extra_flags=[],
        tmp_dir=str(task.scratch),
        unique_id="tfx",
        executor_output_uri=str(_output_file(task)),
        stateful_working_dir=str(task.state_dir),
        pipeline_run_id=task.name.partition("/")[0],
        **more,
    )


def _output_file(task: TaskContext) -> Path:
    return task.scratch / "executor_output.pb"


def _left_behind(task: TaskContext) -> Any:
    """Read the result that the executor wrote, if it wrote one."""
    file = _output_file(task)
    if not file.is_file():
        return None
    from tfx.proto.orchestration import execution_result_pb2

    return execution_result_pb2.ExecutorOutput.FromString(file.read_bytes())


def _check(result: Any) -> None:
    if result is not None and result.execution_result.code:
        message = result.execution_result.result_message
        raise ExecutorError(f"the executor of TFX has failed: {message or 'it does not say why'}")


def _reported(kind: Any, result: Any, name: str) -> list[Any]:
    """Return the artifacts of an output as the executor's result has them, if it has any."""
    if result is None or name not in result.output_artifacts:
        return []
    found = []
    for message in result.output_artifacts[name].artifacts:
        made = kind()
        made.set_mlmd_artifact(message)
        found.append(made)
    return found


def _take_back(name: str, found: list[Any], artifact: Artifact) -> None:
    """Take over the properties that the executor set.

    Raises:
        ExecutorError: it wrote several artifacts, or to another path.
    """
    if len(found) != 1 or found[0].uri != artifact.uri:
        raise ExecutorError(
            f"output {name!r} is "
            + (f"{len(found)} artifacts" if len(found) != 1 else f"at {found[0].uri}"),
            hint=f"an executor writes one artifact, to {artifact.uri}",
            retryable=False,
        )
    message = found[0].mlmd_artifact
    values = {key: getattr(found[0], key) for key in message.properties}
    values |= {key: found[0].get_custom_property(key) for key in message.custom_properties}
    artifact.properties.update(_plain({k: v for k, v in values.items() if k not in _OF_THE_STORE}))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
