"""Between a task's JSON and Python: the arguments of a call, and what came back from it."""

from __future__ import annotations

import copy
import functools
import os
import typing
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mlops_pipeline.artifacts import (
    LAYOUT_PROPERTY,
    Artifact,
    PropertyValue,
    ValueArtifact,
    class_named,
    value_artifact_for,
    value_fields,
)
from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean
from mlops_pipeline.executors.context import Taken, TaskContext
from mlops_pipeline.executors.task import ArtifactRef, Task
from mlops_pipeline.interface import (
    Secret,
    is_numpy_scalar,
    near_choice,
    plain_data,
    refuse_losses,
    spelt,
)


@functools.lru_cache(maxsize=1024)
def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function, with their markers.

    Raises:
        ExecutorError: an annotation names something that does not exist at run time.
    """
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        name = getattr(function, "__qualname__", function)
        raise ExecutorError(
            f"the annotations of {name} cannot be read: {error}",
            hint="import what they name at module level, outside `if TYPE_CHECKING`",
            retryable=False,
        ) from error


def bind(task: Task, hints: Mapping[str, Any]) -> TaskContext:
    """Build what an executor sees of a task: its artifacts and its typed parameters.

    Args:
        hints: annotations of the component function, or of nothing for untyped parameters.

    Raises:
        ParameterError: a parameter does not fit its annotation.
        ExecutorError: a secret is not in the environment.
    """
    inputs: dict[str, Taken] = {}
    for name, refs in task.inputs.items():
        artifacts = [_artifact(ref, hints.get(name)) for ref in refs]
        if name not in task.many and len(artifacts) > 1:
            uri = artifacts[0].uri
            raise ExecutorError(
                f"{task.name}: input {name!r} takes one artifact, but {len(refs)} were found",
                hint=f"annotate it as list[Input[...]], or resolve it to one: {uri}, ...",
                retryable=False,
            )
        inputs[name] = artifacts if name in task.many else next(iter(artifacts), None)
    outputs = {name: _artifact(ref, hints.get(name)) for name, ref in task.outputs.items()}
    for artifact in outputs.values():
        _make_room(artifact)
    parameters = {
        name: _converted(task, name, value, hints.get(name, Any))
        for name, value in task.parameters.items()
    }
    if task.secrets:
        parameters |= secrets(task)
    folders = (Path(task.scratch), Path(task.state_dir))
    return TaskContext(task.name, inputs, outputs, parameters, folders)


def _artifact(ref: ArtifactRef, hint: Any) -> Artifact:
    """Build an artifact of the annotated class, or of the subclass that the stored type names."""
    waiting, bases = [hint], []
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, type) and issubclass(each, Artifact):
            bases.append(each)
        else:
            waiting += typing.get_args(each)
    bases = bases or [Artifact]
    named = (class_named(ref.type, base) for base in bases)
    kind = next((found for found in named if found is not None), bases[0])
    # The executor may change a list in place; the reference stays what it was.
    properties = copy.deepcopy(ref.properties)
    artifact = kind(ref.uri, id=ref.id, properties=properties, digest=ref.digest)
    if ref.path:
        artifact.fetch = functools.partial(Path, ref.path)
    return artifact


def _make_room(artifact: Artifact) -> None:
    """Create the folder that the executor writes into, if it is on this machine."""
    if urlsplit(artifact.uri).scheme not in ("", "file"):
        return
    path = artifact.path
    folder = path.parent if isinstance(artifact, ValueArtifact) else path
    folder.mkdir(parents=True, exist_ok=True)


def secrets(task: Task) -> dict[str, str]:
    """Return the values of a task's secret parameters.

    Raises:
        ExecutorError: one is not in the environment.
    """
    for parameter, variable in task.secrets.items():
        if variable not in os.environ:
            raise ExecutorError(
                f"{task.name}: the secret parameter {parameter!r} needs the environment variable "
                f"{variable}, which is not set",
                hint=f"set {variable} where the node runs",
                retryable=False,
            )
    return {name: os.environ[variable] for name, variable in task.secrets.items()}


def _converted(task: Task, name: str, value: Any, hint: Any) -> Any:
    if isinstance(value, str) and Secret in (hint, *typing.get_args(hint)):
        return value
    try:
        typed = msgspec.convert(value, hint, dec_hook=_decode_path, str_keys=True)
        if isinstance(value, dict | list):
            refuse_losses(value, value, typed, hint)
        return typed
    except ValueError as error:
        raise ParameterError(
            f"{task.name}: parameter {name!r} takes {spelt(hint)}: {error}",
            hint=near_choice(str(error), hint)
            or "fix the value, or the annotation of the parameter",
        ) from None
    except (TypeError, NotImplementedError) as error:
        raise ParameterError(
            f"{task.name}: parameter {name!r} cannot be {spelt(hint)}: {error}",
            hint="use a type that JSON can hold: numbers, text, lists, dicts, dataclasses, Path",
        ) from None


def _decode_path(kind: type, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, PurePath) and isinstance(value, str):
        return kind(value)
    raise NotImplementedError(f"{spelt(kind)} cannot be made from {type(value).__name__}")


def check_names(task: Task, known: set[str], required: set[str]) -> None:
    """Compare a task with the signature that it calls.

    Raises:
        ParameterError: the task has a name too many, or one too few.
    """
    given = {*task.inputs, *task.outputs, *task.parameters, *task.secrets} - {*task.values}
    for name in sorted(given - known):
        raise ParameterError(
            f"{task.name}: the executor takes no {name!r}", hint=did_you_mean(name, known)
        )
    for name in sorted(required - given):
        raise ParameterError(
            f"{task.name}: the executor needs {name!r}, which was not given",
            hint="compile the pipeline again: the component has changed since",
        )


def write_values(task: Task, outputs: Mapping[str, Artifact], returned: Any, hint: Any) -> None:
    """Write what an executor returned to its value outputs.

    Args:
        hint: annotation of the return value.

    Raises:
        ExecutorError: a value is missing or of the wrong type.
    """
    fields = value_fields(hint)
    if set(fields) == set(task.values):
        values = _fields_of(task, returned, fields)
    else:
        fields, values = {task.values[0]: hint}, {task.values[0]: returned}
    for name in task.values:
        artifact = outputs[name]
        if isinstance(artifact, ValueArtifact):
            artifact.write(_checked(task, name, values[name], fields[name]))


def refuse_returned(task: Task, returned: Any) -> None:
    """Refuse a value that an executor without value outputs returned.

    Raises:
        ExecutorError: it is not None.
    """
    if returned is not None:
        raise ExecutorError(
            f"{task.name}: the executor returned {_shown(returned)}, but it has no output for it",
            hint="annotate what it returns, as in `-> int`, or return nothing",
            retryable=False,
        )


def _fields_of(task: Task, returned: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(returned, Mapping):
        found = {name: returned[name] for name in fields if name in returned}
        given = set(returned)
    else:
        found = {name: getattr(returned, name) for name in fields if hasattr(returned, name)}
        given = {*getattr(returned, "_fields", ()), *getattr(returned, "__dataclass_fields__", ())}
    extra = sorted(map(str, given - {*fields}))
    if extra:
        raise ExecutorError(
            f"{task.name}: the executor returned {', '.join(extra)}, which its return type lacks",
            hint=f"add it to the return type, or return {', '.join(fields)} only",
            retryable=False,
        )
    missing = [name for name in fields if name not in found]
    if missing:
        raise ExecutorError(
            f"{task.name}: the executor returned {_shown(returned)} without {', '.join(missing)}",
            hint=f"return all of {', '.join(fields)}",
            retryable=False,
        )
    return found


def _checked(task: Task, name: str, value: Any, hint: Any) -> Any:
    """Return the value as plain data, if it is of the declared type."""
    if is_numpy_scalar(value):
        value = value.item()
    if hint is None or hint is type(None):
        hint = Any
    kind = value_artifact_for(hint).PYTHON_TYPE
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if float(value) == value or value != value:
            return float(value)
        raise _wrong_value(task, name, value, hint, ": a float cannot hold all of its digits")
    if kind in (str, bytes, bool, int):
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        raise _wrong_value(task, name, value, hint, "")
    try:
        plain = plain_data(value, _encode_path)
        typed = msgspec.convert(plain, hint, dec_hook=_decode_path, str_keys=True)
        refuse_losses(value, plain, typed, hint)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise _wrong_value(task, name, value, hint, f": {error}") from None
    return plain


def _encode_path(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def _wrong_value(task: Task, name: str, value: Any, hint: Any, why: str) -> ExecutorError:
    return ExecutorError(
        f"{task.name}: the value of output {name!r} must be {spelt(hint)}, "
        f"but the executor returned {_shown(value)}{why}",
        hint=f"return {spelt(hint)}, or change the annotation of the return value",
        retryable=False,
    )


def changed_properties(
    task: Task, outputs: Mapping[str, Artifact]
) -> dict[str, dict[str, PropertyValue]]:
    """Return the properties that the executor set, by output.

    Raises:
        ExecutorError: one is not of its declared type, or nothing that a property can hold; or an
            output names another path than the one it was given.
    """
    changed: dict[str, dict[str, PropertyValue]] = {}
    for output, artifact in outputs.items():
        if artifact.uri != task.outputs[output].uri:
            raise ExecutorError(
                f"{task.name}: the executor changed the uri of output {output!r} to {artifact.uri}",
                hint="write below the path that it is given; use Importer for what lies elsewhere",
                retryable=False,
            )
        before = task.outputs[output].properties
        for key, value in artifact.properties.items():
            # Copied from an input, it would say that we write as TFX did long ago.
            if key == LAYOUT_PROPERTY:
                continue
            if key not in before or before[key] != value:
                plain = _property(task, output, artifact, key)
                changed.setdefault(output, {})[key] = plain
    return changed


def _property(task: Task, output: str, artifact: Artifact, key: str) -> PropertyValue:
    value: Any = artifact.properties[key]
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    declared = artifact.PROPERTIES.get(key)
    wanted: Any = declared or PropertyValue
    try:
        return typing.cast(PropertyValue, msgspec.convert(_plain_number(value, declared), wanted))
    except (msgspec.ValidationError, TypeError):
        raise ExecutorError(
            f"{task.name}: property {key!r} of output {output!r} takes "
            f"{spelt(declared) if declared else 'a number, text, list or dict'}, "
            f"not {_shown(value)}",
            hint="convert it in the executor",
            retryable=False,
        ) from None


def _plain_number(value: Any, declared: Any) -> Any:
    # MLMD has no truth values: a flag is kept as 1 or 0.
    if isinstance(value, bool) and declared in (None, int):
        return int(value)
    return value


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    text = repr(value)
    return f"{type(value).__name__} {text}" if len(text) <= 60 else type(value).__name__
