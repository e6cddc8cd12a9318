from __future__ import annotations

import pytest

from mlops_pipeline.repeat import ComparedArtifact, Repetition, Verdict
from mlops_pipeline.store import State


def done(*verdicts: tuple[str, Verdict], state: State = State.COMPLETE) -> Repetition:
    compared = [ComparedArtifact(f"N.{n}", kind, v) for n, (kind, v) in enumerate(verdicts)]
    return Repetition("a", "b", "/tree", state, tuple(compared))


SAME, WITHIN, DIFFERS = Verdict.SAME, Verdict.WITHIN, Verdict.DIFFERS
OPAQUE, MISSING = Verdict.OPAQUE, Verdict.MISSING


@pytest.mark.parametrize(
    ("found", "equal", "first"),
    [
        (done(("Model", SAME)), True, None),
        (done(("Model", OPAQUE)), False, "N.0"),
        (done(("Model", OPAQUE), ("ModelEvaluation", WITHIN)), True, "N.0"),
        (done(("Model", OPAQUE), ("ModelEvaluation", SAME)), True, "N.0"),
        (done(("Model", OPAQUE), ("Examples", SAME)), False, "N.0"),
        (done(("Model", OPAQUE), ("ModelEvaluation", DIFFERS)), False, "N.1"),
        (done(("Model", MISSING)), False, "N.0"),
        (done(("Model", SAME), state=State.FAILED), False, None),
        (done(), True, None),
    ],
)
def test_a_repetition_is_equal_if_what_can_be_compared_is(
    found: Repetition, equal: bool, first: str | None
) -> None:
    place = found.first_divergence.place if found.first_divergence else None
    assert (found.equal, place) == (equal, first)
