"""Types and contexts in TFX's layout, each looked up or made once a process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from mlops_metadata.connection import Connection
from mlops_metadata.library import pb, request
from mlops_pipeline.errors import StoreError, did_you_mean
from mlops_pipeline.store import AlreadyExistsError, ArtifactType, Execution

PIPELINE, RUN, NODE, CACHE = "pipeline", "pipeline_run", "node", "execution_cache"
DOCUMENT = "mlops.document"
_CONTEXT_TYPES = (PIPELINE, RUN, NODE, CACHE, DOCUMENT)


class Types:
    """The types of a store: artifacts, executions, contexts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._artifacts: dict[str, Any] = {}
        self._executions: dict[str, int] = {}
        self._contexts: dict[str, int] = {}

    def context(self, name: str) -> int:
        """Return the id of one of our context types."""
        if name not in self._contexts:
            response = self._connection.read("GetContextTypes", request("GetContextTypes"))
            found = {kind.name: kind.id for kind in response.context_types}
            missing = [kind for kind in _CONTEXT_TYPES if kind not in found]
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
            self._load_executions()
            if name not in self._executions:
                message = _put_types()
                message.execution_types.add(name=name)
                ids = self._connection.write("PutTypes", message).execution_type_ids
                self._executions[name] = ids[0]
        return self._executions[name]

    def _load_executions(self) -> None:
        response = self._connection.read("GetExecutionTypes", request("GetExecutionTypes"))
        self._executions.update((kind.name, kind.id) for kind in response.execution_types)

    def artifact(self, name: str) -> Any:
        """Return an artifact type, which is registered if it is new."""
        if name not in self._artifacts:
            self.register([ArtifactType(name)])
        return self._artifacts[name]

    def register(self, types: Iterable[ArtifactType]) -> None:
        """Register artifact types; known ones may gain properties."""
        wanted = {kind.name: kind for kind in types}
        if not all(self._is_known(kind) for kind in wanted.values()):
            response = self._connection.read("GetArtifactTypes", request("GetArtifactTypes"))
            self._artifacts.update((kind.name, kind) for kind in response.artifact_types)
        new = [kind for kind in wanted.values() if not self._is_known(kind)]
        if not new:
            return
        message = _put_types()
        for kind in new:
            _write_type(kind, message.artifact_types.add())
        self._connection.write("PutTypes", message)
        response = self._connection.read("GetArtifactTypes", request("GetArtifactTypes"))
        self._artifacts.update((kind.name, kind) for kind in response.artifact_types)

    def _is_known(self, kind: ArtifactType) -> bool:
        known = self._artifacts.get(kind.name)
        if known is None:
            return False
        base = _base_type(kind)
        if base and known.base_type and base != known.base_type:
            found = pb.ArtifactType.SystemDefinedBaseType.Name(known.base_type)
            raise _conflict(kind, "the base type", found.capitalize(), str(kind.base_type))
        for name in kind.properties.keys() & known.properties.keys():
            found = pb.PropertyType.Name(known.properties[name])
            if found != kind.properties[name]:
                raise _conflict(kind, f"property {name!r}", found, kind.properties[name])
        return kind.properties.keys() <= known.properties.keys() and base in (0, known.base_type)


def _put_types() -> Any:
    message = request("PutTypes")
    # Others may know more properties of a type than we do, or fewer.
    message.can_add_fields = message.can_omit_fields = True
    return message


def _write_type(kind: ArtifactType, message: Any) -> None:
    message.name = kind.name
    for name, value in kind.properties.items():
        message.properties[name] = pb.PropertyType.Value(value)
    # MLMD refuses a type whose base type is UNSET in so many words.
    if kind.base_type:
        message.base_type = _base_type(kind)


def _base_type(kind: ArtifactType) -> int:
    known: dict[str, int] = dict(pb.ArtifactType.SystemDefinedBaseType.items())
    name = (kind.base_type or "UNSET").upper()
    if name not in known:
        raise StoreError(
            f"the base type of the artifact type {kind.name} is {kind.base_type!r}",
            hint=did_you_mean(str(kind.base_type), [n.capitalize() for n in known if n != "UNSET"]),
        )
    return known[name]


def _conflict(kind: ArtifactType, part: str, stored: str, wanted: str) -> StoreError:
    return StoreError(
        f"{part} of the artifact type {kind.name} is {stored} in the metadata store, "
        f"but {wanted} here",
        hint="give it another name: what is stored cannot change",
    )


