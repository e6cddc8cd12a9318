"""Acts on registered models: point aliases, roll back, archive, approve; each is one record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError, did_you_mean
from mlops_pipeline.models.changes import (
    ALIAS,
    APPROVE,
    ARCHIVE,
    REJECT,
    RESTORE,
    ROLLBACK,
    WITHDRAW,
    ModelChange,
    check_model_name,
    make_model,
    read_changes,
    write_change,
)
from mlops_pipeline.models.registered import (
    CHAMPION,
    AliasMove,
    ModelVersion,
    RegisteredModel,
    registered_from,
)
from mlops_pipeline.store import MODEL, MetadataStore

_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,99}", re.ASCII)
_MODELS = 10_000


class LostRaceError(PipelineError):
    """Somebody else has moved an alias at the same time: what was asked for was not done."""


def find_model(store: MetadataStore, name: str) -> RegisteredModel | None:
    """Return a registered model; None if there is none of this name."""
    changes, damage = read_changes(store, name)
    if not changes and not damage and store.execution_by_name(MODEL, name) is None:
        return None
    return registered_from(name, changes, damage)


def open_model(store: MetadataStore, name: str) -> RegisteredModel:
    """Return a registered model.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = find_model(store, check_model_name(name))
    if found is None:
        known = _names(store)
        hint = did_you_mean(name, known) if known else "register one: mlops models register"
        raise NotFoundError(f"no model {name!r} is registered", hint=hint)
    return found


def list_models(store: MetadataStore) -> list[RegisteredModel]:
    """Return all registered models, by name."""
    return [registered_from(name, *read_changes(store, name)) for name in _names(store)]


def model_as_of(store: MetadataStore, name: str, at: float) -> RegisteredModel:
    """Return a registered model as it was at a time, in seconds since 1970."""
    open_model(store, name)
    changes, damage = read_changes(store, name)
    # The times of changes never go back, so that this is what was there then.
    return registered_from(name, [each for each in changes if each.at <= at], damage)


def read_time(text: str) -> float:
    """Return the seconds since 1970 of a date or a time; a date alone means its end.

    Raises:
        ParameterError: it is neither.
    """
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        if len(text.strip()) <= len("2026-05-03"):
            found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
        return found.timestamp()
    except (ValueError, OverflowError, OSError):
        raise ParameterError(
            f"{text[:50]!r} is no date", hint="write 2026-05-03 or 2026-05-03T14:30"
        ) from None


# Who does it and why are keywords of every act.
def set_alias(
    store: MetadataStore,
    name: str,
    version: str | int,
    *,
    alias: str = CHAMPION,
    by: str = "",
    why: str = "",
) -> AliasMove | None:
    """Point an alias to a version; with the alias `champion` this is a promotion.

    Args:
        version: a number or another alias; 0 takes the alias away.

    Returns:
        The move; None if the alias pointed there already.

    Raises:
        ParameterError: the version is archived or was rolled back.
        LostRaceError: somebody else moved the alias meanwhile.
    """
    _check_alias(alias)
    seen = open_model(store, name)
    at_first = len(seen.moves)

    def decide(changes: Sequence[ModelChange]) -> ModelChange | None:
        model = registered_from(name, changes)
        _refuse_moved(model, alias, at_first)
        if str(version) == "0":
            if not model.alias(alias):
                return None
            return ModelChange(0, ALIAS, by=by, why=why, facts={"alias": alias})
        found = model.find(str(version))
        if model.alias(alias) == found.number:
            return None
        _refuse_unusable(model, found)
        return ModelChange(
            0, ALIAS, found.number, found.artifact, by=by, why=why, facts={"alias": alias}
        )

    written = write_change(store, name, decide)
    return _move_of(store, name, written)


# Who does it and why are keywords of every act.
def rollback(
    store: MetadataStore,
    name: str,
    *,
    to: str | int = "",
    alias: str = CHAMPION,
    by: str = "",
    why: str = "",
) -> AliasMove | None:
    """Point an alias back, and let the version that it points to now never be used again.

    Args:
        to: the version to go back to; by default the last one before that may still be used.

    Raises:
        NotFoundError: there is no version to go back to.
        LostRaceError: somebody else moved the alias meanwhile.
    """
    _check_alias(alias)
    at_first = len(open_model(store, name).moves)

    def decide(changes: Sequence[ModelChange]) -> ModelChange:
        model = registered_from(name, changes)
        _refuse_moved(model, alias, at_first)
        bad = model.alias(alias)
        if not bad:
            raise NotFoundError(
                f"{name} has no {alias} to roll back", hint="promote a version first"
            )
        target = model.find(str(to)) if to else _before(model, alias, bad)
        if target.number == bad:
            raise ParameterError(
                f"{name} v{bad} is what is to be rolled back", hint="name another version"
            )
        _refuse_unusable(model, target)
        facts = {"alias": alias, "bad": bad}
        return ModelChange(0, ROLLBACK, target.number, target.artifact, by=by, why=why, facts=facts)

    return _move_of(store, name, write_change(store, name, decide))


