"""Which earlier model a candidate is compared with."""

from __future__ import annotations

from typing import Any

from mlops_pipeline import query
from mlops_pipeline.artifacts import Model
from mlops_pipeline.resolvers import Query
from mlops_pipeline.store import ArtifactRecord, ArtifactState


def blessed_baseline(model: Any, *, pipeline: str = "") -> Any:
    """The newest blessed model that is not the candidate itself; for `baseline_model`.

    A model that has been blessed and is evaluated again is compared with the one before it, and
    not with itself: so a run that changes nothing finds its evaluation in the cache.

    Args:
        model: the candidate: an output of a Trainer.
        pipeline: whose models count; those of the asking pipeline if left out, "*" for all.
    """
    return query(newest_blessed_other, Model, candidate=model.uri, pipeline=pipeline)


def newest_blessed_other(query: Query) -> list[ArtifactRecord]:
    """The newest blessed model whose content is not that of `candidate`, a URI."""
    candidate = query.arguments["candidate"]
    digests = {a.digest for a in query.store.artifacts_by_uri(candidate) if a.digest}
    best: ArtifactRecord | None = None
    for blessing in query.live("ModelBlessing"):
        # A blessing is newer than its model: what comes now cannot bless a newer one.
        if best is not None and blessing.id < best.id:
            break
        if blessing.properties.get("blessed") != 1:
            continue
        told = blessing.properties.get("current_model_id") or 0
        for model in query.store.artifacts([int(told)]):
            is_other = model.uri != candidate and model.digest not in digests
            if model.type != query.type or model.state is not ArtifactState.LIVE or not is_other:
                continue
            best = model if best is None or model.id > best.id else best
    return [] if best is None else [best]
