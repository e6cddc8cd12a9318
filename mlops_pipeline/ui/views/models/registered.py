"""Registered models as the page of models shows them: versions, aliases and their history."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_pipeline.models import RegisteredModel, list_models
from mlops_pipeline.ui.views.plain_values import finite
from mlops_pipeline.ui.views.reader import Reader

MODELS, NEWEST = 50, 30
"""Numbers of models on the page, and of the newest versions and moves of each."""


@dataclass(frozen=True)
class VersionRow:
    """A version of a registered model.

    Args:
        decision: the last one of a person: `approved by ann: fair`.
    """

    number: int
    artifact: int
    state: str
    aliases: tuple[str, ...]
    run: str
    by: str
    at: float
    digest: str
    licence: str
    decision: str


@dataclass(frozen=True)
class MoveRow:
    """A move of an alias; versions are 0 where it pointed nowhere."""

    alias: str
    before: int
    version: int
    rollback: bool
    by: str
    at: float
    why: str


@dataclass(frozen=True)
class RegisteredRow:
    """A registered model, its newest versions and moves first; the numbers are of all."""

    name: str
    aliases: tuple[tuple[str, int], ...]
    versions: tuple[VersionRow, ...]
    version_count: int
    moves: tuple[MoveRow, ...]
    move_count: int
    damage: tuple[str, ...]


def read_registered(reader: Reader) -> tuple[RegisteredRow, ...]:
    """Return the registered models of a store, by name."""
    return tuple(_row(model) for model in list_models(reader.store)[:MODELS])


def _row(model: RegisteredModel) -> RegisteredRow:
    versions = tuple(
        VersionRow(
            each.number,
            each.artifact,
            each.state,
            each.aliases,
            each.run,
            each.by,
            finite(each.at),
            each.digest,
            each.licence,
            "; ".join(
                f"{'approved' if d.approved else 'rejected'} by {d.by}: {d.why}"
                for d in each.decisions[-1:]
            ),
        )
        for each in model.versions[: -NEWEST - 1 : -1]
    )
    moves = tuple(
        MoveRow(m.alias, m.before, m.version, m.rollback, m.by, finite(m.at), m.why)
        for m in model.moves[: -NEWEST - 1 : -1]
    )
    return RegisteredRow(
        model.name,
        model.aliases,
        versions,
        len(model.versions),
        moves,
        len(model.moves),
        model.damage,
    )
