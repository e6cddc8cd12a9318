"""Types and contexts in TFX's layout, each looked up or made once a process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from enum import Enum
from typing import Any

from mlops_metadata.artifact_types import base_of, is_known
from mlops_metadata.connection import Connection
from mlops_metadata.layout import records
from mlops_metadata.layout.contexts import places_of
from mlops_metadata.layout.records import CONTEXT_TYPES, PIPELINE, RUN
from mlops_metadata.layout.rows import ContextRow, TypeRow
from mlops_metadata.messages import artifact_type_row, context_row, pb, service
from mlops_pipeline.store import AlreadyExistsError, ArtifactType, Execution


class Types:
    """The types of a store: artifacts, executions, contexts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._artifacts: dict[str, TypeRow] = {}
        self._executions: dict[str, int] = {}
        self._contexts: dict[str, int] = {}

    def context(self, name: str) -> int:
        """Return the id of one of our context types."""
        if name not in self._contexts:
            response = self._connection.read("GetContextTypes", service.GetContextTypesRequest())
            found = {kind.name: kind.id for kind in response.context_types}
            missing = [kind for kind in CONTEXT_TYPES if kind not in found]
            if missing:
                message = _put_types()
                for kind in missing:
                    message.context_types.add(name=kind)
                ids = self._connection.write("PutTypes", message).context_type_ids
                found.update(zip(missing, ids, strict=True))
            self._contexts.update(found)
        return self._contexts[name]

    def execution(self, name: str) -> int:
        """Return the id of an execution type, which is registered if it is new."""
        if name not in self._executions:
            response = self._connection.read(
                "GetExecutionTypes", service.GetExecutionTypesRequest()
            )
            self._executions.update((kind.name, kind.id) for kind in response.execution_types)
            if name not in self._executions:
                message = _put_types()
                message.execution_types.add(name=name)
                ids = self._connection.write("PutTypes", message).execution_type_ids
                self._executions[name] = ids[0]
        return self._executions[name]

    def artifact(self, name: str) -> TypeRow:
        """Return an artifact type, which is registered if it is new."""
        if name not in self._artifacts:
            self.register([ArtifactType(name)])
        return self._artifacts[name]

    def register(self, types: Iterable[ArtifactType]) -> None:
        """Register artifact types; known ones may gain properties."""
        wanted = {kind.name: kind for kind in types}
        if not all(self._is_known(kind) for kind in wanted.values()):
            self._look_up()
        new = [kind for kind in wanted.values() if not self._is_known(kind)]
        if not new:
            return
        message = _put_types()
        for kind in new:
            _write_type(kind, message.artifact_types.add())
        self._connection.write("PutTypes", message)
        self._look_up()

    def _look_up(self) -> None:
        response = self._connection.read("GetArtifactTypes", service.GetArtifactTypesRequest())
        found = map(artifact_type_row, response.artifact_types)
        self._artifacts.update((kind.name, kind) for kind in found)

    def _is_known(self, kind: ArtifactType) -> bool:
        return is_known(kind, self._artifacts.get(kind.name))


def _put_types() -> Any:
    message = service.PutTypesRequest()
    # Others may know more properties of a type than we do, or fewer.
    message.can_add_fields = message.can_omit_fields = True
    return message


def _write_type(kind: ArtifactType, message: Any) -> None:
    message.name = kind.name
    for name, value in kind.properties.items():
        message.properties[name] = pb.PropertyType.Value(value)
    # MLMD refuses a type whose base type is UNSET in so many words.
    if base := base_of(kind):
        message.base_type = pb.ArtifactType.SystemDefinedBaseType.Value(base)


class Found(Enum):
    """Ways to deal with a context that is there already."""

    CHANGE = "give it the new properties"
    KEEP = "leave it as it is"
    REFUSE = "raise AlreadyExistsError"


