"""Pushed models as versions: what the Pusher pushed, what TFX did, and what others made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError
from mlops_pipeline.models.changes import (
    REGISTER,
    ModelChange,
    check_model_name,
    make_model,
    write_change,
)
from mlops_pipeline.models.registered import ModelVersion, RegisteredModel, registered_from
from mlops_pipeline.models.registry import find_model, open_model
from mlops_pipeline.roots import digest_path
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Direction,
    MetadataStore,
    deletion_of,
)
from mlops_pipeline.uris import is_remote, local_place

PUSHED_MODEL = "PushedModel"

MODEL_NAME = "model_name"
"""Property of a pushed model: the registered model that it is a version of."""

NEWEST = 200
"""Number of the newest pushed models among which those are looked for that nobody registered."""


@dataclass(frozen=True)
class VersionNotes:
    """What is said of a version when it is registered.

    Args:
        signature: its inputs and outputs.
        card: text of its model card.
    """

    signature: Any = None
    card: str = ""
    licence: str = ""
    by: str = ""
    why: str = ""


def register_artifact(
    store: MetadataStore, artifact: int, name: str, described: VersionNotes | None = None
) -> ModelVersion:
    """Make a pushed model a version of a registered model; one that is, stays the same version.

    It may be one that TFX has pushed, without any of our properties.

    Raises:
        NotFoundError: there is no such artifact, or its files are gone.
        ParameterError: it was not pushed, is no pushed model, or has the bytes of a version that
            was rolled back.
    """
    check_model_name(name)
    record = _usable(store, artifact)
    said = described or VersionNotes()
    facts = {
        "digest": record.digest or _digest_here(record),
        "source_digest": next(iter(model_digests(store, record.id)), ""),
        "uri": record.uri,
        "run": _run_of(store, record.id),
        "licence": said.licence,
    }
    if said.signature is not None:
        facts["signature"] = said.signature
    if said.card:
        facts["card"] = store.put_document(said.card)
    make_model(store, name)

    def decide(changes: Sequence[ModelChange]) -> ModelChange | None:
        model = registered_from(name, changes)
        if model.of_artifact(record.id) is not None:
            return None
        _refuse_bad_copy(model, record.id, (facts["digest"], facts["source_digest"]))
        number = max((each.version for each in changes if each.action == REGISTER), default=0) + 1
        return ModelChange(0, REGISTER, number, record.id, by=said.by, why=said.why, facts=facts)

    write_change(store, name, decide)
    found = open_model(store, name).of_artifact(record.id)
    assert found is not None
    return found


def register_pushed(store: MetadataStore, name: str) -> list[ModelVersion]:
    """Register what was pushed as a version of a model, and is none yet, oldest first.

    Whoever pushes does so; what a crash has kept from it is made up for by the next one.
    """
    found = []
    for record in unregistered(store, name):
        try:
            found.append(register_artifact(store, record.id, name))
        except ParameterError:
            # It has the bytes of one that was rolled back: it never becomes a version.
            continue
    return found


def unregistered(store: MetadataStore, name: str) -> list[ArtifactRecord]:
    """Return the newest pushed models that name a model and are no versions of it, oldest first."""
    pushed = [
        record
        for record in store.artifacts_by_type(PUSHED_MODEL, limit=NEWEST)
        if record.properties.get(MODEL_NAME) == name and _is_pushed(record)
    ]
    model = find_model(store, name) if pushed else None
    known = {each.artifact for each in model.versions} if model else set()
    return [record for record in reversed(pushed) if record.id not in known]


def model_digests(store: MetadataStore, artifact: int) -> Iterator[str]:
    """Yield the digests of the models that a pushed one is a copy of."""
    events = store.events_by_artifact([artifact])
    makers = [e.execution_id for e in events if e.direction is Direction.OUTPUT]
    read = [
        event.artifact_id
        for event in store.events_by_execution(makers[:1])
        if event.direction is Direction.INPUT and event.key in ("model", "model_export")
    ]
    yield from (each.digest for each in store.artifacts(read) if each.digest)


def _usable(store: MetadataStore, artifact: int) -> ArtifactRecord:
    found = store.artifacts([artifact])
    if not found:
        raise NotFoundError(
            f"there is no artifact {artifact}", hint="see `mlops artifacts --type PushedModel`"
        )
    record = found[0]
    if record.state is not ArtifactState.LIVE:
        what = deletion_of(record) or f"{record.state.value.lower()}"
        raise NotFoundError(f"artifact {artifact} is {what}", hint="register another one")
    if "Model" not in record.type or "Blessing" in record.type:
        raise ParameterError(
            f"artifact {artifact} is {record.type}, which is no model",
            hint="see `mlops artifacts --type PushedModel`",
        )
    if record.type == PUSHED_MODEL and not _is_pushed(record):
        raise ParameterError(
            f"artifact {artifact} was not pushed: nothing blessed it", hint="register another one"
        )
    return record


def _is_pushed(record: ArtifactRecord) -> bool:
    """Return True unless the record says that nothing was pushed."""
    return record.state is ArtifactState.LIVE and record.properties.get("pushed", 1) in (1, "1")


def _digest_here(record: ArtifactRecord) -> str:
    """Return the digest of what lies on this machine; empty if it cannot be read."""
    if is_remote(record.uri) or not record.uri:
        return ""
    try:
        path = local_place(record.uri)
        return digest_path(path) if path.exists() else ""
    except (OSError, ValueError, PipelineError):
        return ""


def _run_of(store: MetadataStore, artifact: int) -> str:
    events = store.events_by_artifact([artifact])
    makers = [e.execution_id for e in events if e.direction is Direction.OUTPUT]
    return next((each.run_id for each in store.executions(makers[:1])), "")


def _refuse_bad_copy(model: RegisteredModel, artifact: int, digests: Sequence[str]) -> None:
    bad = model.bad_copy(digests)
    if bad is not None:
        raise ParameterError(
            f"artifact {artifact} has the bytes of {model.name} v{bad.number}, which was rolled "
            f"back: {bad.rolled_back}",
            hint="train another one: what was rolled back is not used again",
        )
