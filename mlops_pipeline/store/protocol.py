"""The protocol of a metadata store: what every back end has to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from mlops_pipeline.store.records import (
    NOTHING,
    ArtifactRecord,
    ArtifactState,
    ArtifactType,
    Direction,
    Event,
    Execution,
    Run,
)


class MetadataStore(Protocol):
    """Interface of a metadata store. Every call is atomic.

    All listings are ordered by id, oldest first, unless they say otherwise.
    """

    def register_types(self, types: Iterable[ArtifactType]) -> None:
        """Make artifact types known; known ones may gain properties."""

    def put_run(self, run: Run, *, new: bool = False) -> None:
        """Create the run, or replace what is stored of it.

        Args:
            new: only create it; of several processes that do, one succeeds.

        Raises:
            AlreadyExistsError: it is to be new, and there is a run with its id.
        """

    def get_run(self, run_id: str) -> Run | None:
        """Return the run with this id."""

    def list_runs(self, *, pipeline: str = "", limit: int = 20) -> list[Run]:
        """Return the newest runs, newest first."""

    def put_execution(
        self,
        execution: Execution,
        *,
        inputs: Mapping[str, Sequence[int]] = NOTHING,
        outputs: Mapping[str, Sequence[ArtifactRecord]] = NOTHING,
        only_live: bool = False,
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        """Create (`id` 0) or update an execution with its events and artifacts, all or nothing.

        Args:
            inputs: ids of the artifacts read, by input.
            outputs: artifacts written, by output; those with an `id` exist and get an event only.
            only_live: none of the artifacts that exist may be DELETED, but for inputs whose names
                begin with `_`: what was read of them is known.

        Returns:
            The stored execution, and the outputs with their ids.

        Raises:
            AlreadyExistsError: the name of the execution or of an output is taken.
            StaleExecutionError: an update of an execution that is no longer RUNNING.
            DeletedArtifactError: an artifact is DELETED, and only others are wanted.
        """

    def heartbeat(self, execution_id: int) -> None:
        """Show that the execution is alive: sets its `heartbeat` to now."""

    def executions(self, ids: Iterable[int]) -> list[Execution]:
        """Return executions by id; unknown ids are left out."""

    def executions_of_run(self, run_id: str) -> list[Execution]:
        """Return all executions of a run."""

    def executions_by_cache_key(self, cache_key: str) -> list[Execution]:
        """Return the COMPLETE executions that have this cache key."""

    def execution_by_name(self, component: str, name: str) -> Execution | None:
        """Return the execution of a component that has claimed this name."""

    def recent_executions(
        self, component: str, *, node: str = "", limit: int = 20
    ) -> list[Execution]:
        """Return the newest executions of a component, newest first.

        Args:
            node: `<pipeline>.<node id>`, to list only those of one node; of the records of
                registered models, the name of the model.
        """

    def artifacts(self, ids: Iterable[int]) -> list[ArtifactRecord]:
        """Return artifacts by id; unknown ids are left out."""

    def artifacts_by_type(self, type_name: str, *, limit: int = 100) -> list[ArtifactRecord]:
        """Return the newest artifacts of a type, newest first, whatever their state."""

    def artifacts_by_uri(self, uri: str) -> list[ArtifactRecord]:
        """Return all artifacts with a URI."""

    def set_artifact_state(self, artifact_id: int, state: ArtifactState) -> None:
        """Say what has become of an artifact."""

    def events_by_execution(self, ids: Iterable[int]) -> list[Event]:
        """Return all events of these executions."""

    def events_by_artifact(self, ids: Iterable[int]) -> list[Event]:
        """Return all events of these artifacts."""

    def events_around(self, ids: Iterable[int], direction: Direction) -> list[Event]:
        """Return all events of the executions that have one of these artifacts in a direction."""

    def put_document(self, text: str) -> str:
        """Keep a text (IR, a source) under its SHA-256, in hexadecimal; returns that."""

    def get_document(self, digest: str) -> str | None:
        """Return the text that `put_document` kept under this digest."""

    def close(self) -> None:
        """Let go of files and connections."""
