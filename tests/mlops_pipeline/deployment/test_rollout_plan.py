"""Plans: what makes no sense is refused before anything begins."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from rollouts import plan_of

from mlops_pipeline.deployment import check_plan, steps_of
from mlops_pipeline.errors import ParameterError


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"candidate": 1}, "the champion already"),
        ({"champion": 0}, "has no champion"),
        ({"steps": (0.5, 0.1)}, "the steps are"),
        ({"steps": (0.6,)}, "up to 0.5"),
        ({"steps": (0.0, 0.1)}, "the steps are"),
        ({"strategy": "canery"}, "did you mean 'canary'"),
        ({"minimum": 1}, "minimum is 1"),
        ({"max_seconds": float("nan")}, "max_seconds is nan"),
        ({"alpha": 0}, "alpha is 0"),
        ({"max_errors": 1.5}, "max_errors is 1.5"),
        ({"on_inconclusive": "wait"}, "hold, rollback or promote"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError) as caught:
        check_plan(msgspec.structs.replace(plan_of(), **changes))
    assert told in f"{caught.value.message} {caught.value.hint}"


def test_strategies_have_their_steps() -> None:
    assert steps_of("canary", (0.1,)) == (0.1,)
    assert steps_of("ab") == (0.5,)
    assert steps_of("all-at-once") == steps_of("shadow") == ()
    with pytest.raises(ParameterError, match="takes no steps"):
        steps_of("ab", (0.1,))


def test_the_chance_of_a_false_alarm_is_shared_by_the_steps() -> None:
    plan = plan_of(steps=(0.1, 0.2, 0.5), alpha=0.06)
    assert plan.step_alpha * 3 * 2 == pytest.approx(0.06)