class Contexts:
    """The contexts that executions and artifacts stand in."""

    def __init__(self, connection: Connection, types: Types) -> None:
        self._connection = connection
        self._types = types
        self.ids: dict[tuple[str, str], int] = {}
        self._placed: set[int] = set()

    def get(self, kind: str, name: str) -> ContextRow | None:
        """Return a context as stored."""
        message = service.GetContextByTypeAndNameRequest()
        message.type_name, message.context_name = kind, name
        response = self._connection.read("GetContextByTypeAndName", message)
        if not response.HasField("context"):
            return None
        self.ids[kind, name] = response.context.id
        return context_row(response.context)

    def id(self, kind: str, name: str) -> int:
        """Return the id of a context; 0 if there is none."""
        if (kind, name) not in self.ids:
            self.get(kind, name)
        return self.ids.get((kind, name), 0)

    def new(self, kind: str, name: str) -> Any:
        """Return a message for a context, to be filled in and `put`."""
        return pb.Context(type_id=self._types.context(kind), name=name)

    def put(self, kind: str, context: Any, if_found: Found = Found.CHANGE) -> int:
        """Create a context, or deal with the one that is there; returns its id."""
        key = (kind, context.name)
        known = 0 if if_found is Found.REFUSE else self.ids.get(key, 0)
        if known:
            context.id = known
        message = service.PutContextsRequest(contexts=[context])
        try:
            (found,) = self._connection.write("PutContexts", message).context_ids
        except AlreadyExistsError:
            # It was there already, or another process has made it, and not under our lock.
            if if_found is Found.REFUSE or known or self.get(*key) is None:
                raise
            return self.put(kind, context) if if_found is Found.CHANGE else self.ids[key]
        self.ids[key] = int(found)
        return int(found)

    def put_run(
        self, pipeline: str, context: Any, base_run: str = "", if_found: Found = Found.CHANGE
    ) -> None:
        """Put the context of a run, below those of its pipeline and of its base run."""
        with self._connection.lock:
            found = self.put(RUN, context, if_found)
            if found not in self._placed:
                self._put_below(found, context.name, pipeline, base_run)

    def _put_below(self, found: int, run: str, pipeline: str, base_run: str) -> None:
        """Put the context of a run below those of its base run and, as the last, its pipeline."""
        # MLMD takes no context as its own parent, but a run may be stored that says so.
        parents = [self.id(RUN, base_run)] if base_run not in ("", run) else []
        if pipeline:
            known = self.id(PIPELINE, pipeline)
            new = self.new(PIPELINE, pipeline)
            parents.append(known or self.put(PIPELINE, new, Found.KEEP))
        for parent in filter(None, parents):
            message = service.PutParentContextsRequest()
            message.parent_contexts.add(child_id=found, parent_id=parent)
            # A process that was killed may have made the context and no more.
            with contextlib.suppress(AlreadyExistsError):
                self._connection.write("PutParentContexts", message)
        self._placed.add(found)

    def _complete(self, run: str, pipeline: str) -> None:
        """Make what is missing of the context of a run that another process has begun.

        One that was killed may have left it without parents, and no other puts the run again.
        """
        found = self.id(RUN, run)
        if not found:
            self.put_run(pipeline, self.new(RUN, run), if_found=Found.KEEP)
            return
        message = service.GetParentContextsByContextRequest(context_id=found)
        parents = self._connection.read("GetParentContextsByContext", message).contexts
        if any(parent.type == PIPELINE for parent in parents):
            self._placed.add(found)
            return
        context = self.get(RUN, run)
        base_run = ""
        if context is not None and records.is_our_run(context):
            base_run = records.read_run(context).base_run
        self._put_below(found, run, pipeline, base_run)

    def attach(
        self, message: Any, execution: Execution, has_outputs: bool
    ) -> list[tuple[str, str]]:
        """Add its contexts to the `PutExecution` request of an execution, which makes new ones.

        Returns:
            Type and name of each context, in the order of the ids in the response.
        """
        wanted = places_of(execution, has_outputs)
        run = execution.run_id
        if run and not execution.id and self.ids.get((RUN, run)) not in self._placed:
            self._complete(run, execution.pipeline)
        for kind, name in wanted:
            # MLMD looks for one whose id is not known here; asking for it would be a second search.
            if found := self.ids.get((kind, name)):
                message.contexts.add(id=found)
            else:
                message.contexts.append(self.new(kind, name))
        message.options.reuse_context_if_already_exist = True
        message.options.force_reuse_context = True
        return wanted
