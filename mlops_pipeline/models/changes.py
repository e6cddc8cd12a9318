"""Changes of registered models, as records of the store.

The n-th change of a model is an execution named `<model>/<n>`, which the store takes once: who
writes it has seen all that came before. Of two people who change a model at once one is first, and
the other one looks again.
"""

from __future__ import annotations

import getpass
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_pipeline.errors import ParameterError, StoreError
from mlops_pipeline.store import (
    MODEL,
    MODEL_CHANGE,
    AlreadyExistsError,
    DeletedArtifactError,
    Execution,
    MetadataStore,
    State,
)

REGISTER, ALIAS, ROLLBACK = "register", "alias", "rollback"
ARCHIVE, RESTORE = "archive", "restore"
APPROVE, REJECT = "approve", "reject"
WITHDRAW = "withdraw"

ACTIONS = (REGISTER, ALIAS, ROLLBACK, ARCHIVE, RESTORE, APPROVE, REJECT, WITHDRAW)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_PAGES = (100, 1_000, 10_000, 10_000_000)
_TRIES = 20


@dataclass(frozen=True)
class ModelChange:
    """One change of a registered model.

    Args:
        number: 1 for the first of the model.
        action: one of `ACTIONS`.
        version: the version that it is about; 0 for none.
        artifact: id of the artifact that it is about; 0 for none.
        by: who did it.
        at: seconds since 1970, never before the change that came before it.
        facts: what else there is to say, by name.
    """

    number: int
    action: str
    version: int = 0
    artifact: int = 0
    by: str = ""
    at: float = 0.0
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


Decide = Callable[[Sequence[ModelChange]], ModelChange | None]
"""Function from all changes so far to the next one; None if nothing is to be changed."""


def check_model_name(name: str) -> str:
    """Return the name of a model.

    Raises:
        ParameterError: it is none: it has to fit into addresses, file names and every database.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise ParameterError(
        f"{str(name)[:100]!r} is no name of a model",
        hint="use up to 100 letters, digits, dots, - and _, a letter or digit first",
    )


def who() -> str:
    """Return the name of the user that this process runs for."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # In a container a user may have a number only.
        return f"user {os.getuid()}"


def read_changes(store: MetadataStore, model: str) -> tuple[list[ModelChange], list[str]]:
    """Return the changes of a model, oldest first, and what of its records is damaged."""
    found: list[Execution] = []
    for limit in _PAGES:
        found = store.recent_executions(MODEL_CHANGE, node=model, limit=limit)
        if len(found) < limit:
            break
    return changes_from(reversed(found), model)


def changes_from(
    executions: Iterable[Execution], model: str
) -> tuple[list[ModelChange], list[str]]:
    """Return the changes in records of a model, oldest first, and what of them is damaged."""
    changes: dict[int, ModelChange] = {}
    damage = []
    for execution in executions:
        change = _read(execution, model)
        if change is None or change.number in changes:
            damage.append(f"record {execution.id} ({execution.name[:100]!r}) cannot be read")
        else:
            changes[change.number] = change
    missing = set(range(1, max(changes, default=0) + 1)) - changes.keys()
    damage += [f"change {number} is gone" for number in sorted(missing)[:10]]
    return [changes[number] for number in sorted(changes)], damage


def write_change(
    store: MetadataStore, model: str, decide: Decide, decisive: Sequence[int] = ()
) -> ModelChange | None:
    """Add a change to a model, made of all changes before it.

    Args:
        decide: asked again if somebody else was first.
        decisive: ids of artifacts that the change was decided by.

    Raises:
        StoreError: others were first each time, or what the change is about was deleted.
    """
    for _ in range(_TRIES):
        before, _ = read_changes(store, model)
        change = decide(before)
        if change is None:
            return None
        last = before[-1] if before else ModelChange(0, "")
        change = replace(
            change, number=_next(store, model, last.number), at=max(time.time(), last.at)
        )
        try:
            _write(store, model, change, decisive)
        except AlreadyExistsError:
            continue
        except DeletedArtifactError:
            raise StoreError(
                f"artifact {change.artifact} was deleted: {model} cannot go back to it",
                hint="choose another version, or run what made it again",
            ) from None
        return change
    raise StoreError(
        f"{model} was changed by others {_TRIES} times while this change was made",
        hint="try again",
    )


def make_model(store: MetadataStore, model: str) -> None:
    """Make a model known, if it is new."""
    if store.execution_by_name(MODEL, model) is None:
        now = time.time()
        record = _record(MODEL, model, model, now)
        try:
            store.put_execution(replace(record, node_id="model", parameters={"by": who()}))
        except AlreadyExistsError:
            # Another process has made it meanwhile.
            return


def _next(store: MetadataStore, model: str, last: int) -> int:
    """Return the first number that is free, also where a record cannot be read any more."""
    number = last + 1
    while (found := store.execution_by_name(MODEL_CHANGE, f"{model}/{number}")) is not None:
        if _read(found, model) is not None:
            # It was written a moment ago: whoever decided has not seen it.
            return number
        number += 1
    return number


def _write(store: MetadataStore, model: str, change: ModelChange, decisive: Sequence[int]) -> None:
    record = _record(MODEL_CHANGE, model, f"{model}/{change.number}", change.at)
    parameters = {
        "number": change.number,
        "version": change.version,
        "artifact": change.artifact,
        "by": change.by or who(),
        "why": change.why,
        **{f"{_FACT}{name}": value for name, value in change.facts.items()},
    }
    inputs = {"model": [change.artifact] if change.artifact else [], "_decided_by": list(decisive)}
    store.put_execution(
        replace(record, node_id=change.action, parameters=parameters),
        inputs={name: ids for name, ids in inputs.items() if ids},
        # An archived version may be one whose files are gone.
        only_live=change.action in (REGISTER, ALIAS, ROLLBACK),
    )


_FACT = "fact."


def _record(component: str, model: str, name: str, at: float) -> Execution:
    return Execution(component, model, "", "", State.COMPLETE, name=name, started=at, finished=at)


def _read(execution: Execution, model: str) -> ModelChange | None:
    """Return the change in a record; None if somebody has written over it."""
    given = execution.parameters
    number, version, artifact = (given.get(n) for n in ("number", "version", "artifact"))
    texts = [given.get(name) for name in ("by", "why")]
    sound = (
        _is_whole(number)
        and _is_whole(version)
        and _is_whole(artifact)
        and all(isinstance(text, str) for text in texts)
        and execution.node_id in ACTIONS
        and execution.name == f"{model}/{number}"
    )
    if not sound:
        return None
    facts = {n.removeprefix(_FACT): v for n, v in given.items() if n.startswith(_FACT)}
    return ModelChange(
        number,  # type: ignore[arg-type]
        execution.node_id,
        version,  # type: ignore[arg-type]
        artifact,  # type: ignore[arg-type]
        str(texts[0]),
        execution.started,
        str(texts[1]),
        facts,
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
