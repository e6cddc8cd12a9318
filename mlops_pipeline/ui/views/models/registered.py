"""Registered models as the page of models shows them: versions, aliases and their history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlops_pipeline.business import read_estimates
from mlops_pipeline.deployment import list_rollouts
from mlops_pipeline.models import RegisteredModel, list_models
from mlops_pipeline.ui.views.plain_values import finite
from mlops_pipeline.ui.views.reader import Reader

MODELS, NEWEST, ROLLOUTS = 50, 30, 10
"""Numbers of models on the page, and of the newest versions, moves and rollouts of each."""


@dataclass(frozen=True)
class VersionRow:
    """A version of a registered model.

    Args:
        decision: the last one of a person: `approved by ann: fair`.
        lifts: what it is worth, as in `conversion +2.1 % (0.8 to 3.4), experiment`.
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
    lifts: tuple[str, ...] = ()


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
class RolloutRow:
    """A rollout of a version.

    Args:
        champion: the version beside it; 0 for none.
        weight: share of the keys that the candidate has.
        at: since when it is in its state, and `why`.
        checks: what the checks said that led to it: `errors: 0.5% beside 0.1% ...`.
        states: the states that it went through.
    """

    name: str
    strategy: str
    candidate: int
    champion: int
    state: str
    weight: float
    at: float
    why: str
    checks: tuple[str, ...]
    states: tuple[str, ...]


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
    rollouts: tuple[RolloutRow, ...] = ()


def read_registered(reader: Reader) -> tuple[RegisteredRow, ...]:
    """Return the registered models of a store, by name."""
    models = list_models(reader.store)[:MODELS]
    return tuple(
        replace(_row(model, _lifts(reader, model.name)), rollouts=_rollouts(reader, model.name))
        for model in models
    )


def _rollouts(reader: Reader, model: str) -> tuple[RolloutRow, ...]:
    """Return the newest rollouts of a model, newest first."""
    return tuple(
        RolloutRow(
            each.name,
            each.plan.strategy,
            each.plan.candidate,
            each.plan.champion,
            str(each.state),
            finite(each.weight),
            finite(each.last.at),
            each.last.why,
            tuple(f"{check.verdict}: {check.name}: {check.text}" for check in each.last.checks),
            tuple(str(step.state) for step in each.steps),
        )
        for each in list_rollouts(reader.store, model)[: -ROLLOUTS - 1 : -1]
    )


def _lifts(reader: Reader, model: str) -> Mapping[int, tuple[str, ...]]:
    """Return the newest estimates by version."""
    found: dict[int, tuple[str, ...]] = {}
    for each in read_estimates(reader.store, model):
        told = f"{each.text}, {each.grade}"
        found[each.version] = (*found.get(each.version, ()), told)
    return found


def _row(model: RegisteredModel, lifts: Mapping[int, tuple[str, ...]]) -> RegisteredRow:
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
            lifts.get(each.number, ()),
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
