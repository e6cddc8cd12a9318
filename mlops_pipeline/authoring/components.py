"""`@component`: a function whose signature is the interface, and whose body the executor."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict, overload

from mlops_pipeline import ir
from mlops_pipeline.authoring.draft import Node, require_draft
from mlops_pipeline.authoring.node_options import Options, OptionsDict
from mlops_pipeline.authoring.nodes import OUTSIDE_HINT, Definition, place_node
from mlops_pipeline.errors import DefinitionError, caller, did_you_mean
from mlops_pipeline.interface import Interface, defined_at, read_interface, shortened
from mlops_pipeline.user_code import module_of, target_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

_BASE_TYPES = ("Train", "Transform", "Process", "Evaluate", "Deploy")
_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True)
class Container:
    """Runs a component as a command in a container image; the function's body stays empty.

    Args:
        command: texts in which `{{inputs.x.uri}}`, `{{inputs.x.path}}`, `{{outputs.x.uri}}`,
            `{{outputs.x.path}}` and `{{parameters.x}}` are filled in; `environment` likewise.
    """

    image: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Beam:
    """Hands a component an Apache Beam pipeline, in its parameter of type `BeamPipeline`.

    Args:
        pipeline_args: options of the Beam pipeline, such as "--runner=DirectRunner".
    """

    pipeline_args: Sequence[str] = ()


class ComponentDict(TypedDict, total=False):
    """The keywords of `@component(...)`."""

    name: str
    executor: Container | Beam | type | str
    driver: Any
    publisher: Any
    execution_type: str
    base_type: str


class Component:
    """A component: call it inside a pipeline to add it as a node.

    Attributes:
        function: the function that was decorated.
        executor: what runs instead of the function's body, if anything.
        definition: what its nodes have in common.
    """

    def __init__(
        self, function: Callable[..., Any], executor: Any, definition: Definition, options: Options
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.executor = executor
        self.definition = definition
        self._options = options

    @property
    def name(self) -> str:
        """The id of a node that is not given another."""
        return self.definition.name

    @property
    def identity(self) -> str:
        """The unique name of the component, the MLMD execution type."""
        return self.definition.identity

    @property
    def interface(self) -> Interface:
        """Inputs, outputs and parameters."""
        return self.definition.interface

    def options(self, **changes: Unpack[OptionsDict]) -> Component:
        """Return the same component with other options for the nodes made of it.

        >>> Trainer.options(id="final", retries=2, timeout=3600)(examples=...)
        """
        options = self._options.changed(self.name, changes)
        return Component(self.function, self.executor, self.definition, options)

    def __call__(self, *args: Any, **arguments: Any) -> Node:
        """Add a node to the pipeline that is being written.

        Raises:
            DefinitionError: there is none, or an argument does not fit.
        """
        draft = require_draft(f"component {self.name}", OUTSIDE_HINT)
        if args:
            known = [*self.interface.inputs, *self.interface.parameters]
            raise DefinitionError(
                f"{self.name} is called with {shortened(args[0])} by position",
                hint=f"name what you pass: {', '.join(f'{name}=...' for name in known)}",
                where=caller(),
            )
        self._check_target()
        return place_node(draft, self.definition, self._options, arguments)

    def _check_target(self) -> None:
        """Refuse a function that something else of the same name hides from the workers."""
        found: Any = sys.modules.get(self.function.__module__)
        if found is None:
            return
        for part in self.function.__qualname__.split("."):
            found = getattr(found, part, None)
        if getattr(found, "function", found) is not self.function:
            raise DefinitionError(
                f"component {self.name} of {defined_at(self.function)} is not what its module "
                f"has as {self.function.__qualname__!r}: a worker would not find it",
                hint="give the two functions different names",
                where=caller(),
            )

    def __repr__(self) -> str:
        return f"<component {self.identity}>"


@overload
def component(function: Callable[..., Any], /) -> Component: ...


@overload
def component(
    **settings: Unpack[ComponentDict],
) -> Callable[[Callable[..., Any]], Component]: ...


def component(
    function: Callable[..., Any] | None = None, /, **settings: Any
) -> Component | Callable[[Callable[..., Any]], Component]:
    """Make a component of a function.

    Args:
        name: id of its nodes; the function's name if left out.
        executor: what runs instead of the body: `Container(...)`, `Beam()`, or a class with a
            method `execute(task)`, also as 'module:name'.
        driver: a function that replaces the default driver, or its 'module:name'.
        publisher: the same for the publisher.
        execution_type: identity of the component; module and name of the function if left out.
        base_type: MLMD base type: "Train", "Transform", "Process", "Evaluate" or "Deploy".
    """
    for name in settings:
        if name not in ComponentDict.__annotations__:
            raise DefinitionError(
                f"@component has no setting {name!r}",
                hint=did_you_mean(name, ComponentDict.__annotations__),
                where=caller(),
            )
    if function is None:
        return lambda decorated: _make(decorated, settings)
    return _make(function, settings)


def _make(function: Callable[..., Any], settings: Mapping[str, Any]) -> Component:
    if not inspect.isfunction(function):
        raise DefinitionError(
            f"@component is applied to {shortened(function)}, which is not a function",
            hint="decorate a function; give a class as @component(executor=TheClass)",
            where=caller(),
        )
    where = defined_at(function)
    target = target_of(function, "component", where)
    interface = read_interface(function)
    executor = settings.get("executor")
    base_type = settings.get("base_type", "")
    if base_type and base_type not in _BASE_TYPES:
        raise DefinitionError(
            f"{function.__name__} has the base type {base_type!r}",
            hint=did_you_mean(base_type, _BASE_TYPES),
            where=where,
        )
    name = settings.get("name") or function.__name__
    module = module_of(function, "component", where)
    definition = Definition(
        name=name,
        identity=settings.get("execution_type") or f"{module}.{function.__qualname__}",
        interface=interface,
        executor=_executor_ir(executor, target, interface, where),
        driver=_target(settings.get("driver"), f"driver of {name}", where),
        publisher=_target(settings.get("publisher"), f"publisher of {name}", where),
        base_type=base_type,
        doc=(inspect.getdoc(function) or "").partition("\n")[0],
    )
    return Component(function, executor, definition, Options())


def _target(thing: Any, what: str, where: str) -> str:
    return "" if thing is None else target_of(thing, what, where)


def _executor_ir(executor: Any, target: str, interface: Interface, where: str) -> ir.ExecutorIR:
    name = target.partition(":")[2]
    if isinstance(executor, Beam):
        if not interface.beam:
            raise DefinitionError(
                f"{name} has a Beam executor, but no parameter that takes the pipeline",
                hint="add a parameter `pipeline: BeamPipeline`",
                where=where,
            )
        return ir.BeamExecutor(target, tuple(executor.pipeline_args))
    if interface.beam:
        raise DefinitionError(
            f"{name} takes a Beam pipeline, but its executor gives none",
            hint="write @component(executor=Beam())",
            where=where,
        )
    if executor is None:
        return ir.FunctionExecutor(target)
    if isinstance(executor, Container):
        for text in (*executor.command, *executor.environment.values()):
            _check_placeholders(name, text, interface, where)
        return ir.ContainerExecutor(
            executor.image, tuple(executor.command), dict(executor.environment), target
        )
    if isinstance(executor, str):
        return ir.ClassExecutor(target_of(executor, f"executor of {name}", where))
    if isinstance(executor, type) and callable(getattr(executor, "execute", None)):
        target_of(executor, f"executor of {name}", where)
        # The worker finds the class through the component, which also has the types.
        return ir.ClassExecutor(target)
    raise DefinitionError(
        f"the executor of {name} is {shortened(executor)}",
        hint="give Container(...), Beam(), or a class with a method execute(task)",
        where=where,
    )


def _check_placeholders(name: str, text: str, interface: Interface, where: str) -> None:
    known = {f"parameters.{each}" for each in interface.parameters}
    for part in ("uri", "path"):
        known |= {f"inputs.{each}.{part}" for each in interface.inputs}
        known |= {f"outputs.{each}.{part}" for each in interface.outputs}
    for match in _PLACEHOLDER.finditer(text):
        if match[1] not in known:
            raise DefinitionError(
                f"the command of {name} has the placeholder {match[0]}, which is unknown",
                hint=did_you_mean(match[1], known),
                where=where,
            )
