"""The version behind an alias as an input of a node, and the refusal of what was rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_pipeline.errors import ResolutionError
from mlops_pipeline.models.changes import check_model_name
from mlops_pipeline.models.registered import CHAMPION
from mlops_pipeline.models.registry import find_model
from mlops_pipeline.resolvers import Query
from mlops_pipeline.store import ArtifactRecord, ArtifactState, MetadataStore, deletion_of


def resolve_alias(query: Query) -> Sequence[ArtifactRecord]:
    """Return the version that an alias points to; nothing while there is none.

    Arguments `model_name` and `alias`. A first run has no champion: an input that is optional
    then stays empty.

    Raises:
        ResolutionError: it points to a version whose files are gone.
    """
    name = check_model_name(str(query.arguments.get("model_name") or ""))
    alias = str(query.arguments.get("alias") or CHAMPION)
    model = find_model(query.store, name)
    number = model.alias(alias) if model else 0
    if model is None or not number:
        return []
    version = model.version(number)
    found = query.store.artifacts([version.artifact])
    if found and found[0].state is ArtifactState.LIVE:
        return found
    what = (deletion_of(found[0]) or "not live") if found else "gone from the store"
    raise ResolutionError(
        f"{alias} of {name} is v{number}, artifact {version.artifact}, which is {what}",
        hint=f"promote another version: mlops models promote {name} VERSION",
    )


def refuse_rolled_back(store: MetadataStore, name: str, records: Iterable[ArtifactRecord]) -> None:
    """Raise if one of these has the bytes of a version that was rolled back.

    Raises:
        ResolutionError: it has.
    """
    model = find_model(store, check_model_name(name))
    if model is None:
        return
    for record in records:
        bad = model.bad_copy([record.digest])
        if bad is not None:
            raise ResolutionError(
                f"{record.type} {record.id} has the bytes of {name} v{bad.number}, which was "
                f"rolled back: {bad.rolled_back}",
                hint="train another one: what was rolled back is not pushed again",
            )
