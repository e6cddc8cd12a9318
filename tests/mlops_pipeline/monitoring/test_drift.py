import math
import random

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.monitoring import DriftReport, DriftVerdict, drift_of


def columns(draw: random.Random, rows: int, shift: float = 0.0) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {
        f"x{n}": [draw.gauss(0, 1) for _ in range(rows)] for n in range(8)
    }
    found["age"] = [draw.gauss(shift, 1) for _ in range(rows)]
    found["city"] = [draw.choice("abc") for _ in range(rows)]
    return found


def drifted(report: DriftReport) -> list[str]:
    return [each.name for each in report.features if each.drifted]


@pytest.mark.ml
def test_the_feature_that_moved_is_named() -> None:
    draw = random.Random(1)
    report = drift_of(columns(draw, 500), columns(draw, 300, shift=1))
    assert drifted(report) == ["age"]
    assert report.features[0].name == "age"
    assert report.verdict == DriftVerdict.DRIFTED
    assert report.rows == (500, 300)


@pytest.mark.ml
def test_all_features_together_alarm_by_chance_as_seldom_as_the_budget_says() -> None:
    draw = random.Random(2)
    reports = [drift_of(columns(draw, 200), columns(draw, 120)) for _ in range(200)]
    # 10 are expected of 200; more than 20 would come once in a thousand times.
    assert sum(r.verdict == DriftVerdict.DRIFTED for r in reports) <= 20


@pytest.mark.ml
def test_missing_values_and_a_missing_feature_are_drift() -> None:
    draw = random.Random(3)
    before, after = columns(draw, 400), columns(draw, 400)
    after["x1"] = [math.nan if n % 4 == 0 else v for n, v in enumerate(after["x1"])]
    del after["city"]
    report = drift_of(before, after)
    assert sorted(drifted(report)) == ["city", "x1"]
    shares = {each.name: each.missing for each in report.features}
    assert shares["x1"] == (0, 0.25)
    assert shares["city"] == (0, 1)


@pytest.mark.ml
def test_a_level_never_seen_before_is_drift() -> None:
    report = drift_of({"n": ["a", "b"] * 100}, {"n": ["a", "b", "c", "c"] * 50})
    assert drifted(report) == ["n"]
    assert report.features[0].gap == pytest.approx(0.5)


@pytest.mark.ml
def test_truth_values_that_became_numbers_are_drift() -> None:
    assert drifted(drift_of({"b": [True, False] * 50}, {"b": [1, 0] * 50})) == ["b"]


@pytest.mark.ml
def test_a_sure_but_small_change_can_be_let_pass() -> None:
    before, after = {"n": [0] * 5000 + [1] * 5000}, {"n": [0] * 5300 + [1] * 4700}
    assert drifted(drift_of(before, after)) == ["n"]
    assert drift_of(before, after, least_gap=0.05).verdict == DriftVerdict.NOT_DRIFTED


@pytest.mark.parametrize(
    "after",
    [{"n": [1.0, 2.0]}, {"n": [[1, 2]] * 60}, {"n": [str(n) for n in range(60)]}],
    ids=["few rows", "lists", "all different"],
)
def test_what_could_not_be_tested_is_not_called_equal(after: dict[str, list[object]]) -> None:
    report = drift_of({"n": [f"v{n}" for n in range(60)]}, after)
    assert report.verdict == DriftVerdict.CANNOT_TELL
    assert report.features[0].untested


def test_a_feature_that_only_new_rows_have_is_not_called_equal() -> None:
    report = drift_of({"n": [1] * 9}, {"n": [1] * 9, "m": [2] * 9})
    assert report.unknown == ("m",)
    assert report.verdict == DriftVerdict.CANNOT_TELL


def test_a_constant_feature_has_not_drifted() -> None:
    assert drift_of({"n": [1] * 9}, {"n": [1] * 3}).verdict == DriftVerdict.NOT_DRIFTED


@pytest.mark.parametrize(
    ("before", "after"), [({}, {}), ({"n": []}, {"n": [1]}), ({"n": [1]}, {"n": []})]
)
def test_no_rows_are_refused(
    before: dict[str, list[object]], after: dict[str, list[object]]
) -> None:
    with pytest.raises(ParameterError, match="no rows"):
        drift_of(before, after)


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ParameterError, match="1 to 2 rows"):
        drift_of({"n": [1], "m": [1, 2]}, {"n": [1]})
