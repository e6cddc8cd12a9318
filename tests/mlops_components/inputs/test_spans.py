"""Spans, versions and dates in patterns: which files are read."""

from pathlib import Path

import pytest

from mlops_components import InputSplit, RangeConfig, RollingRange, StaticRange
from mlops_components.inputs import Selection, query_of_span, select, wanted_span
from mlops_pipeline.errors import NotFoundError, ParameterError, ResolutionError


def make(base: Path, *names: str) -> Path:
    for name in names:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text("x")
    return base


def found(base: Path, pattern: str, wanted: int | None = None) -> tuple[int, int | None, list[str]]:
    chosen = select(base, [InputSplit("all", pattern)], wanted)
    names = [path.relative_to(base).as_posix() for path in chosen.files["all"]]
    return chosen.span, chosen.version, names


def test_newest_version_of_the_newest_span_is_read(tmp_path: Path) -> None:
    base = make(tmp_path, "s1/v3/a", "s2/v1/a", "s2/v2/a", "s2/v2/b", "s2/v10/c", "s10/v0/d")
    assert found(base, "s{SPAN}/v{VERSION}/*") == (10, 0, ["s10/v0/d"])
    assert found(base, "s{SPAN}/v{VERSION}/*", 2) == (2, 10, ["s2/v10/c"])
    assert found(base, "s{SPAN}/*/*", 2)[1:] == (
        None,
        ["s2/v1/a", "s2/v10/c", "s2/v2/a", "s2/v2/b"],
    )


def test_widths_split_numbers_that_stand_together(tmp_path: Path) -> None:
    base = make(tmp_path, "0103/a", "0112/b", "0201/c")
    assert found(base, "{SPAN:2}{VERSION:2}/*", 1) == (1, 12, ["0112/b"])
    assert found(base, "{SPAN:2}{VERSION:2}/*") == (2, 1, ["0201/c"])


def test_a_number_without_width_has_all_its_digits(tmp_path: Path) -> None:
    base = make(tmp_path, "day-1.csv", "day-12.csv", "day-1-more.csv", "night-7.csv", "day-x.csv")
    assert found(base, "day-{SPAN}*", 1) == (1, None, ["day-1-more.csv", "day-1.csv"])
    assert found(base, "*{SPAN}*") == (12, None, ["day-12.csv"])


def test_the_span_of_a_date_is_its_number_of_days(tmp_path: Path) -> None:
    base = make(tmp_path, "1970-01-02/a", "2024-02-29/v1/b", "2024-02-29/v2/c", "2024-02-28/v9/d")
    assert found(base, "{YYYY}-{MM}-{DD}/*", None)[:2] == (1, None)
    assert found(base, "{YYYY}-{MM}-{DD}/v{VERSION}/*") == (19782, 2, ["2024-02-29/v2/c"])


def test_the_span_of_a_month_is_its_number_of_months(tmp_path: Path) -> None:
    base = make(tmp_path, "1970-02/a", "2024-02/b", "2023-12/c")
    assert found(base, "{YYYY}-{MM}/*") == (649, None, ["2024-02/b"])
    assert found(base, "{YYYY}-{MM}/*", 1) == (1, None, ["1970-02/a"])
    with pytest.raises(NotFoundError) as caught:
        found(base, "{YYYY}-{MM}/*", 648)
    assert caught.value.hint == "the spans are 1 (1970-02), 647 (2023-12), 649 (2024-02)"


def test_the_span_of_an_hour_is_its_number_of_hours(tmp_path: Path) -> None:
    base = make(tmp_path, "1970-01-02/01/a", "2024-02-29/23/v2/b", "2024-02-29/09/v3/c")
    assert found(base, "{YYYY}-{MM}-{DD}/{HH}/*") == (25, None, ["1970-01-02/01/a"])
    pattern = "{YYYY}-{MM}-{DD}/{HH}/v{VERSION}/*"
    assert found(base, pattern) == (19782 * 24 + 23, 2, ["2024-02-29/23/v2/b"])
    with pytest.raises(NotFoundError, match=r"no span 7 \(1970-01-01 07 h\)"):
        found(base, pattern, 7)


@pytest.mark.parametrize(
    "pattern", ["{YYYY}-{DD}", "{MM}/{HH}", "{YYYY}{MM}{HH}", "{HH}", "{YYYY}"]
)
def test_a_date_with_a_gap_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ParameterError, match="a date needs"):
        found(make(tmp_path, "a"), pattern)


def test_an_hour_that_no_day_has_is_named(tmp_path: Path) -> None:
    base = make(tmp_path, "2024-02-29-24")
    with pytest.raises(ResolutionError, match="2024-02-29-24 does not name a date"):
        found(base, "{YYYY}-{MM}-{DD}-{HH}")


def test_months_and_days_are_not_read_as_one_span(tmp_path: Path) -> None:
    splits = [InputSplit("a", "{YYYY}-{MM}"), InputSplit("b", "{YYYY}-{MM}-{DD}")]
    with pytest.raises(ParameterError, match="differ in their placeholders"):
        select(make(tmp_path, "2024-01", "2024-01-02"), splits)


