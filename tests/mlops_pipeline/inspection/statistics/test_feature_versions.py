"""Features over versions."""

from __future__ import annotations

import pytest
from statistics_bytes import number_feature, statistics_bytes, text_feature

from mlops_pipeline.inspection.feature_statistics import Described
from mlops_pipeline.inspection.statistics.feature_versions import (
    ADDED,
    EMPTY,
    LIKE,
    MOVED,
    REMOVED,
    TYPE,
    UNKNOWN,
    compare_features,
)
from mlops_pipeline.inspection.statistics.wire_format import parse_statistics

NAN = float("nan")


def described(*features: bytes, rows: int = 10) -> Described:
    return parse_statistics(statistics_bytes(rows, features))


def verdicts(*versions: Described | None) -> dict[str, str]:
    return {each.name: each.verdict for each in compare_features(versions, 0.1)}


def test_columns_come_go_change_their_type_and_move() -> None:
    before = described(
        text_feature("gone", {"a": 1}),
        text_feature("typed", {"1": 1}),
        text_feature("moved", {"a": 9, "b": 1}),
        text_feature("like", {"a": 9, "b": 1}),
    )
    after = described(
        text_feature("came", {"a": 1}),
        number_feature("typed", [(1, 1, 1)]),
        text_feature("moved", {"b": 9, "c": 1}),
        text_feature("like", {"a": 90, "b": 10}),
    )
    assert list(verdicts(before, after).items()) == [
        ("typed", TYPE),
        ("gone", REMOVED),
        ("came", ADDED),
        ("moved", MOVED),
        ("like", LIKE),
    ]


def test_new_and_vanished_values_are_named() -> None:
    before, after = (
        described(text_feature("x", {"a": 5, "old": 5})),
        described(text_feature("x", {"a": 5, "new": 4, "newer": 1})),
    )
    (found,) = compare_features([before, after], 0.1)
    assert (found.new, found.vanished, found.news, found.losses) == (
        ("new", "newer"),
        ("old",),
        2,
        1,
    )
    assert found.largest[1] == 0.5
    assert dict(found.bars)["a"] == (0.5, 0.5)


def test_no_rows_and_no_statistics_are_never_within_the_limit() -> None:
    full = described(text_feature("x", {"a": 5}))
    assert verdicts(full, described(text_feature("x", {}), rows=0)) == {"x": EMPTY}
    assert verdicts(full, None) == {"x": UNKNOWN}
    assert verdicts(full) == {"x": UNKNOWN}
    nothing = described(text_feature("x", {}), rows=5)
    assert verdicts(nothing, nothing) == {"x": UNKNOWN}
    assert compare_features([None, None], 0.1) == ()


@pytest.mark.parametrize("bucket", [(0.0, 1.0, NAN), (NAN, 1.0, 5.0), (0.0, 1.0, float("inf"))])
def test_numbers_that_are_none_are_not_compared(bucket: tuple[float, float, float]) -> None:
    odd = parse_statistics(statistics_bytes(5, [number_feature("x", [(0, 1, 1)])]))
    broken = Described(5, odd.features, {}, {"x": type(odd.numbers["x"])((bucket,))})
    assert verdicts(odd, broken) == {"x": UNKNOWN}


def test_numbers_are_drawn_on_one_scale() -> None:
    before = described(number_feature("x", [(0, 10, 100)]))
    after = described(number_feature("x", [(10, 20, 50), (20, 20, 50)]))
    (found,) = compare_features([before, after], 0.1)
    assert found.verdict == MOVED
    assert len(found.bars) == 10
    assert sum(shares[0] or 0 for _, shares in found.bars) == pytest.approx(1, abs=1e-3)
    assert sum(shares[1] or 0 for _, shares in found.bars) == pytest.approx(1, abs=1e-3)
    assert found.bars[0] == ("0 to 2", (0.2, 0.0))


def test_one_number_for_all_and_infinite_ends_are_drawn() -> None:
    same = described(number_feature("x", [(4, 4, 9)]))
    (found,) = compare_features([same, same], 0.1)
    assert (found.bars, found.verdict) == ((("4", (1.0, 1.0)),), LIKE)
    wide = described(number_feature("x", [(float("-inf"), 0, 1), (0, float("inf"), 1)]))
    assert verdicts(wide, wide) == {"x": LIKE}


def test_many_values_are_the_most_frequent_and_the_others() -> None:
    many = described(text_feature("x", {str(n): 100 - n for n in range(50)}))
    (found,) = compare_features([many, many, None], 0.1)
    assert found.bars[-1][0] == "40 others"
    assert [label for label, _ in found.bars[:2]] == ["0", "1"]
    assert found.bars[0][1][2] is None