def withdraw(
    store: MetadataStore, name: str, version: str | int, *, by: str = "", why: str = ""
) -> ModelVersion:
    """Let a version that no alias points to never be used, as if it had been rolled back.

    Raises:
        ParameterError: an alias points to it.
    """
    number = open_model(store, name).find(str(version)).number

    def decide(changes: Sequence[ModelChange]) -> ModelChange | None:
        found = registered_from(name, changes).version(number)
        if found.rolled_back:
            return None
        if found.aliases:
            raise ParameterError(
                f"{name} v{number} is {', '.join(found.aliases)}",
                hint=f"roll that back: mlops models rollback {name}",
            )
        return ModelChange(0, WITHDRAW, number, found.artifact, by=by, why=why)

    write_change(store, name, decide)
    return open_model(store, name).version(number)


# Who does it and why are keywords of every act.
def archive(
    store: MetadataStore,
    name: str,
    version: str | int,
    *,
    restore: bool = False,
    by: str = "",
    why: str = "",
) -> ModelVersion:
    """Take a version out of use, or (`restore`) back into it.

    Raises:
        ParameterError: an alias points to it.
    """
    open_model(store, name)
    about: list[int] = []

    def decide(changes: Sequence[ModelChange]) -> ModelChange | None:
        model = registered_from(name, changes)
        found = model.find(str(version))
        about[:] = [found.number]
        if found.archived is not restore:
            return None
        if found.aliases and not restore:
            raise ParameterError(
                f"{name} v{found.number} is {', '.join(found.aliases)}",
                hint="point that to another version first",
            )
        action = RESTORE if restore else ARCHIVE
        return ModelChange(0, action, found.number, found.artifact, by=by, why=why)

    write_change(store, name, decide)
    return open_model(store, name).version(about[0])


# Who does it and why are keywords of every act.
def approve(
    store: MetadataStore,
    name: str,
    artifact: int,
    *,
    reject: bool = False,
    by: str = "",
    why: str = "",
) -> ModelChange:
    """Record that a person approves of an artifact as a version of a model, or rejects it.

    Args:
        artifact: id of a version's artifact, or of a model that waits at an `ApprovalGate`.

    Raises:
        ParameterError: there is no reason.
        NotFoundError: there is no such artifact.
    """
    if not why.strip():
        raise ParameterError("a decision needs a reason", hint="say it with --why")
    if not store.artifacts([artifact]):
        raise NotFoundError(
            f"there is no artifact {artifact}", hint="see `mlops models show`, or the waiting node"
        )
    make_model(store, check_model_name(name))

    def decide(changes: Sequence[ModelChange]) -> ModelChange:
        found = registered_from(name, changes).of_artifact(artifact)
        action = REJECT if reject else APPROVE
        return ModelChange(0, action, found.number if found else 0, artifact, by=by, why=why)

    written = write_change(store, name, decide)
    assert written is not None
    return written


def _names(store: MetadataStore) -> list[str]:
    found = store.recent_executions(MODEL, limit=_MODELS)
    # A name that somebody has written over leads nowhere.
    return sorted({each.pipeline for each in found if each.pipeline == each.name})


def _check_alias(alias: str) -> None:
    if not _ALIAS.fullmatch(alias) or re.fullmatch(r"v\d+", alias):
        raise ParameterError(
            f"{alias[:100]!r} is no alias",
            hint="use letters, digits, dots, - and _, a letter first, and not v and a number",
        )


def _refuse_moved(model: RegisteredModel, alias: str, at_first: int) -> None:
    for move in model.moves[at_first:]:
        if move.alias == alias:
            to = f"to v{move.version}" if move.version else "away"
            raise LostRaceError(
                f"{move.by} has just moved {alias} of {model.name} {to}: nothing was changed",
                hint="look at it, and do it again if you still want to",
            )


def _refuse_unusable(model: RegisteredModel, version: ModelVersion) -> None:
    if version.archived:
        raise ParameterError(
            f"{model.name} v{version.number} is archived",
            hint=f"restore it: mlops models archive {model.name} {version.number} --restore",
        )
    bad = version if version.rolled_back else model.bad_copy([version.digest])
    if bad is not None:
        same = "" if bad is version else f" has the bytes of v{bad.number}, which"
        raise ParameterError(
            f"{model.name} v{version.number}{same} was rolled back: {bad.rolled_back}",
            hint="train another one: what was rolled back is not used again",
        )


def _before(model: RegisteredModel, alias: str, bad: int) -> ModelVersion:
    """Return the last version that an alias pointed to and that may be used still."""
    for move in reversed(model.moves):
        if move.alias != alias or move.before in (0, bad):
            continue
        found = model.version(move.before)
        if not found.archived and not found.rolled_back and not model.bad_copy([found.digest]):
            return found
    raise NotFoundError(
        f"{alias} of {model.name} has pointed to no other version that may be used",
        hint="name one with --to, or take the alias away: mlops models alias NAME 0",
    )


def _move_of(store: MetadataStore, name: str, written: ModelChange | None) -> AliasMove | None:
    if written is None:
        return None
    moves = open_model(store, name).moves
    return next(move for move in moves if move.number == written.number)