def test_a_misspelt_placeholder_gives_the_near_miss(tmp_path: Path) -> None:
    base = make(tmp_path, "s1/a")
    with pytest.raises(NotFoundError) as caught:
        found(base, "s{SPN:2}/*")
    assert caught.value.hint == "{SPN} is no placeholder: did you mean 'SPAN'?"


def test_patterns_without_span_take_all_files(tmp_path: Path) -> None:
    base = make(tmp_path, "a.csv", "b.csv", ".hidden", "_SUCCESS", "sub/c.csv", "README")
    assert found(base, "*") == (0, None, ["README", "a.csv", "b.csv"])
    assert found(base, "**/*.csv")[2] == ["a.csv", "b.csv", "sub/c.csv"]
    chosen = select(base, [InputSplit("all", "*")], suffixes=(".csv",))
    assert chosen == Selection({"all": [base / "a.csv", base / "b.csv"]})


def test_a_missing_span_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    base = make(tmp_path, "2024-01-01/a", "2024-01-03/a")
    with pytest.raises(NotFoundError, match=r"no span 19724 \(2024-01-02\)") as caught:
        found(base, "{YYYY}-{MM}-{DD}/*", 19724)
    assert caught.value.hint == "the spans are 19723 (2024-01-01), 19725 (2024-01-03)"
    many = make(tmp_path / "many", *[f"{n}.csv" for n in range(30)])
    with pytest.raises(NotFoundError, match="no span 99") as caught:
        found(many, "{SPAN}.csv", 99)
    assert caught.value.hint == "the spans are 0, 1, 2, 3, 4, ..., 25, 26, 27, 28, 29"


@pytest.mark.parametrize("names", [["1/train/a", "2/train/a", "1/eval/a"], ["1/train/a"]])
def test_misaligned_splits_are_refused(tmp_path: Path, names: list[str]) -> None:
    splits = [InputSplit("train", "{SPAN}/train/*"), InputSplit("eval", "{SPAN}/eval/*")]
    base = make(tmp_path, *names)
    with pytest.raises((ResolutionError, NotFoundError), match=r"misaligned|'eval'"):
        select(base, splits)


def test_misaligned_versions_are_refused_and_one_span_may_be_chosen(tmp_path: Path) -> None:
    base = make(tmp_path, "1/v1/train", "1/v1/eval", "2/v1/train", "2/v2/train", "2/v1/eval")
    splits = [InputSplit(n, "{SPAN}/v{VERSION}/" + n) for n in ("train", "eval")]
    with pytest.raises(ResolutionError, match="train: span 2, version 2; eval: span 2, version 1"):
        select(base, splits)
    assert select(base, splits, 1).version == 1


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("v{VERSION}/*", r"\{VERSION\} needs \{SPAN\} or a date"),
        ("{SPAN}/{SPAN}", "occurs twice"),
        ("{SPAN}/{VERSION}/{VERSION:2}", "occurs twice"),
        ("{SPAN}/{YYYY}-{MM}-{DD}/*", "exclude each other"),
        ("{YYYY}-{DD}/*", "a date needs"),
        ("{YYYY}-{MM}-{DD}-{DD}/*", "a date needs"),
        ("{SPAN:x}/*", "no positive whole number"),
        ("{SPAN:0}/*", "no positive whole number"),
        ("{SPAN:}/*", "no positive whole number"),
        ("../*", "leaves input_base"),
        ("/etc/*", "leaves input_base"),
    ],
)
def test_bad_patterns_are_named(tmp_path: Path, pattern: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        found(tmp_path, pattern)


def test_patterns_of_all_splits_have_the_same_placeholders(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="differ in their placeholders"):
        select(tmp_path, [InputSplit("a", "{SPAN}/*"), InputSplit("b", "x/*")])


def test_a_name_that_is_no_date_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResolutionError, match="2024-13-01/a does not name a date"):
        found(make(tmp_path, "2024-13-01/a"), "{YYYY}-{MM}-{DD}/*")


@pytest.mark.parametrize(
    ("given", "span", "message"),
    [
        (RangeConfig(StaticRange(1, 2)), None, "reads one span, not 1 to 2"),
        (RangeConfig(rolling_range=RollingRange(2)), None, "num_spans must be 1"),
        (RangeConfig(rolling_range=RollingRange(1, 4)), None, "start_span_number 0"),
        (RangeConfig(), None, "needs one of"),
        (RangeConfig(StaticRange(1, 1), RollingRange(1)), None, "needs one of"),
        (RangeConfig(StaticRange(1, 1)), 1, "both given"),
    ],
)
def test_ranges_of_anything_but_one_span_are_refused(
    given: RangeConfig, span: int | None, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        wanted_span(given, span)


def test_ranges_name_a_span_or_the_newest() -> None:
    assert wanted_span(RangeConfig(StaticRange(7, 7))) == 7
    assert wanted_span(RangeConfig(rolling_range=RollingRange(1))) is None
    assert (wanted_span(None), wanted_span(None, 0)) == (None, 0)


def test_a_span_without_a_place_in_the_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="span 3 is asked for, but no pattern"):
        found(make(tmp_path, "a"), "*", 3)


def test_queries_get_the_times_of_a_span() -> None:
    query = "@span_begin_timestamp @span_end_timestamp @span_yyyymmdd_utc"
    assert query_of_span(query, 19782) == "1709164800 1709251200 '20240229'"
