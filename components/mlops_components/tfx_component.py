"""`from_tfx`: components of TFX as nodes of our pipelines, where the package `tfx` installs.

The component's constructor runs when the pipeline is written, as in a pipeline of TFX; its
executor runs in a worker. Resolving, caching, publishing and recording are ours: drivers and
launchers of TFX are not used.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_pipeline.authoring import (
    OUTSIDE_HINT,
    Node,
    Options,
    OptionsDict,
    place_node,
    require_draft,
)
from mlops_pipeline.errors import DefinitionError, caller
from mlops_pipeline.interface import shortened

if TYPE_CHECKING:
    from typing_extensions import Unpack

# What is wrong in a call is the author's line, not one of ours.
__authoring__ = True


class TfxComponent:
    """A component of TFX: call it inside a pipeline to add it as a node.

    Attributes:
        component: the class, or an instance whose parameters are given already.
        beam_pipeline_args: options of Beam, for executors that use it.
    """

    def __init__(
        self, component: Any, beam_pipeline_args: Sequence[str] = (), options: Options | None = None
    ) -> None:
        self.component = component
        self.beam_pipeline_args = tuple(beam_pipeline_args)
        self._options = options or Options()

    @property
    def name(self) -> str:
        """The id of a node that is not given another."""
        made = not isinstance(self.component, type)
        return str(self.component.id if made else self.component.__name__)

    def options(self, **changes: Unpack[OptionsDict]) -> TfxComponent:
        """Return the same component with other options for the nodes made of it."""
        options = self._options.changed(self.name, changes)
        return TfxComponent(self.component, self.beam_pipeline_args, options)

    def __call__(self, *args: Any, **arguments: Any) -> Node:
        """Add a node to the pipeline that is being written.

        Args:
            arguments: those of the component's constructor; of an instance only its inputs.

        Raises:
            DefinitionError: there is no pipeline, or an argument does not fit.
        """
        draft = require_draft(f"component {self.name}", OUTSIDE_HINT)
        if args:
            raise DefinitionError(
                f"{self.name} is called with {shortened(args[0])} by position",
                hint="name what you pass",
                where=caller(),
            )
        from mlops_components._tfx_spec import Wrapped, define

        defined = define(Wrapped(self.name, self.component, self.beam_pipeline_args), arguments)
        return place_node(draft, defined.definition, self._options, defined.arguments)

    def __repr__(self) -> str:
        return f"<component {self.name} of TFX>"


def from_tfx(component: Any, *, beam_pipeline_args: Sequence[str] = ()) -> TfxComponent:
    """Take a component of TFX into our pipelines.

    Args:
        component: a class of TFX, such as `tfx.components.StatisticsGen`; what TFX's
            `@component` made of a function; or an instance of either.
        beam_pipeline_args: options of Beam, such as "--runner=DirectRunner". They are not part
            of the cache key.

    Raises:
        DefinitionError: it is no component of TFX, or one that does not go without TFX's driver.

    >>> StatisticsGen = from_tfx(tfx.components.StatisticsGen)
    >>> StatisticsGen(examples=gen.outputs["examples"], exclude_splits=["eval"])
    """
    if importlib.util.find_spec("tfx") is None:
        raise DefinitionError(
            f"from_tfx is given {shortened(component)}, but TFX is not installed",
            hint="use Python 3.10 with the package tfx, or the component of mlops_components",
            where=caller(),
        )
    from mlops_components._tfx_spec import check_component

    check_component(component)
    return TfxComponent(component, beam_pipeline_args)
