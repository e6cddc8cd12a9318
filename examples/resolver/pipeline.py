"""Artifacts of earlier runs as inputs: the latest one, and a choice of one's own.

mlops run examples/resolver -p score=1; mlops run examples/resolver -p score=3; \
mlops run examples/resolver -p score=2
"""

from mlops_pipeline import Artifact, Input, Output, component, latest, pipeline, query
from mlops_pipeline.resolvers import Query
from mlops_pipeline.store import ArtifactRecord


class Scored(Artifact):
    """A result with a score."""

    PROPERTIES = {"score": int}


@component
def Produce(score: int, *, result: Output[Scored]) -> None:
    """Stands for a training."""
    result.path.mkdir(parents=True, exist_ok=True)
    result.properties["score"] = score


@component
def Compare(newest: Input[Scored], best: Input[Scored] | None = None) -> str:
    """An input that finds nothing has to be optional, or the run says so and stops."""
    before = best.properties["score"] if best else "nothing"
    return f"{newest.properties['score']}, the best so far was {before}"


def best_score(query: Query) -> list[ArtifactRecord]:
    """The stored artifact with the highest score, if there is one."""
    found = query.store.artifacts_by_type(query.type)
    return sorted(found, key=lambda record: int(record.properties["score"]))[-1:]


@pipeline
def resolver(score: int = 1) -> None:
    """Compare the latest result with the best one."""
    produced = Produce(score=score)
    best = query(best_score, Scored)
    Compare.options(after=[produced], cache=False)(newest=latest(Scored), best=best)
