"""Look-up of things that users name: a run, an artifact, the start of a lineage."""

from __future__ import annotations

import re

from mlops_pipeline.errors import NotFoundError, did_you_mean
from mlops_pipeline.inspection.lineage import LineageStart
from mlops_pipeline.inspection.results import read_run
from mlops_pipeline.run_state import LAST
from mlops_pipeline.store import MetadataStore, Run, artifact_target, run_target
from mlops_pipeline.uris import with_home

_RECENT = 200
"""Runs among which the beginning of an id is looked for."""
_PLACED = re.compile(r"(.+)\[(\d{1,18}(?:,\d{1,18})*)\]", re.ASCII)
_NUMBER = re.compile(r"#?(\d{1,18})", re.ASCII)


def find_run(store: MetadataStore, name: str) -> Run:
    """Return a run by its id, the beginning of its id, or `last`.

    Raises:
        NotFoundError: there is none, or there are several.
    """
    found = None if name == LAST else store.get_run(name)
    if found:
        return found
    recent = store.list_runs(limit=1 if name == LAST else _RECENT)
    matches = [run for run in recent if name == LAST or run.id.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise NotFoundError(
            f"{name!r} is the beginning of {len(matches)} runs",
            hint=f"write more of it, as in {matches[0].id}",
        )
    near = did_you_mean(name, [LAST, *(run.id for run in recent)])
    raise NotFoundError(
        f"there is no run {name!r}" if recent else "there are no runs yet",
        hint="start one with `mlops run PIPELINE`, or name the right store with --store"
        if not recent
        else near
        if near.startswith("did")
        else "list them with `mlops runs`",
    )


def split_node(name: str) -> tuple[str, tuple[int, ...]]:
    """Split `Trainer[0,2]` into the id and the iteration."""
    match = _PLACED.fullmatch(name)
    if match is None:
        return name, ()
    return match[1], tuple(int(part) for part in match[2].split(","))


def find_start(store: MetadataStore, what: str = "") -> LineageStart:
    """Find the start of a lineage.

    Args:
        what: number or URI of an artifact, a type (its newest artifact), `RUN/NODE` or
            `RUN/NODE/OUTPUT`; the newest pushed or trained model if left out.

    Raises:
        NotFoundError: there is no such thing.
    """
    if not what:
        return _newest_model(store)
    if number := _NUMBER.fullmatch(what):
        records = store.artifacts([int(number[1])])
    else:
        here = str(with_home(what).absolute())
        records = store.artifacts_by_uri(what) or store.artifacts_by_uri(here)
        if not records and "/" in what:
            return _of_node(store, what)
        records = records or store.artifacts_by_type(what, limit=1)
    if not records:
        raise NotFoundError(
            f"there is no artifact {what!r}", hint="list them with `mlops artifacts`"
        )
    return LineageStart(artifacts=tuple(record.id for record in records))


def _of_node(store: MetadataStore, what: str) -> LineageStart:
    run_id, _, rest = what.partition("/")
    name, _, output = rest.partition("/")
    node = read_run(store, find_run(store, run_id).id)[name]
    if not output:
        return LineageStart(executions=(node.execution.id,))
    if output not in node.outputs:
        node.artifact(output)
    return LineageStart(artifacts=tuple(artifact.id for artifact in node.outputs[output]))


def _newest_model(store: MetadataStore) -> LineageStart:
    for kind in ("PushedModel", "Model"):
        for record in store.artifacts_by_type(kind, limit=1):
            return LineageStart(artifacts=(record.id,))
    raise NotFoundError(
        "there is no model yet", hint="name an artifact; `mlops artifacts` lists them"
    )


def find_target(store: MetadataStore, what: str) -> tuple[str, str]:
    """Return what marks call a run or an artifact, and how to show it.

    Args:
        what: id of a run, or the beginning of one, or `last`; number, URI or type of an artifact.
            A number is an artifact, unless it is the whole id of a run.

    Raises:
        NotFoundError: there is no such thing.
    """
    is_number = what.removeprefix("#").isdecimal()
    if store.get_run(what) or not is_number:
        try:
            run = find_run(store, what)
        except NotFoundError as error:
            return _marked_artifact(store, what, error)
        return run_target(run.id), f"run {run.id}"
    return _marked_artifact(store, what, None)


def _marked_artifact(
    store: MetadataStore, what: str, missed: NotFoundError | None
) -> tuple[str, str]:
    try:
        start = find_start(store, what)
    except NotFoundError:
        if missed is not None:
            raise missed from None
        raise
    if len(start.artifacts) != 1:
        raise NotFoundError(
            f"{what!r} stands for {len(start.artifacts)} artifacts",
            hint="name one by its number: `mlops artifacts` lists them",
        )
    (record,) = store.artifacts(start.artifacts)
    return artifact_target(record.id), f"{record.type} {record.id}"
