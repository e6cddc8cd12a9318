"""For the tests of components and pipelines: run them in this process, in memory, in a moment.

Nothing is recorded and no TensorFlow is needed; files go to a temporary folder that is deleted
when the process ends.

>>> from mlops_pipeline.testing import artifact, run_component, run_pipeline
>>> def test_rows_are_counted():
...     rows = artifact(Examples, {"Split-train/rows.csv": "1\\n2\\n"}, span=3)
...     assert run_component(CountRows, examples=rows, header=False).value == 2
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, TypeVar

from mlops_pipeline import api
from mlops_pipeline.artifacts import Artifact, PropertyValue, ValueArtifact
from mlops_pipeline.authoring import Component, Pipeline
from mlops_pipeline.errors import DefinitionError, NotFoundError, WiringError, did_you_mean
from mlops_pipeline.executors import ArtifactRef, Task, TaskResult, run_task
from mlops_pipeline.gate import Gate
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.interface import InputSpec, OutputSpec, Secret, plain_data
from mlops_pipeline.store import MemoryStore

A = TypeVar("A", bound=Artifact)


@dataclass(frozen=True)
class ComponentResult:
    """Outputs of a component, and its gate; `outputs` also has value artifacts."""

    outputs: Mapping[str, Artifact]
    gate: Gate | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The values that it returned, by output."""
        return {n: a.read() for n, a in self.outputs.items() if isinstance(a, ValueArtifact)}

    @property
    def value(self) -> Any:
        """The one value that it returned.

        Raises:
            NotFoundError: it returned none, or more than one.
        """
        values = self.values
        if len(values) != 1:
            raise NotFoundError(
                f"the component has {len(values)} values: {', '.join(values) or 'it returns none'}",
                hint="look in .values" if values else "look in .outputs",
            )
        return next(iter(values.values()))


def artifact(kind: type[A], content: Any = None, **properties: PropertyValue) -> A:
    """Return an artifact to give to a component.

    Args:
        kind: its type.
        content: texts or bytes by file name, such as `{"Split-train/rows.csv": "1,2"}`; for a
            value artifact, the value.

    >>> artifact(Model, {"weights.txt": "0.1 0.2"}, framework="none").path
    >>> artifact(Integer, 3).read()
    3
    """
    folder = _new_folder(kind.TYPE_NAME)
    if issubclass(kind, ValueArtifact):
        value = kind(str(folder / "value"), properties=properties)
        value.write(content)
        return value
    for name, data in (content or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return kind(str(folder), properties=properties)


def run_component(component: Component, /, **arguments: Any) -> ComponentResult:
    """Run one component, without a pipeline and without a store.

    Args:
        arguments: artifacts for its inputs (a list where it takes many), values for its
            parameters, and the secret itself for a `Secret`. An input of a value artifact also
            takes the plain value.

    Raises:
        WiringError: an argument is missing, unknown, or an artifact of the wrong type.
        Exception: that of the component, as it is.

    >>> result = run_component(Trainer, examples=artifact(Examples, {...}), train_steps=3)
    >>> assert (result.outputs["model"].path / "weights").exists()
    """
    _check_arguments(component, arguments)
    interface = component.interface
    folder = _new_folder(component.name)
    inputs = {
        name: _refs(component, spec, arguments.get(name)) for name, spec in interface.inputs.items()
    }
    task = Task(
        f"test/{component.name}",
        component.definition.executor,
        inputs=inputs,
        outputs={name: _place(spec, folder) for name, spec in interface.outputs.items()},
        values=tuple(name for name, spec in interface.outputs.items() if spec.value),
        many=tuple(name for name, spec in interface.inputs.items() if spec.many),
        parameters={n: _plain(v) for n, v in arguments.items() if n in interface.parameters},
        secrets={
            name: spec.default.name
            for name, spec in interface.parameters.items()
            if isinstance(spec.default, Secret) and name not in arguments
        },
        scratch=str(folder / ".scratch"),
        state_dir=str(folder / ".state"),
    )
    result = run_task(task, component)
    return ComponentResult(_written(component, task, result), result.gate)


def run_pipeline(pipeline: Pipeline, /, **parameters: Any) -> PipelineRun:
    """Run a pipeline in this process, over a store in memory that is dropped afterwards.

    A node that fails does not raise: see `.state` and `.failed`, or call `.check()`. To see what
    a second run takes from the first, give both runs one store: `mlops_pipeline.run(pipeline,
    where=Where(store, root), in_process=True)`.

    >>> run = run_pipeline(penguin, train_steps=2).check()
    >>> run["Evaluator"].artifact("blessing").properties["blessed"]
    1
    """
    where = api.Where(MemoryStore(), _new_folder(pipeline.name))
    return api.run(pipeline, parameters, where=where, check=False, in_process=True)


def _check_arguments(component: Component, arguments: Mapping[str, Any]) -> None:
    if not isinstance(component, Component):
        raise DefinitionError(
            f"run_component takes a component, not {component!r}",
            hint="decorate the function with @component; run a pipeline with run_pipeline",
        )
    interface = component.interface
    known = {*interface.inputs, *interface.parameters}
    for name in arguments:
        if name not in known:
            raise WiringError(f"{component.name} takes no {name!r}", hint=did_you_mean(name, known))
    needed = [n for n, spec in interface.inputs.items() if not (spec.optional or spec.many)]
    needed += [n for n, spec in interface.parameters.items() if spec.required]
    for name in needed:
        if name not in arguments:
            raise WiringError(f"{component.name} needs {name!r}", hint=f"pass {name}=...")


def _refs(component: Component, spec: InputSpec, given: Any) -> list[ArtifactRef]:
    many = given if isinstance(given, list) and spec.many else [given]
    return [_ref(component, spec, each) for each in many if each is not None]


def _ref(component: Component, spec: InputSpec, given: Any) -> ArtifactRef:
    if issubclass(spec.type, ValueArtifact) and not isinstance(given, Artifact):
        given = artifact(spec.type, given)
    if not isinstance(given, spec.type):
        raise WiringError(
            f"{component.name}.{spec.name} takes {spec.type.TYPE_NAME}, not {given!r}",
            hint=f"pass artifact({spec.type.__name__}, ...)",
        )
    path = "" if given.fetch is None else str(given.path)
    properties = dict(given.properties)
    return ArtifactRef(given.TYPE_NAME, given.uri, given.id, properties, given.digest, path)


def _place(spec: OutputSpec, folder: Path) -> ArtifactRef:
    place = folder / spec.name
    uri = place / "value" if issubclass(spec.type, ValueArtifact) else place
    return ArtifactRef(spec.type.TYPE_NAME, str(uri), properties=dict(spec.properties))


def _plain(value: Any) -> Any:
    def encode(path: Any) -> str:
        if isinstance(path, PurePath):
            return str(Path(path).absolute())
        raise NotImplementedError(f"{type(path).__name__} has no JSON form")

    return plain_data(value, encode)


def _written(component: Component, task: Task, result: TaskResult) -> dict[str, Artifact]:
    outputs = {}
    for name, spec in component.interface.outputs.items():
        ref = task.outputs[name]
        properties = {**ref.properties, **result.properties.get(name, {})}
        outputs[name] = spec.type(ref.uri, properties=properties)
    return outputs


@functools.cache
def _all_folders() -> Path:
    folder = tempfile.mkdtemp(prefix="mlops-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _new_folder(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_all_folders()))
