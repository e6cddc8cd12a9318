import math
import random

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value import arm_sizes_p, check_srm, counts_e_value


@pytest.mark.ml
@pytest.mark.parametrize(
    ("counts", "p"),
    [((600, 400), 2.54e-10), ((44_000, 45_000), 0.0008), ((821_588, 815_482), 1.8e-6)],
)
def test_the_chi_square_test_gives_the_published_numbers(counts: list[int], p: float) -> None:
    assert arm_sizes_p(counts, (1, 1)) == pytest.approx(p, rel=0.02)


@pytest.mark.parametrize("counts", [(600, 400), (821_588, 815_482), (60, 10), (1000, 980, 500)])
def test_arms_that_were_not_filled_as_planned_are_found(counts: tuple[int, ...]) -> None:
    assert check_srm(counts, [1] * len(counts)).mismatch


@pytest.mark.parametrize("counts", [(500, 500), (0, 0), (3, 0), (10_050, 9_950), (10**9, 10**9)])
def test_arms_as_planned_raise_no_alarm(counts: tuple[int, int]) -> None:
    assert not check_srm(counts, (1, 1)).mismatch


def test_weights_need_not_add_up_to_one() -> None:
    assert counts_e_value((100, 300), (1, 3)) == counts_e_value((100, 300), (0.25, 0.75))


def test_looks_after_every_hundred_visitors_raise_few_false_alarms() -> None:
    draw, wrong = random.Random(2), 0
    for _ in range(200):
        counts = [0, 0]
        for _ in range(20):
            first = sum(draw.getrandbits(1) for _ in range(100))
            counts = [counts[0] + first, counts[1] + 100 - first]
            if check_srm(counts, (1, 1), alpha=0.05).mismatch:
                wrong += 1
                break
    assert wrong / 200 <= 0.05


@pytest.mark.parametrize(
    ("counts", "weights"),
    [((1,), (1,)), ((1, 2), (1,)), ((-1, 2), (1, 1)), ((1, 2), (0, 1)), ((1, 2), (1, math.nan))],
)
def test_arms_without_counts_or_weights_are_refused(
    counts: tuple[int, ...], weights: tuple[float, ...]
) -> None:
    with pytest.raises(ParameterError, match="cannot have the weights"):
        check_srm(counts, weights)