class Contexts:
    """The contexts that executions and artifacts stand in."""

    def __init__(self, connection: Connection, types: Types) -> None:
        self._connection = connection
        self._types = types
        self._ids: dict[tuple[str, str], int] = {}
        self._placed: set[int] = set()

    def get(self, kind: str, name: str) -> Any | None:
        """Return a context as stored."""
        message = request("GetContextByTypeAndName")
        message.type_name, message.context_name = kind, name
        response = self._connection.read("GetContextByTypeAndName", message)
        if not response.HasField("context"):
            return None
        self._ids[kind, name] = response.context.id
        return response.context

    def id(self, kind: str, name: str) -> int:
        """Return the id of a context; 0 if there is none."""
        if (kind, name) not in self._ids:
            self.get(kind, name)
        return self._ids.get((kind, name), 0)

    def new(self, kind: str, name: str) -> Any:
        """Return a message for a context, to be filled in and `put`."""
        return pb.Context(type_id=self._types.context(kind), name=name)

    def put(self, kind: str, context: Any) -> int:
        """Create a context, or replace its properties."""
        try:
            return self._put(kind, context)
        except AlreadyExistsError:
            # Another process has made it since we looked, and not under our lock.
            stored = None if context.id else self.get(kind, context.name)
            if stored is None:
                raise
            context.id = stored.id
            return self._put(kind, context)

    def _put(self, kind: str, context: Any) -> int:
        message = request("PutContexts")
        message.contexts.append(context)
        (found,) = self._connection.write("PutContexts", message).context_ids
        self._ids[kind, context.name] = int(found)
        return int(found)

    def _make(self, kind: str, name: str) -> int:
        """Return the id of a context, which is made where it is missing and else left as it is."""
        if not self.id(kind, name):
            with contextlib.suppress(AlreadyExistsError):
                return self._put(kind, self.new(kind, name))
        return self.id(kind, name)

    def run(self, pipeline: str, run_id: str) -> int:
        """Return the id of a run's context, made with its pipeline's where it is new."""
        with self._connection.lock:
            found = self.id(RUN, run_id)
            if not found:
                found = self._make(RUN, run_id)
                self._place_run(found, pipeline)
            return found

    def put_run(self, pipeline: str, context: Any, base_run: str = "") -> int:
        """Create or replace a run's context, and put it under its pipeline and its base run."""
        with self._connection.lock:
            known = self.id(RUN, context.name)
            if known:
                context.id = known
            found = self.put(RUN, context)
            self._place_run(found, pipeline, base_run)
            return found

    def _place_run(self, run: int, pipeline: str, base_run: str = "") -> None:
        if run in self._placed:
            return
        if pipeline:
            self._place(run, self._make(PIPELINE, pipeline))
        if base_run:
            self._place(run, self.id(RUN, base_run))
        self._placed.add(run)

    def _place(self, child: int, parent: int) -> None:
        if parent:
            message = request("PutParentContexts")
            message.parent_contexts.add(child_id=child, parent_id=parent)
            # A process that was killed may have made the context and no more.
            with contextlib.suppress(AlreadyExistsError):
                self._connection.write("PutParentContexts", message)

    def of_execution(self, execution: Execution) -> list[tuple[str, str]]:
        """Return type and name of the contexts that an execution belongs to."""
        node = execution.node_id and f"{execution.pipeline}.{execution.node_id}"
        names = [(PIPELINE, execution.pipeline), (RUN, execution.run_id), (NODE, node)]
        return [(kind, name) for kind, name in names if name]

    def attach(self, message: Any, wanted: list[tuple[str, str]]) -> None:
        """Add contexts to a `PutExecution` request, which makes those that are new."""
        for kind, name in wanted:
            # MLMD looks for one whose id is not known here; asking for it would be a second search.
            found = self._ids.get((kind, name))
            if found:
                message.contexts.add(id=found)
            else:
                message.contexts.append(self.new(kind, name))
        message.options.reuse_context_if_already_exist = True
        message.options.force_reuse_context = True

    def remember(self, wanted: list[tuple[str, str]], ids: Iterable[int]) -> None:
        """Keep the ids that a `PutExecution` response gives."""
        self._ids.update(zip(wanted, ids, strict=True))
