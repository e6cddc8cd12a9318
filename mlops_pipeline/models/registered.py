"""A registered model, as its changes made it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_pipeline.errors import NotFoundError, did_you_mean
from mlops_pipeline.models.changes import (
    ALIAS,
    APPROVE,
    ARCHIVE,
    REGISTER,
    REJECT,
    RESTORE,
    ROLLBACK,
    WITHDRAW,
    ModelChange,
)

CHAMPION = "champion"
"""The alias of the version that answers."""


@dataclass(frozen=True)
class Decided:
    """Decision of a person about an artifact."""

    approved: bool
    artifact: int
    by: str
    at: float
    why: str


@dataclass(frozen=True)
class ModelVersion:
    """A version of a registered model.

    Args:
        artifact: id of the pushed model.
        digest: digest of its bytes, empty where unknown; `source_digest` that of the model that
            was pushed.
        uri: where it is.
        run: id of the run that pushed it, empty where unknown.
        signature: inputs and outputs, as it was registered.
        card: digest of the document with its card; empty if it has none.
        rolled_back: why it must not be used again; empty if it may.
        decisions: approvals and refusals, oldest first.
    """

    number: int
    artifact: int
    digest: str = ""
    source_digest: str = ""
    uri: str = ""
    run: str = ""
    by: str = ""
    at: float = 0.0
    why: str = ""
    signature: Any = None
    card: str = ""
    licence: str = ""
    archived: bool = False
    rolled_back: str = ""
    aliases: tuple[str, ...] = ()
    decisions: tuple[Decided, ...] = ()

    @property
    def state(self) -> str:
        """State in one word or two."""
        if self.rolled_back:
            return "rolled back"
        return "archived" if self.archived else "ready"


@dataclass(frozen=True)
class AliasMove:
    """A move of an alias.

    Args:
        version: where it points to from then on; 0 for nowhere.
        before: where it pointed to.
        rollback: true if the version before is not to be used again.
    """

    alias: str
    version: int
    before: int
    by: str
    at: float
    why: str
    number: int
    rollback: bool = False


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model.

    Args:
        versions: oldest first; `moves` likewise.
        decisions: approvals and refusals of artifacts that are no versions, or not yet.
        damage: what of its records cannot be read.
    """

    name: str
    versions: tuple[ModelVersion, ...] = ()
    aliases: tuple[tuple[str, int], ...] = ()
    moves: tuple[AliasMove, ...] = ()
    decisions: tuple[Decided, ...] = ()
    damage: tuple[str, ...] = ()

    def alias(self, name: str) -> int:
        """Return the version that an alias points to; 0 for none."""
        return dict(self.aliases).get(name, 0)

    def version(self, number: int) -> ModelVersion:
        """Return a version by number.

        Raises:
            NotFoundError: there is none.
        """
        for each in self.versions:
            if each.number == number:
                return each
        newest = max((each.number for each in self.versions), default=0)
        raise NotFoundError(
            f"model {self.name} has no version {number}",
            hint=f"its newest is {newest}" if newest else "it has none yet: push one",
        )

    def find(self, wanted: str) -> ModelVersion:
        """Return the version with a number such as `3` or `v3`, or of an alias.

        Raises:
            NotFoundError: there is none.
        """
        text = str(wanted).strip()
        number = text.removeprefix("v")
        if number.isascii() and number.isdecimal() and len(number) < 10:
            return self.version(int(number))
        known = dict(self.aliases)
        if text in known:
            return self.version(known[text])
        raise NotFoundError(
            f"model {self.name} has no alias {text[:100]!r}",
            hint=did_you_mean(text, known) if known else "give a version, such as 3",
        )

    def of_artifact(self, artifact: int) -> ModelVersion | None:
        """Return the version that is an artifact."""
        return next((each for each in self.versions if each.artifact == artifact), None)

    def bad_copy(self, digests: Iterable[str]) -> ModelVersion | None:
        """Return a version that was rolled back and has one of these digests."""
        wanted = set(digests) - {""}
        for each in self.versions:
            if each.rolled_back and wanted & {each.digest, each.source_digest}:
                return each
        return None

    def last_decision(self, artifact: int) -> Decided | None:
        """Return the last approval or refusal of an artifact."""
        version = self.of_artifact(artifact)
        known = (*self.decisions, *(version.decisions if version else ()))
        about = [each for each in known if each.artifact == artifact]
        return max(about, key=lambda each: each.at, default=None)


def registered_from(
    name: str, changes: Sequence[ModelChange], damage: Iterable[str] = ()
) -> RegisteredModel:
    """Return a model as its changes made it; those that make no sense are damage."""
    made, faults = _Made(), list(damage)
    for change in changes:
        try:
            made = made.after(change)
        except (KeyError, ValueError) as error:
            faults.append(f"change {change.number} is about {error}, which is not there")
    versions = [
        replace(each, aliases=tuple(a for a, n in sorted(made.aliases.items()) if n == number))
        for number, each in sorted(made.versions.items())
    ]
    return RegisteredModel(
        name,
        tuple(versions),
        tuple(sorted((alias, n) for alias, n in made.aliases.items() if n)),
        tuple(made.moves),
        tuple(made.decisions),
        tuple(faults),
    )


class _Made:
    """What the changes so far have made."""

    def __init__(self) -> None:
        self.versions: dict[int, ModelVersion] = {}
        self.aliases: dict[str, int] = {}
        self.moves: list[AliasMove] = []
        self.decisions: list[Decided] = []

    def after(self, change: ModelChange) -> _Made:
        if change.action == REGISTER:
            self._register(change)
        elif change.action in (ALIAS, ROLLBACK):
            self._move(change)
        elif change.action in (ARCHIVE, RESTORE):
            self._update(change.version, archived=change.action == ARCHIVE)
        elif change.action == WITHDRAW:
            self._update(change.version, rolled_back=change.why or "withdrawn")
        elif change.action in (APPROVE, REJECT):
            self._decide(change)
        return self

    def _update(self, number: int, **values: Any) -> None:
        if number not in self.versions:
            raise KeyError(f"version {number}")
        self.versions[number] = replace(self.versions[number], **values)

    def _register(self, change: ModelChange) -> None:
        texts = ("digest", "source_digest", "uri", "run", "card", "licence")
        facts: dict[str, Any] = {name: str(change.facts.get(name) or "") for name in texts}
        self.versions[change.version] = ModelVersion(
            change.version,
            change.artifact,
            by=change.by,
            at=change.at,
            why=change.why,
            signature=change.facts.get("signature"),
            **facts,
        )

    def _move(self, change: ModelChange) -> None:
        alias = str(change.facts.get("alias") or CHAMPION)
        if change.version and change.version not in self.versions:
            raise KeyError(f"version {change.version}")
        before = self.aliases.get(alias, 0)
        bad = change.facts.get("bad")
        if change.action == ROLLBACK:
            self._update(int(bad or before), rolled_back=change.why or "rolled back")
        self.aliases[alias] = change.version
        self.moves.append(
            AliasMove(
                alias,
                change.version,
                before,
                change.by,
                change.at,
                change.why,
                change.number,
                rollback=change.action == ROLLBACK,
            )
        )

    def _decide(self, change: ModelChange) -> None:
        decision = Decided(
            change.action == APPROVE, change.artifact, change.by, change.at, change.why
        )
        if change.version in self.versions:
            known = self.versions[change.version].decisions
            self._update(change.version, decisions=(*known, decision))
        else:
            self.decisions.append(decision)
